"""Conversations through the openai package, whole and in pieces."""

import time

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
STORY = [
    {"role": "system", "content": "You tell stories for children."},
    {"role": "user", "content": "Tell me about a bird. Use é, ü and 日本."},
]


def whole(client, model, messages, **options):
    """A reply at temperature 0, unless options say otherwise."""
    options = {"temperature": 0, "max_tokens": 48, **options}
    return client.chat.completions.create(model=model, messages=messages, **options)


def pieces(client, model, messages, **options):
    """The chunks of the same reply."""
    return list(whole(client, model, messages, stream=True, **options))


def texts(chunks):
    """The text in the chunks, by the index of the choice."""
    found = {}
    for chunk in chunks:
        for choice in chunk.choices:
            found[choice.index] = found.get(choice.index, "") + (choice.delta.content or "")
    return found


def check_whole(checks, client, model):
    reply = whole(client, model, QUESTION)
    checks.equal("a reply's object", reply.object, "chat.completion")
    checks("a reply's id", reply.id.startswith("chatcmpl-"), reply.id)
    checks.equal("the model of a reply", reply.model, model)
    checks.equal("choices of a reply", [choice.index for choice in reply.choices], [0])
    choice = reply.choices[0]
    checks.equal("the role of a reply", choice.message.role, "assistant")
    checks("the text of a reply", "Paris" in choice.message.content, choice.message.content)
    checks.equal("why a reply ends", choice.finish_reason, "stop")
    checks("log-probabilities nobody asked for", choice.logprobs is None)
    usage = reply.usage
    checks("tokens are counted", usage.prompt_tokens > 5 and usage.completion_tokens > 1, usage)
    checks.equal(
        "the sum of tokens", usage.total_tokens, usage.prompt_tokens + usage.completion_tokens
    )
    checks("when it was made", abs(reply.created - time.time()) < 3600)


def check_stream(checks, client, model):
    for messages in (QUESTION, STORY):
        expected = whole(client, model, messages)
        chunks = pieces(client, model, messages)
        checks.equal(
            "text in pieces", texts(chunks), {0: expected.choices[0].message.content}
        )
        check_chunks(checks, chunks, model)
        checks.equal(
            "why a stream ends",
            [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason],
            [expected.choices[0].finish_reason],
        )
        checks("pieces are whole characters", "\ufffd" not in "".join(texts(chunks).values()))


def check_chunks(checks, chunks, model):
    """What clients require of every chunk."""
    checks.equal("the kind of chunks", {c.object for c in chunks}, {"chat.completion.chunk"})
    checks.equal("all chunks have one id", len({chunk.id for chunk in chunks}), 1)
    checks.equal("all chunks have one time", len({chunk.created for chunk in chunks}), 1)
    checks.equal("the model of chunks", {chunk.model for chunk in chunks}, {model})
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    checks.equal("the first chunk's role", deltas[0].role, "assistant")
    checks("the first chunk has no text", not deltas[0].content, deltas[0].content)
    checks("later chunks have no role", all(delta.role is None for delta in deltas[1:]))
    checks("the last chunk has no text", not deltas[-1].content, deltas[-1].content)
    ends = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    checks("only the last says why", ends[-1] and not any(ends[:-1]), ends)


def check_usage_of_stream(checks, client, model):
    expected = whole(client, model, QUESTION).usage
    chunks = pieces(client, model, QUESTION, stream_options={"include_usage": True})
    checks.equal("the usage chunk has no choices", chunks[-1].choices, [])
    found = chunks[-1].usage
    checks.equal(
        "usage of a stream",
        (found.prompt_tokens, found.completion_tokens, found.total_tokens),
        (expected.prompt_tokens, expected.completion_tokens, expected.total_tokens),
    )
    checks("other chunks have no usage", all(chunk.usage is None for chunk in chunks[:-1]))
    check_chunks(checks, chunks, model)
    plain = pieces(client, model, QUESTION)
    checks("no usage unless asked for", all(c.usage is None and c.choices for c in plain))


