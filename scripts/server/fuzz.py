"""Wrong requests of every kind, after which a server must still be alive and correct."""

import asyncio
import json
import random
import sys
import time

from process import Checks, Server, command_line, small_model

REQUEST = {"prompt": "Once upon a time", "max_tokens": 16, "temperature": 0}
HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
SLOW_SECONDS = 13
PATHS = [
    "/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize", "/v1/models", "/health",
    "/metrics", "/", "/v1/embeddings", "/../../etc/passwd", "/%2e%2e/%00", "/v1/completions?a=b",
    "//", "/v1/models/%ff", "*", "http://127.0.0.1/health", "/" + "a" * 2000,
]  # fmt: skip
VALUES = [
    None, True, -1, 0, 1, 0.5, 1e308, -1e308, 10**40, "", "a", "\u0000", "\ud800", [], [[]], {},
    [None], {"a": {"b": []}}, [1, "a"], "x" * 5000, list(range(300)), [[1], [2]], 2**63, -(2**63),
]  # fmt: skip
FIELDS = [
    "model", "prompt", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p",
    "top_k", "min_p", "n", "stop", "stream", "stream_options", "seed", "logprobs", "top_logprobs",
    "logit_bias", "presence_penalty", "frequency_penalty", "content", "tokens", "add_special",
    "echo", "suffix", "best_of", "tools", "response_format", "user", "role",
]  # fmt: skip


def wrong_body(draw):
    """A body that is hardly a valid request."""
    kind = draw.randrange(8)
    body = {"prompt": "A", "max_tokens": 2, "messages": [{"role": "user", "content": "A"}]}
    body["content"], body["tokens"] = "A", [1, 2]
    for _ in range(draw.randrange(3)):
        body[draw.choice(FIELDS)] = draw.choice(VALUES)
    # The request must not keep the server busy for long.
    if isinstance(body.get("max_tokens"), int) and not isinstance(body["max_tokens"], bool):
        body["max_tokens"] = min(body["max_tokens"], 4)
    body["max_tokens"] = body["max_tokens"] if body["max_tokens"] is not None else 2
    text = json.dumps(body).encode()
    if kind == 0:
        return text[: draw.randrange(len(text))]
    if kind == 1:
        return bytes(draw.randrange(256) for _ in range(draw.randrange(200)))
    if kind == 2:
        return b"[" * draw.choice([10, 1000, 100_000])
    if kind == 3:
        place = draw.randrange(len(text))
        return text[:place] + bytes([draw.randrange(256)]) + text[place + 1 :]
    return text


def wrong_head(draw, path, body):
    """A request line and header fields, some of them invalid."""
    others = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "", "post", "\0"]
    method = draw.choice(["POST"] * 8 + others)
    version = draw.choice(["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/2.0", "HTTP/1.1 x", "", "SMTP"])
    end = draw.choice(["\r\n"] * 8 + ["\n", "\r", ""])
    fields = [draw.choice(["Host: 127.0.0.1"] * 8 + ["Host: evil.example", "Host", ": a", "X"])]
    fields.append(
        draw.choice(
            [f"Content-Length: {len(body)}"] * 12
            + [
                "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 0x1",
                f"Content-Length: {len(body) + 10}", "Transfer-Encoding: chunked",
                "Transfer-Encoding: gzip", f"Content-Length: {len(body)}\r\nContent-Length: 1",
                f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked",
            ]
        )
    )  # fmt: skip
    more = [["X: " + "a" * 20000], ["X: y"] * 80, ["Expect: 100-continue"]]
    fields += draw.choice([[]] * 6 + more)
    last = ["Connection: close", "Connection: keep-alive", "Authorization: Bearer"]
    fields.append(draw.choice(last))
    return (f"{method} {path} {version}{end}" + end.join(fields) + end + end).encode()


