"""A server that a check starts, sends requests to, and stops whatever happens.

Everything stays on this machine: the server listens on 127.0.0.1, on a free port.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request


def command_line(documentation):
    """A parser of what every check is given: the command, and the directory of test data."""
    parser = argparse.ArgumentParser(description=documentation)
    parser.add_argument("swiftlet", help="the built command")
    parser.add_argument("data", help="the directory that SWIFTLET_TEST_DATA names")
    return parser


def small_model(data):
    """The path of a small model that only tells stories, and the options for its tokenizer."""
    folder = os.path.join(data, "llama2")
    return (
        os.path.join(folder, "stories260K.bin"),
        ["--tokenizer", os.path.join(folder, "tok512.bin")],
    )


class Server:
    """`swiftlet serve` as a process; a context manager, so that it ends with the check."""

    def __init__(self, swiftlet, model, *arguments, environment=None):
        self.arguments = [swiftlet, "serve", "--model", model, "--port", "0", *arguments]
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.errors = tempfile.TemporaryFile(mode="w+")

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            # Ctrl-C must not leave it behind either.
            self.__exit__()
            raise

    def start(self):
        """Starts it, and waits until it listens."""
        self.process = subprocess.Popen(
            self.arguments,
            stdin=subprocess.DEVNULL,
            stdout=self.errors,
            stderr=self.errors,
            env=self.environment,
        )
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            found = re.search(r"(\S+) on http://127\.0\.0\.1:(\d+)", self.said())
            if found:
                self.name, self.port = found[1], int(found[2])
                self.address = f"http://127.0.0.1:{self.port}"
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"the server did not start: {self.said()}")

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.errors.close()

    def said(self):
        """What it has written so far."""
        # The server shares the file and its position, so this uses its own.
        return os.pread(self.errors.fileno(), 1 << 20, 0).decode()

    def end(self, number=signal.SIGTERM, seconds=60):
        """Stops it, and returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    @property
    def is_alive(self):
        return self.process.poll() is None

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def descriptor_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def thread_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def ask(self, path, body=None, method=None, headers=None, timeout=60):
        """Requests a path, and returns the status, the header and the body as text."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.address + path, data=data, headers=headers or {}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.status, reply.headers, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def metrics(self):
        """The values of /metrics by name and labels."""
        text = self.ask("/metrics")[2]
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


class Checks:
    """Counts of passed and failed checks."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __call__(self, what, holds, detail=""):
        """Counts a check, and reports it if it failed."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"failed: {what}" + (f": {detail}" if detail != "" else ""), file=sys.stderr)

    def equal(self, what, found, expected):
        """Checks that two values are the same."""
        self(what, found == expected, f"found {found!r}, expected {expected!r}")

    def run(self, function, *arguments):
        """Runs checks; one that raises an error has failed."""
        try:
            function(*arguments)
        except Exception as error:  # One failure must not keep others from being checked.
            place = error.__traceback__
            while place.tb_next and place.tb_next.tb_frame.f_code.co_filename == __file__:
                place = place.tb_next
            lines = []
            while place:
                frame = place.tb_frame.f_code
                lines.append(f"{os.path.basename(frame.co_filename)}:{place.tb_lineno}")
                place = place.tb_next
            self(function.__name__, False, f"{type(error).__name__}: {error} ({lines[:3]})")

    def finish(self):
        """Prints the counts, and returns the exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
