"""Many streams at a time, each of whose texts must be what the same request gives alone."""

import asyncio
import json
import sys
import time

from process import Checks, Server, command_line, small_model

PROMPTS = [
    "Once upon a time", "The sun", "One day, a dog", "Lily", "Tom and his mom", "In the park",
    "A little bird", "The big, red ball", "Ben saw", "She was sad", "He wanted to play", "It was",
]  # fmt: skip
LENGTHS = [8, 24, 48, 96]


def requests():
    """Requests that differ in their prompt, length, stops and log-probabilities."""
    found = []
    for index, prompt in enumerate(PROMPTS):
        for length in LENGTHS:
            body = {"prompt": prompt, "max_tokens": length, "temperature": 0}
            if index % 3 == 1:
                body["stop"] = ["."]
            if index % 4 == 3:
                body["logprobs"] = 2
            found.append(("/v1/completions", body))
    return found


class Failure(Exception):
    """A wrong answer."""


async def stream(port, path, body, leave_after=None):
    """Asks for a stream over a connection of its own; returns the status and the text.

    With `leave_after`, the connection is dropped after that many events.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        data = json.dumps({**body, "stream": True}).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        await writer.drain()
        header = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(header.split(" ", 2)[1])
        if status != 200:
            return status, header
        text, events, buffer, ended = "", 0, b"", False
        while True:
            size = int(await reader.readline(), 16)
            buffer += await reader.readexactly(size)
            await reader.readexactly(2)
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                if line == b"data: [DONE]":
                    ended = True
                elif line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    if "error" in event:
                        raise Failure(event["error"])
                    text += "".join(choice["text"] for choice in event["choices"])
                    events += 1
                elif line and not line.startswith(b":"):
                    raise Failure(f"a line that is not an event: {line!r}")
            if size == 0:
                break
            if leave_after is not None and events >= leave_after:
                writer.transport.abort()
                return status, None
        if not ended:
            raise Failure("a stream without an end")
        return status, text
    finally:
        writer.close()


async def alone(port, path, body):
    status, text = await stream(port, path, body)
    if status != 200:
        raise Failure(f"status {status} although there are no other requests")
    return text


class Load:
    """Clients that send one request after another until time is up."""

    def __init__(self, server, count, seconds):
        self.server, self.count = server, count
        self.seconds = seconds
        self.statuses, self.wrong, self.errors, self.left = {}, [], [], 0
        self.resident = []

    async def client(self, number, end):
        turn = number
        while time.monotonic() < end:
            turn += 7
            index = turn % len(self.requests)
            path, body = self.requests[index]
            leaves = turn % 23 == 0
            try:
                status, text = await stream(
                    self.server.port, path, body, leave_after=2 if leaves else None
                )
            except (OSError, ValueError, EOFError, Failure) as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                await asyncio.sleep(0.1)
                continue
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 429:
                if "retry-after: 1" not in text:
                    self.errors.append("429 without Retry-After")
                await asyncio.sleep(0.25)
            elif text is None:
                self.left += 1
            elif text != self.expected[index]:
                self.wrong.append((body, text))

    async def watch(self, end):
        while time.monotonic() < end:
            await asyncio.sleep(0.5)
            self.resident.append(self.server.resident_bytes())

    async def run(self):
        self.requests = requests()
        self.expected = [await alone(self.server.port, *request) for request in self.requests]
        end = time.monotonic() + self.seconds
        clients = [self.client(number, end) for number in range(self.count)]
        await asyncio.gather(self.watch(end), *clients)


def check_load(checks, server, count, seconds):
    """Runs the load, and checks what the server promises."""
    server.ask("/health")
    descriptors = server.descriptor_count()
    load = Load(server, count, seconds)
    asyncio.run(load.run())
    done = load.statuses.get(200, 0)
    print(
        f"{count} streams for {seconds} s: {done} texts, {load.statuses.get(429, 0)} refused with "
        f"429, {load.left} left early; memory {min(load.resident) >> 20} to "
        f"{max(load.resident) >> 20} MiB"
    )
    checks("streams finish", done > count / 2, load.statuses)
    checks.equal("statuses", set(load.statuses) - {429}, {200})
    checks.equal("errors", load.errors[:3], [])
    checks("every text is the same as alone", not load.wrong, load.wrong[:2])
    half = load.resident[len(load.resident) // 2 :]
    growth = max(half[len(half) // 2 :]) - max(half[: len(half) // 2 + 1])
    checks("memory is flat after warm-up", growth < 4 << 20, load.resident)
    limit = time.monotonic() + 10
    while time.monotonic() < limit and server.descriptor_count() > descriptors:
        time.sleep(0.1)
    checks("descriptors are closed", server.descriptor_count() <= descriptors)
    found = asyncio.run(alone(server.port, *load.requests[0]))
    checks.equal("and it continues", found, load.expected[0])


def main():
    parser = command_line(__doc__)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    checks = Checks()
    model, options = small_model(arguments.data)
    options += ["--parallel", "16", "--max-queue", "128"]
    with Server(arguments.swiftlet, model, *options) as server:
        checks.run(check_load, checks, server, arguments.streams, arguments.seconds)
        checks.equal("it ends cleanly", server.end(), 0)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
