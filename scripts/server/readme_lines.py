"""The commands in the README and docs/server.md, run unchanged except for the port."""

import json
import re
import subprocess
import sys

FILES = ["README.md", "docs/server.md"]
PACKAGES = ("openai", "langchain_openai")
# What the answer of each path must contain.
KEYS = {
    "/v1/chat/completions": "choices", "/v1/completions": "choices", "/v1/models": "data",
    "/health": "status", "/tokenize": "tokens", "/detokenize": "content",
}  # fmt: skip


def blocks(text):
    """The blocks of code of a document, each with its language, in order."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def run(arguments, port, text):
    """What a command prints when a document's server is at another port."""
    text = re.sub(r"(127\.0\.0\.1|localhost):8080", rf"\1:{port}", text)
    found = subprocess.run(
        [*arguments, text], capture_output=True, text=True, timeout=120, check=False
    )
    return found.returncode, found.stdout, found.stderr


def check_shape(checks, command, printed):
    """Checks that the answer fits its path."""
    path = re.search(r":8080(/[^\s'\"]*)?", command)[1] or "/"
    what = f"'{command}'"
    if "| jq" in command:
        checks(f"{what} prints", printed.strip() != "")
    elif '"stream": true' in command:
        events = [line[6:] for line in printed.splitlines() if line.startswith("data: ")]
        checks(f"{what} ends", events and events[-1] == "[DONE]", printed[-200:])
        for event in events[:-1]:
            json.loads(event)
    elif path == "/metrics":
        checks(f"{what} counts", "# TYPE" in printed, printed[:200])
    else:
        checks(f"{what} answers", KEYS.get(path, "id") in json.loads(printed), printed[:300])


def check_shown(checks, command, printed, shown):
    """Checks that the answer is what the document shows."""
    shown, real = json.loads(shown), json.loads(printed)
    for key in ("model", "choices"):
        checks.equal(f"{key} of '{command}'", real[key], shown[key])


def check_block(checks, server, language, block, shown):
    """Runs a block of code; returns how many commands or programs it had."""
    if language == "python" and any(f"from {package}" in block for package in PACKAGES):
        status, printed, errors = run([sys.executable, "-c"], server.port, block)
        checks.equal("a program of the documents", (status, errors[-500:]), (0, ""))
        checks("a program of the documents prints", printed.strip() != "")
        return 1
    lines = block.replace("\\\n", " ").splitlines() if language == "bash" else []
    lines = [line for line in lines if line.startswith("curl ")]
    for line in lines:
        status, printed, _ = run(["bash", "-c"], server.port, "set -o pipefail; " + line)
        checks.equal(f"the status of '{line}'", status, 0)
        checks.run(check_shape, checks, line, printed)
        if shown:
            checks.run(check_shown, checks, line, printed, shown)
    return len(lines)


def check_lines(checks, server, root):
    """Runs all of them."""
    count = 0
    for name in FILES:
        with open(f"{root}/{name}") as file:
            found = [*blocks(file.read()), ("", "")]
        for (language, block), (following, shown) in zip(found, found[1:]):
            shown = shown if following == "json" else None
            count += check_block(checks, server, language, block, shown)
    checks("the documents have lines to run", count >= 6, count)
