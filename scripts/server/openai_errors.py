"""The openai package's errors for requests that a server refuses."""

import openai

CHAT = [{"role": "user", "content": "Hello."}]


def refused(checks, what, error, call, **expected):
    """Checks that a call raises an error, with a status, a code or the name of a field."""
    try:
        call()
    except error as found:
        for name, value in expected.items():
            field = getattr(found, name)
            # A part of a field may be named, as in logit_bias.5.
            field = field.split(".")[0] if name == "param" and field else field
            checks.equal(f"{what}: {name}", field, value)
        body = found.body or {}
        checks(f"{what}: a message", len(body.get("message") or "") > 10, body)
        # A path would end in the name of the model's file.
        checks(f"{what}: no path of the machine", "stories260K.bin" not in str(body), body)
        return found
    except openai.APIError as found:
        checks(what, False, f"{type(found).__name__}: {found}")
    else:
        checks(what, False, "it was not refused")
    return None


def check_wrong_values(checks, client, model, chats):
    """Wrong types and values, each reported by name."""
    wrong = [
        ("temperature", "hot"), ("temperature", -1), ("temperature", 3), ("top_p", 2),
        ("max_tokens", "many"), ("max_tokens", -5), ("n", 0), ("n", 1000), ("n", 1.5),
        ("seed", "one"), ("stop", 5), ("stop", ["a"] * 17), ("stream", "yes"),
        ("logit_bias", []), ("logit_bias", {"x": 1}), ("logit_bias", {"1": 1000}),
        ("presence_penalty", "a"), ("frequency_penalty", []), ("stream_options", 1),
    ]  # fmt: skip
    for name, value in wrong:
        refused(
            checks,
            f"{name} {value!r}",
            openai.BadRequestError,
            lambda: client.completions.create(
                model=model, prompt="A", extra_body={name: value}
            ),
            param=name,
            type="invalid_request_error",
        )
        if chats:
            refused(
                checks,
                f"{name} {value!r} in a chat",
                openai.BadRequestError,
                lambda: client.chat.completions.create(
                    model=model, messages=CHAT, extra_body={name: value}
                ),
                param=name,
            )
    for prompt in ({}, 5, [[1], "a"], ["a", 1], [-1]):
        refused(
            checks,
            f"prompt {prompt!r}",
            (openai.BadRequestError, openai.UnprocessableEntityError),
            lambda: client.completions.create(model=model, prompt=prompt),
        )


def check_messages(checks, client, model):
    """Invalid messages."""
    wrong = [
        ([], openai.BadRequestError),
        ([5], openai.BadRequestError),
        ([{"role": "user"}], openai.BadRequestError),
        ([{"content": "a"}], openai.BadRequestError),
        ([{"role": "user", "content": 5}], openai.BadRequestError),
        ([{"role": "user", "content": [{"type": "text"}]}], openai.BadRequestError),
        ([{"role": "bird", "content": "a"}], openai.UnprocessableEntityError),
        ([{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:"}}
        ]}], openai.UnprocessableEntityError),
    ]  # fmt: skip
    for messages, error in wrong:
        found = refused(
            checks,
            f"messages {messages!r}",
            error,
            lambda: client.chat.completions.create(model=model, messages=messages),
        )
        checks("the message is named", found and found.param.startswith("messages"), found)
    tool = {"type": "function", "function": {"name": "a", "parameters": {}}}
    cannot = {
        "tools": [tool], "response_format": {"type": "json_object"},
        "functions": [{"name": "a", "parameters": {}}],
    }  # fmt: skip
    for name, value in cannot.items():
        refused(
            checks,
            name,
            openai.UnprocessableEntityError,
            lambda: client.chat.completions.create(
                model=model, messages=CHAT, extra_body={name: value}
            ),
            param=name,
        )
    parts = [{"type": "text", "text": "Say "}, {"type": "text", "text": "hello."}]
    reply = client.chat.completions.create(
        model=model,
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": parts},
        ],
        max_tokens=4,
        extra_body={"unknown": {"a": 1}, "tools": None, "response_format": {"type": "text"}},
        user="somebody",
        metadata={"a": "b"},
    )
    checks("parts, nulls and unknown fields are taken", reply.usage.completion_tokens > 0)


def check_refusals(checks, client, model, chats, context):
    """What does not exist, and what does not fit."""
    refused(
        checks,
        "another model",
        openai.NotFoundError,
        lambda: client.completions.create(model="gpt-4o", prompt="A"),
        code="model_not_found",
        param="model",
    )
    refused(
        checks, "a model's page", openai.NotFoundError, lambda: client.models.retrieve("gpt-4o")
    )
    refused(
        checks,
        "another path",
        openai.NotFoundError,
        lambda: client.embeddings.create(model=model, input="A"),
    )
    refused(
        checks,
        "a long prompt",
        openai.BadRequestError,
        lambda: client.completions.create(model=model, prompt="word " * (context + 10)),
        code="context_length_exceeded",
    )
    if chats:
        refused(
            checks,
            "a long conversation",
            openai.BadRequestError,
            lambda: client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "word " * (context + 10)}]
            ),
            code="context_length_exceeded",
        )
    else:
        refused(
            checks,
            "a chat with a model that cannot chat",
            openai.UnprocessableEntityError,
            lambda: client.chat.completions.create(model=model, messages=CHAT),
        )
    for name in ("suffix", "echo", "best_of"):
        value = {"suffix": "end", "echo": True, "best_of": 3}[name]
        refused(
            checks,
            name,
            openai.UnprocessableEntityError,
            lambda: client.completions.create(
                model=model, prompt="A", extra_body={name: value}
            ),
            param=name,
        )
    refused(
        checks,
        "a large body",
        openai.APIStatusError,
        lambda: client.completions.create(model=model, prompt="a" * (5 << 20)),
        status_code=413,
    )


def check_key(checks, address, model, key):
    """A server that requires a key."""
    for wrong in ("wrong", key[:-1], key + "x"):
        client = openai.OpenAI(base_url=address + "/v1", api_key=wrong, max_retries=0)
        refused(
            checks,
            f"the key {wrong!r}",
            openai.AuthenticationError,
            lambda: client.models.list(),
            code="invalid_api_key",
        )
        refused(
            checks,
            "and for a text",
            openai.AuthenticationError,
            lambda: client.completions.create(model=model, prompt="A"),
        )
    client = openai.OpenAI(base_url=address + "/v1", api_key=key, max_retries=0)
    checks.equal("the right key", [entry.id for entry in client.models.list()], [model])
