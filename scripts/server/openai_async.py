"""Many requests at a time through the openai package's asynchronous half."""

import asyncio
import time

import openai

PROMPTS = [
    "Once upon a time", "The sun", "One day", "Lily", "A dog and a cat", "Tom had", "In the park",
    "Her mom",
]  # fmt: skip


async def text(client, model, prompt, **options):
    reply = await client.completions.create(
        model=model, prompt=prompt, temperature=0, max_tokens=32, **options
    )
    return reply.choices[0].text


async def streamed(client, model, prompt, **options):
    stream = await client.completions.create(
        model=model, prompt=prompt, temperature=0, max_tokens=32, stream=True, **options
    )
    return "".join([choice.text async for chunk in stream for choice in chunk.choices])


def wait_until(condition, seconds=5):
    """Whether a condition comes true in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.05)
    return False


async def leave(client, model):
    """Reads the beginning of a long text and disconnects."""
    stream = await client.completions.create(
        model=model, prompt="Once", max_tokens=100_000, stream=True, temperature=1,
        logit_bias={"1": -100, "2": -100},
    )  # fmt: skip
    async for _ in stream:
        break
    await stream.close()


async def check_together(checks, client, model, server):
    alone = [await text(client, model, prompt) for prompt in PROMPTS]
    together = await asyncio.gather(*[text(client, model, prompt) for prompt in PROMPTS])
    checks.equal("texts generated together", together, alone)
    together = await asyncio.gather(*[streamed(client, model, prompt) for prompt in PROMPTS])
    checks.equal("streams generated together", together, alone)
    await asyncio.gather(*[leave(client, model) for _ in range(4)])
    checks("a client that disconnects leaves no text behind", wait_until(lambda: idle(server)))
    checks.equal("and others continue", await text(client, model, PROMPTS[0]), alone[0])


def idle(server):
    """Whether no text is being generated, by the server's own count."""
    found = server.metrics()
    running = [value for name, value in found.items() if "running" in name or "busy" in name]
    return bool(running) and sum(running) == 0


def client_of(address, max_retries=0):
    return openai.AsyncOpenAI(base_url=address + "/v1", api_key="any", max_retries=max_retries)


async def check_full(checks, client, patient, model):
    """A server with one place and no queue."""
    expected = await text(client, model, PROMPTS[0])
    found = await asyncio.gather(
        *[text(client, model, PROMPTS[0]) for _ in range(12)], return_exceptions=True
    )
    errors = [error for error in found if isinstance(error, Exception)]
    kinds = {type(error) for error in errors}
    checks.equal("a full server says so", kinds, {openai.RateLimitError})
    for error in errors:
        checks.equal("when to retry", error.response.headers.get("retry-after"), "1")
        checks.equal("the code of a full server", error.code, "rate_limit_exceeded")
    checks("and serves the others", found.count(expected) == len(found) - len(errors) > 0, found)
    found = await asyncio.gather(*[text(patient, model, PROMPTS[0]) for _ in range(4)])
    checks.equal("a retry is served", found, [expected] * 4)


def check_async(checks, server, model):
    async def run():
        async with client_of(server.address) as client:
            await check_together(checks, client, model, server)

    asyncio.run(run())


def check_queue(checks, server, model):
    async def run():
        async with client_of(server.address) as client, client_of(server.address, 20) as patient:
            await check_full(checks, client, patient, model)

    asyncio.run(run())
