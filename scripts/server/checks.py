"""Checks that `swiftlet serve` does what OpenAI's clients expect; see scripts/check_server."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

import openai

import fuzz
import langchain_client
import load
import openai_async
import openai_chat
import openai_completions
import openai_errors
import readme_lines
from process import Checks, Server, command_line, small_model

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def client_of(server, key="any"):
    return openai.OpenAI(base_url=server.address + "/v1", api_key=key, max_retries=0, timeout=120)


def printed(arguments, text=""):
    """The JSON that a command prints."""
    found = subprocess.run(
        arguments, input=text, capture_output=True, text=True, timeout=300, check=True
    )
    return json.loads(found.stdout)


def check_same_text(checks, swiftlet, model, options, client, name):
    """At temperature 0 the server generates the same text as `swiftlet sample`."""
    for prompt in ("Once upon a time", "The dog and the"):
        expected = printed(
            [
                swiftlet, "sample", "--model", model, *options, "--prompt", prompt,
                "--temperature", "0", "--max-tokens", "32", "--json",
            ]
        )  # fmt: skip
        found = openai_completions.whole(client, name, prompt, max_tokens=32)
        checks.equal("the text that sample gives", found.choices[0].text, expected["text"])
        checks.equal("its tokens", found.usage.completion_tokens, expected["generated_tokens"])


def check_same_reply(checks, swiftlet, model, client, name):
    """At temperature 0 the server gives the same answer as `swiftlet chat`."""
    question = openai_chat.QUESTION[0]["content"]
    arguments = [
        swiftlet, "chat", "--model", model, "--temperature", "0", "--max-tokens", "48", "--json",
    ]  # fmt: skip
    expected = printed(arguments, question + "\n")
    found = openai_chat.whole(client, name, openai_chat.QUESTION)
    checks.equal("the reply that chat gives", found.choices[0].message.content, expected["text"])


def check_metrics(checks, server):
    """Prometheus' text format, and the counts in it."""
    text = server.ask("/metrics")[2]
    kinds = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    helps = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP ")}
    checks.equal("every kind has its help", kinds, helps)
    checks("a text of lines", text.endswith("\n"))
    found = server.metrics()
    for name in found:
        base = name.split("{")[0]
        ending = next((e for e in ("_bucket", "_sum", "_count") if base.endswith(e)), "")
        checks(f"{name} has a kind", base in kinds or base.removesuffix(ending) in kinds)
    checks("something was counted", sum(found.values()) > 0)
    checks.equal("health", server.ask("/health")[0], 200)
    checks("the page", "<html" in server.ask("/")[2].lower())


def check_ending(checks, server, model):
    """Texts that have started finish, and no new ones start."""
    client = client_of(server)
    stream = openai_completions.whole(client, model, max_tokens=400, stream=True)
    first = next(iter(stream)).choices[0].text
    status = []
    ending = threading.Thread(target=lambda: status.append(server.end(signal.SIGTERM)))
    ending.start()
    text = first + "".join(c.text for chunk in stream for c in chunk.choices)
    ending.join()
    checks("a text that had begun ends", len(text) > len(first), text)
    checks.equal("the exit status", status, [0])


def check_stories(checks, arguments):
    """A small model that only tells stories."""
    model, options = small_model(arguments.data)
    with Server(arguments.swiftlet, model, *options, "--template", "plain") as server:
        client, name, context = client_of(server), server.name, 512
        checks.equal("the model's name", name, "stories260K")
        openai_completions.check_completions(checks, client, name, server, context)
        checks.run(check_same_text, checks, arguments.swiftlet, model, options, client, name)
        for check in (openai_errors.check_wrong_values, openai_errors.check_messages):
            extra = [True] if check is openai_errors.check_wrong_values else []
            checks.run(check, checks, client, name, *extra)
        checks.run(openai_errors.check_refusals, checks, client, name, True, context)
        checks.run(openai_async.check_async, checks, server, name)
        checks.run(check_metrics, checks, server)
        checks.run(check_ending, checks, server, name)
    narrow = [*options, "--parallel", "1", "--max-queue", "0"]
    with Server(arguments.swiftlet, model, *narrow) as server:
        checks.run(openai_async.check_queue, checks, server, server.name)
    key = "a-key-of-23-characters."
    environment = {"SWIFTLET_API_KEY": key}
    with Server(arguments.swiftlet, model, *options, environment=environment) as server:
        checks.run(openai_errors.check_key, checks, server.address, server.name, key)
        for path, status in (("/", 200), ("/health", 200), ("/metrics", 401), ("/tokenize", 401)):
            checks.equal(f"{path} without a key", server.ask(path, method="GET")[0], status)
    many = [*options, "--parallel", "16", "--max-queue", "128", "--template", "plain"]
    with Server(arguments.swiftlet, model, *many) as server:
        checks.run(load.check_load, checks, server, 64, 8)
        checks.run(fuzz.check_fuzz, checks, server, 1500, 1, False)
        checks.equal("Ctrl-C ends it cleanly", server.end(signal.SIGINT), 0)


def check_instruct(checks, arguments):
    """A chat model, under its name in the documentation."""
    with tempfile.TemporaryDirectory() as directory:
        model = os.path.join(directory, "smollm2-135m-instruct")
        os.mkdir(model)
        file = os.path.abspath(arguments.instruct_model)
        os.symlink(file, os.path.join(model, os.path.basename(file)))
        with Server(arguments.swiftlet, model) as server:
            client, name = client_of(server), server.name
            openai_chat.check_chat(checks, client, name, 8192)
            checks.run(check_same_reply, checks, arguments.swiftlet, model, client, name)
            langchain_client.check_langchain(checks, server.address, name)
            checks.run(readme_lines.check_lines, checks, server, ROOT)


def main():
    parser = command_line(__doc__)
    parser.add_argument("instruct_model", help="the file that SWIFTLET_INSTRUCT_MODEL names")
    arguments = parser.parse_args()
    checks = Checks()
    checks.run(check_stories, checks, arguments)
    checks.run(check_instruct, checks, arguments)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
