"""LangChain's clients of OpenAI's interface, unchanged except for the address."""

import asyncio

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI, OpenAI

CONVERSATION = [
    SystemMessage("You are a helpful assistant."),
    HumanMessage("What is the capital of France?"),
]


def check_chat(checks, address, model):
    chat = ChatOpenAI(
        base_url=address + "/v1", api_key="any", model=model, temperature=0, max_tokens=32
    )
    reply = chat.invoke(CONVERSATION)
    checks("LangChain's reply", isinstance(reply, AIMessage) and "Paris" in reply.content, reply)
    checks("LangChain counts tokens", reply.usage_metadata["output_tokens"] > 0)
    checks.equal("LangChain's end", reply.response_metadata["finish_reason"], "stop")
    checks.equal("LangChain's model", reply.response_metadata["model_name"], model)
    parts = list(chat.stream(CONVERSATION, stream_usage=True))
    checks.equal("LangChain's stream", "".join(part.content for part in parts), reply.content)
    total = parts[0]
    for part in parts[1:]:
        total += part
    checks.equal("LangChain's sum of a stream", total.content, reply.content)
    checks.equal(
        "LangChain's usage of a stream",
        total.usage_metadata["output_tokens"],
        reply.usage_metadata["output_tokens"],
    )
    batch = chat.batch([CONVERSATION] * 3)
    checks.equal("LangChain's batch", {part.content for part in batch}, {reply.content})
    logprobs = chat.bind(logprobs=True, top_logprobs=2).invoke(CONVERSATION)
    tokens = logprobs.response_metadata["logprobs"]["content"]
    checks.equal("LangChain's log-probabilities", len(tokens[0]["top_logprobs"]), 2)
    again = chat.invoke([*CONVERSATION, reply, HumanMessage("And of Italy?")])
    checks("LangChain's next turn", len(again.content) > 0, again)

    async def several():
        one = await chat.ainvoke(CONVERSATION)
        streamed = [part.content async for part in chat.astream(CONVERSATION)]
        return one.content, "".join(streamed)

    found = asyncio.run(several())
    checks.equal("LangChain, asynchronous", found, (reply.content, reply.content))


def check_texts(checks, address, model):
    writer = OpenAI(
        base_url=address + "/v1", api_key="any", model=model, temperature=0, max_tokens=16
    )
    text = writer.invoke("Once upon a time")
    checks("LangChain's text", len(text) > 5, text)
    checks.equal(
        "LangChain's text in pieces", "".join(writer.stream("Once upon a time")), text
    )
    several = writer.generate(["Once upon a time", "The sun"]).generations
    checks.equal("LangChain's several texts", several[0][0].text, text)


def check_langchain(checks, address, model):
    """Runs all of these checks."""
    checks.run(check_chat, checks, address, model)
    checks.run(check_texts, checks, address, model)
