"""Writes transformers' tokens for conversations, for the test of Llama 2's chat template.

Run it from anywhere, with transformers (python3 -m pip install transformers sentencepiece):

    python3 scripts/export_chat_fixtures.py tokenizer.model
        [--output Tests/ParityTests/Fixtures/llama2_chats.json]

The tokenizer is Llama 2's. Every prompt of a conversation is also made as Meta's program makes it,
with sentencepiece alone, and must be the same; so no text has two spaces before a word, which
the two packages tokenize differently.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from sentencepiece import SentencePieceProcessor
from transformers import LlamaTokenizer

DEFAULT_OUTPUT = (
    Path(__file__).resolve().parent.parent / "Tests/ParityTests/Fixtures/llama2_chats.json"
)

TEMPLATE = """
{%- set system = messages[0]['content'] if messages[0]['role'] == 'system' else none -%}
{%- for message in messages if message['role'] != 'system' -%}
{%- set content = message['content'] -%}
{%- if loop.first and system is not none -%}
{%- set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + content -%}
{%- endif -%}
{%- if message['role'] == 'user' -%}
{{- bos_token + '[INST] ' + content.strip() + ' [/INST]' -}}
{%- else -%}
{{- ' ' + content.strip() + ' ' + eos_token -}}
{%- endif -%}
{%- endfor -%}
"""

# Each is a system prompt, then messages and replies in turn.
CONVERSATIONS = [
    (None, ["Hello", "Hi!", "Bye"]),
    (None, ["  hello ", "  Hi there.\n", "\n\nAnd\n then? \t", "\u00a0So.\u3000", "End\u2028"]),
    (None, ["\x1c\x1f Separators \x85", "", "after an empty reply", " \n ", "\u200bno blank"]),
    ("Be kind.", ["Who are you?", "I am a model . ", "Why?\r\n", "Because\r\n", "Ok"]),
    (" Be brief. \n", ["\n\tfirst ", "Grüße, 世界 \U0001f600 ", "s'il te plaît", "Oui", "\u0301x"]),
    ("", ["x", "y", "z"]),
]


def meta_prompt(model: SentencePieceProcessor, system: str | None, texts: list[str]) -> list[int]:
    """Returns the tokens of a conversation that ends with a message, by Meta's rules."""
    texts = list(texts)
    if system is not None:
        texts[0] = f"<<SYS>>\n{system}\n<</SYS>>\n\n{texts[0]}"
    tokens = []
    for message, reply in zip(texts[::2], texts[1::2]):
        text = f"[INST] {message.strip()} [/INST] {reply.strip()} "
        tokens += [model.bos_id(), *model.encode(text), model.eos_id()]
    return [*tokens, model.bos_id(), *model.encode(f"[INST] {texts[-1].strip()} [/INST]")]


def transformers_prompt(tokenizer, system: str | None, texts: list[str]) -> list[int]:
    """Returns the same, by the template."""
    messages = [] if system is None else [{"role": "system", "content": system}]
    for index, text in enumerate(texts):
        messages.append({"role": ("user", "assistant")[index % 2], "content": text})
    return tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    arguments = parser.parse_args()

    model = SentencePieceProcessor(model_file=str(arguments.tokenizer))
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(arguments.tokenizer, Path(directory) / "tokenizer.model")
        # As in Meta's program: a text after a marker begins with a space like any other.
        tokenizer = LlamaTokenizer.from_pretrained(directory, legacy=True)
    tokenizer.chat_template = TEMPLATE

    chats = []
    for system, texts in CONVERSATIONS:
        prompts = []
        for end in range(1, len(texts) + 1, 2):
            prompt = transformers_prompt(tokenizer, system, texts[:end])
            if prompt != meta_prompt(model, system, texts[:end]):
                raise SystemExit(f"the two forms differ for {texts[:end]}")
            prompts.append(prompt)
        chats.append({"system": system, "texts": texts, "prompts": prompts})
    lines = ",\n".join(json.dumps(chat) for chat in chats)
    arguments.output.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