def check_logprobs(checks, client, model):
    options = {"logprobs": True, "top_logprobs": 4, "max_tokens": 12}
    reply = whole(client, model, STORY, **options)
    tokens = reply.choices[0].logprobs.content
    checks.equal("a log-probability a token", len(tokens), reply.usage.completion_tokens)
    joined = b"".join(bytes(token.bytes) for token in tokens)
    checks.equal(
        "bytes of tokens", joined.decode(errors="ignore"), reply.choices[0].message.content
    )
    checks.equal("tops of each token", {len(token.top_logprobs) for token in tokens}, {4})
    for token in tokens:
        tops = [top.logprob for top in token.top_logprobs]
        checks("tops are in order", tops == sorted(tops, reverse=True), tops)
        checks("log-probabilities are below 0", token.logprob <= 0 and tops[0] <= 0)
        checks.equal("the likeliest is taken", token.top_logprobs[0].bytes, token.bytes)
        checks("and has its probability", abs(tops[0] - token.logprob) < 1e-6)
    chunks = pieces(client, model, STORY, **options)
    found = [
        token
        for chunk in chunks
        for choice in chunk.choices
        if choice.logprobs
        for token in choice.logprobs.content or []
    ]
    checks.equal("log-probabilities of a stream", found, tokens)
    bare = whole(client, model, STORY, logprobs=True, max_tokens=3).choices[0].logprobs.content
    checks("without tops", all(not token.top_logprobs for token in bare) and len(bare) == 3)


def check_limits(checks, client, model, context):
    reply = whole(client, model, STORY, max_tokens=5)
    checks.equal("max_tokens", reply.usage.completion_tokens, 5)
    checks.equal("why it ends there", reply.choices[0].finish_reason, "length")
    reply = whole(client, model, STORY, max_tokens=None, max_completion_tokens=7)
    checks.equal("max_completion_tokens", reply.usage.completion_tokens, 7)
    reply = whole(client, model, QUESTION, max_tokens=10_000_000)
    checks("beyond the context", reply.usage.total_tokens <= context, reply.usage)
    checks("and still ends", reply.choices[0].finish_reason in ("stop", "length"))


def check_stop(checks, client, model):
    text = whole(client, model, STORY).choices[0].message.content
    stop = text[len(text) // 2 :][:3]
    expected = text[: text.index(stop)]
    for form in (stop, [stop], ["never said", stop]):
        reply = whole(client, model, STORY, stop=form).choices[0]
        checks.equal(f"stop {form!r}", reply.message.content, expected)
        checks.equal("why it ends at a stop", reply.finish_reason, "stop")
        found = texts(pieces(client, model, STORY, stop=form))
        checks.equal(f"stop {form!r} in pieces", found.get(0, ""), expected)


def check_seeds(checks, client, model):
    options = {"temperature": 1, "max_tokens": 24}
    several = whole(client, model, STORY, n=3, seed=7, **options)
    checks.equal("n choices", [choice.index for choice in several.choices], [0, 1, 2])
    found = [choice.message.content for choice in several.choices]
    checks.equal("choices differ", len(set(found)), 3)
    again = whole(client, model, STORY, n=3, seed=7, **options)
    checks.equal("a seed repeats", [c.message.content for c in again.choices], found)
    one = whole(client, model, STORY, seed=7, **options).choices[0].message.content
    checks.equal("the first of several is the same as alone", one, found[0])
    streamed = texts(pieces(client, model, STORY, n=3, seed=7, **options))
    checks.equal("n choices in pieces", streamed, dict(enumerate(found)))
    other = whole(client, model, STORY, seed=8, **options).choices[0].message.content
    checks("another seed gives another text", other != one, one)
    free = {whole(client, model, STORY, **options).choices[0].message.content for _ in range(3)}
    checks("without a seed texts differ", len(free) > 1, free)


def check_helper(checks, client, model):
    """The package's own stream reader, which checks chunks more strictly than a loop."""
    expected = whole(client, model, QUESTION).choices[0].message.content
    with client.chat.completions.stream(
        model=model,
        messages=QUESTION,
        temperature=0,
        max_tokens=48,
        stream_options={"include_usage": True},
    ) as stream:
        events = [event.type for event in stream]
        final = stream.get_final_completion()
    checks.equal("the helper's text", final.choices[0].message.content, expected)
    checks("the helper's events", "content.delta" in events and "content.done" in events, events)
    checks("the helper's usage", final.usage.completion_tokens > 0)


def check_chat(checks, client, model, context):
    """Runs all of these checks."""
    for check in (
        check_whole, check_stream, check_usage_of_stream, check_logprobs, check_stop, check_seeds,
        check_helper,
    ):  # fmt: skip
        checks.run(check, checks, client, model)
    checks.run(check_limits, checks, client, model, context)