async def send(port, data, patience=1):
    """Sends bytes, and returns what comes back.

    When nothing does for a while, it closes its side, and waits once more.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = b""
    try:
        writer.write(data)
        await writer.drain()
        for _ in range(2):
            try:
                while part := await asyncio.wait_for(reader.read(1 << 16), patience):
                    # What follows an answer belongs to it.
                    found, patience = (found + part)[:4096], 0.05
                break
            except TimeoutError:
                if found:
                    break
                writer.write_eof()
    except OSError:
        pass
    finally:
        writer.transport.abort()
    return found


async def fuzz(port, count, seed):
    """Sends wrong requests, 32 at a time; returns how often each status was answered,
    and the answers that reveal a path of this machine.
    """
    draw = random.Random(seed)
    statuses, leaks = {}, []
    queue = iter(range(count))

    async def client():
        for _ in queue:
            body = wrong_body(draw)
            data = wrong_head(draw, draw.choice(PATHS[:4] * 4 + PATHS), body) + body
            if draw.randrange(8) == 0:
                data = data[: draw.randrange(len(data) + 1)]
            found = await send(port, data)
            status = found[9:12].decode(errors="replace") if found[:5] == b"HTTP/" else "none"
            statuses[status] = statuses.get(status, 0) + 1
            if b"stories260K.bin" in found:
                leaks.append(found)

    await asyncio.gather(*[client() for _ in range(32)])
    return statuses, leaks


async def slow(port, count, seconds):
    """Clients that send a byte now and then; returns how many the server dropped."""

    async def client(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "
        sent_away = False
        try:
            writer.write(head[: 10 + number % 40])
            end = time.monotonic() + seconds
            while time.monotonic() < end and not sent_away:
                try:
                    async with asyncio.timeout(0.5):
                        found = await reader.read(1 << 16)
                        sent_away = not found or b" 408 " in found[:20]
                except TimeoutError:
                    writer.write(b"a")
        except OSError:
            sent_away = True
        finally:
            writer.transport.abort()
        return sent_away

    return sum(await asyncio.gather(*[client(number) for number in range(count)]))


async def idle_connections(port, count):
    """Silent connections; returns the answer to a request made meanwhile."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    body = json.dumps(REQUEST).encode()
    found = await send(port, HEAD % len(body) + body, patience=20)
    for _, writer in connections:
        writer.transport.abort()
    return found


def answer(server):
    """The answer to a correct request."""
    status, _, body = server.ask("/v1/completions", REQUEST)
    return status, json.loads(body)["choices"][0]["text"]


def check_fuzz(checks, server, count, seed, slowly):
    """Runs all checks."""
    expected = answer(server)
    checks.equal("a right request", expected[0], 200)
    descriptors = server.descriptor_count()
    statuses, leaks = asyncio.run(fuzz(server.port, count, seed))
    answers = ", ".join(f"{number} of {status}" for status, number in sorted(statuses.items()))
    print(f"{count} wrong requests: {answers}")
    checks("it is alive", server.is_alive, server.said()[-2000:])
    checks("no fault of its own", "500" not in statuses, server.said()[-2000:])
    checks.equal("paths of this machine", leaks[:1], [])
    checks("wrong requests are answered", sum(n for s, n in statuses.items() if s[0] == "4") > 0)
    checks.equal("a right request after them", answer(server), expected)
    found = asyncio.run(send(server.port, HEAD % 99_999_999 + b"a" * (1 << 20)))
    checks("a huge body", b" 413 " in found[:20], found[:200])
    found = asyncio.run(idle_connections(server.port, 100))
    checks("silent connections do not block others", b" 200 " in found[:20], found[:200])
    if slowly:
        sent_away = asyncio.run(slow(server.port, 100, SLOW_SECONDS))
        checks.equal("slow clients are sent away", sent_away, 100)
    checks.equal("a right request at the end", answer(server), expected)
    limit = time.monotonic() + 10
    while time.monotonic() < limit and server.descriptor_count() > descriptors:
        time.sleep(0.1)
    checks("descriptors are closed", server.descriptor_count() <= descriptors)


def main():
    parser = command_line(__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    checks = Checks()
    model, options = small_model(arguments.data)
    with Server(arguments.swiftlet, model, *options, "--template", "plain") as server:
        checks.run(check_fuzz, checks, server, arguments.requests, arguments.seed, True)
        checks.equal("it ends cleanly", server.end(), 0)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
