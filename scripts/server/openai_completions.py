"""Completions through the openai package, and the server's other endpoints."""

import json

BEGINNING = "Once upon a time, there was a"
OTHERS = ["The sun", "One day, a dog", "Lily"]


def whole(client, model, prompt=BEGINNING, **options):
    """A text at temperature 0, unless options say otherwise."""
    options = {"temperature": 0, "max_tokens": 24, **options}
    return client.completions.create(model=model, prompt=prompt, **options)


def pieces(client, model, prompt=BEGINNING, **options):
    """The chunks of the same text."""
    return list(whole(client, model, prompt, stream=True, **options))


def texts(chunks):
    """The text in the chunks, by the index of the choice."""
    found = {}
    for chunk in chunks:
        for choice in chunk.choices:
            found[choice.index] = found.get(choice.index, "") + choice.text
    return found


def check_models(checks, client, model):
    found = client.models.list()
    checks.equal("the models", [entry.id for entry in found], [model])
    checks.equal("a model's object", client.models.retrieve(model).object, "model")


def check_whole(checks, client, model):
    reply = whole(client, model)
    checks.equal("a completion's object", reply.object, "text_completion")
    checks("a completion's id", reply.id.startswith("cmpl-"), reply.id)
    checks.equal("the model of a completion", reply.model, model)
    checks.equal("tokens of a completion", reply.usage.completion_tokens, 24)
    checks.equal("why a completion ends", reply.choices[0].finish_reason, "length")
    checks("the prompt is not repeated", not reply.choices[0].text.startswith(BEGINNING))
    usual = client.completions.create(model=model, prompt=BEGINNING)
    checks("sixteen tokens unless asked", usual.usage.completion_tokens <= 16, usual.usage)


def check_stream(checks, client, model):
    expected = whole(client, model)
    options = {"stream_options": {"include_usage": True}}
    for chunks in (pieces(client, model), pieces(client, model, **options)):
        checks.equal("a completion in pieces", texts(chunks), {0: expected.choices[0].text})
        checks.equal("ids of chunks", len({chunk.id for chunk in chunks}), 1)
        checks.equal("the kind of chunks", {chunk.object for chunk in chunks}, {"text_completion"})
        ends = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
        checks("only the last says why", ends[-1] == "length" and not any(ends[:-1]), ends)
    checks.equal("usage of a stream", chunks[-1].usage.total_tokens, expected.usage.total_tokens)
    checks.equal("the usage chunk has no choices", chunks[-1].choices, [])


def check_several(checks, client, model):
    alone = [whole(client, model, prompt).choices[0].text for prompt in OTHERS]
    together = whole(client, model, OTHERS)
    checks.equal("indices of several prompts", [c.index for c in together.choices], [0, 1, 2])
    checks.equal("several prompts", [choice.text for choice in together.choices], alone)
    streamed = texts(pieces(client, model, OTHERS))
    checks.equal("several prompts in pieces", streamed, dict(enumerate(alone)))
    several = whole(client, model, OTHERS[:2], n=2, temperature=1, seed=3)
    checks.equal("n of each prompt", [c.index for c in several.choices], [0, 1, 2, 3])
    again = whole(client, model, OTHERS[:2], n=2, temperature=1, seed=3)
    checks.equal(
        "a seed repeats them", [c.text for c in again.choices], [c.text for c in several.choices]
    )


def check_tokens(checks, client, model, server):
    tokens = server.ask("/tokenize", {"content": BEGINNING, "add_special": True})
    checks.equal("tokenize", tokens[0], 200)
    ids = json.loads(tokens[2])["tokens"]
    expected = whole(client, model).choices[0].text
    checks.equal("a prompt of ids", whole(client, model, ids).choices[0].text, expected)
    checks.equal("prompts of ids", whole(client, model, [ids]).choices[0].text, expected)
    back = server.ask("/detokenize", {"tokens": ids})
    text = json.loads(back[2])["content"]
    checks("detokenize is the reverse", text.strip().endswith(BEGINNING), text)


def check_logprobs(checks, client, model):
    reply = whole(client, model, logprobs=3, max_tokens=10)
    logprobs = reply.choices[0].logprobs
    checks.equal("texts of tokens", "".join(logprobs.tokens), reply.choices[0].text)
    counts = [len(logprobs.tokens), len(logprobs.token_logprobs), len(logprobs.text_offset)]
    checks.equal("one of each a token", counts, [10, 10, 10])
    # Two tokens may have the same text, such as parts of characters.
    checks("three tops", all(1 <= len(tops) <= 4 for tops in logprobs.top_logprobs))
    for token, value, tops in zip(
        logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs
    ):
        checks("the likeliest is taken", abs(max(tops.values()) - value) < 1e-6, (token, tops))
    offsets = logprobs.text_offset
    steps = [after - before for before, after in zip(offsets, offsets[1:])]
    checks.equal("offsets", steps, [len(token) for token in logprobs.tokens[:-1]])
    streamed = pieces(client, model, logprobs=3, max_tokens=10)
    found = [
        token
        for chunk in streamed
        for choice in chunk.choices
        if choice.logprobs
        for token in choice.logprobs.tokens
    ]
    checks.equal("log-probabilities of a stream", found, logprobs.tokens)


def check_drawing(checks, client, model, server):
    body = {"content": " dog", "add_special": False}
    token = json.loads(server.ask("/tokenize", body)[2])["tokens"][-1]
    forced = whole(client, model, logit_bias={str(token): 100}, max_tokens=6)
    words = json.loads(server.ask("/detokenize", {"tokens": [token] * 6})[2])
    checks.equal(
        "logit_bias forces a token", forced.choices[0].text.strip(), words["content"].strip()
    )
    first = whole(client, model, logprobs=1, max_tokens=1).choices[0]
    longer = whole(client, model, max_tokens=64).choices[0].text
    for name in ("presence_penalty", "frequency_penalty"):
        other = whole(client, model, max_tokens=64, **{name: 2}).choices[0].text
        checks(f"{name} changes a text", other != longer, longer)
    strong = {str(token): 12}
    word = words["content"][-1]
    calm = whole(client, model, max_tokens=32, logit_bias=strong, frequency_penalty=2)
    free = whole(client, model, max_tokens=32, logit_bias=strong)
    checks(
        "frequency_penalty makes a token rarer",
        calm.choices[0].text.count(word) < free.choices[0].text.count(word),
        (calm.choices[0].text, free.choices[0].text),
    )
    checks("one token is one token", first.text != "", first)
    narrow = whole(client, model, temperature=2, top_p=1e-9).choices[0].text
    checks.equal("top_p", narrow, whole(client, model).choices[0].text)
    hot = {whole(client, model, temperature=2, seed=seed).choices[0].text for seed in range(3)}
    checks.equal("temperature", len(hot), 3)


def check_edges(checks, client, model, context):
    reply = whole(client, model, "", max_tokens=4)
    checks("an empty prompt", reply.usage.completion_tokens <= 4, reply)
    reply = whole(client, model, max_tokens=10_000_000)
    checks("beyond the context", reply.usage.total_tokens <= context, reply.usage)
    text = whole(client, model).choices[0].text
    stop = text[5:8]
    reply = whole(client, model, stop=[stop]).choices[0]
    checks.equal("a stop", (reply.text, reply.finish_reason), (text[: text.index(stop)], "stop"))
    text = whole(client, model, "naïve 🐦‍⬛ 日本語:").choices[0].text
    found = texts(pieces(client, model, "naïve 🐦‍⬛ 日本語:"))
    checks.equal("characters are whole in pieces", found.get(0, ""), text)


def check_completions(checks, client, model, server, context):
    """Runs all of these checks."""
    for check in (
        check_models, check_whole, check_stream, check_several, check_logprobs,
    ):  # fmt: skip
        checks.run(check, checks, client, model)
    checks.run(check_edges, checks, client, model, context)
    if server:
        checks.run(check_tokens, checks, client, model, server)
        checks.run(check_drawing, checks, client, model, server)
