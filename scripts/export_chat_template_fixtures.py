"""Writes small tokenizers, and transformers' tokens for conversations with them.

Run it from anywhere, with transformers (python3 -m pip install transformers tokenizers):

    python3 scripts/export_chat_template_fixtures.py [--output Tests/ParityTests/Fixtures/Chat]

It writes
  smollm/, llama3/, zephyr/, metaspace/, markers/    a tokenizer.json each: byte-level with digits
                    one by one, byte-level with Llama 3's rule, SentencePiece's kind with bytes, the
                    same as transformers 5 has it, and byte-level with markers that take the
                    whitespace beside them
  templates.json    for each of some templates: its name, its tokenizer, its text in Jinja, what it
                    says where nobody gives a system message, and for each of some conversations the
                    tokens up to the reply; for Swiftlet's own, also which of them up to the last
                    reply belong to replies

The templates named after a form are those that Swiftlet writes where a model comes without one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "Tests/ParityTests/Fixtures/Chat"

TEXT = """
The user asks and the assistant answers. system user assistant model message reply
You are a helpful assistant who is kind. What is the capital of France? The capital of France is
Paris. Who are you? I am a model. Why? Because it is so, and 12 + 30 = 42. Hello, hello! Bye.
They said they'd answer when they're asked, and we've asked. Be brief. Be kind. Say it in French.
"""

LLAMA3_RULE = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# Each is a system message, then messages and replies in turn.
CONVERSATIONS = [
    (None, ["Hello"]),
    (None, ["What is the capital of France?", "The capital of France is Paris.", "Why?"]),
    ("Be kind.", ["Who are you?", "I am a model.", "12 + 30 = 42, they've said", "So!", "Bye"]),
    ("Say it\nin French.", ["  hello \n", "\n Bonjour\u00a0", "\n\nAnd\tthen?  ", " ", "x"]),
    (None, ["Grüße, 世界 \U0001f600", "s'il te plaît", "e\u0301"]),
    ("", ["", "", "y"]),
]


def form(
    opening: str,
    closings: tuple[str, str],
    start: str = "",
    strip: str = "",
    reply_closing: tuple[str, str] | None = None,
) -> str:
    """Returns the text of a form in which every message stands between two pieces.

    With `reply_closing`, the end of a reply and what follows it, the text marks replies as what is
    to be learnt, as transformers knows it.
    """
    content = f"message['content']{strip}"
    lines = [start] if start else []
    lines.append("{%- for message in messages -%}")
    for role, word in [
        ("system", "if message['role'] == 'system'"),
        ("user", "elif message['role'] == 'user'"),
        ("assistant", "else"),
    ]:
        before = opening.replace("ROLE", role).replace("Role", role.capitalize())
        after = closings[role == "assistant"]
        lines.append("{%- " + word + " -%}")
        if role == "assistant" and reply_closing:
            end, rest = reply_closing
            reply = "{%- generation -%}{{- " + f"{content} + {end}" + " -}}{%- endgeneration -%}"
            lines.append("{{- " + before + " -}}" + reply + "{{- " + rest + " -}}")
            continue
        lines.append("{{- " + f"{before} + {content} + {after}" + " -}}")
    lines += ["{%- endif -%}", "{%- endfor -%}", "{%- if add_generation_prompt -%}"]
    before = opening.replace("ROLE", "assistant").replace("Role", "Assistant")
    lines += ["{{- " + before + " -}}", "{%- endif -%}"]
    return "\n".join(lines)


TEMPLATES = {
    "chatml": ("smollm", form(r"'<|im_start|>ROLE\n'", (r"'<|im_end|>\n'",) * 2)),
    "llama3": (
        "llama3",
        form(
            r"'<|start_header_id|>ROLE<|end_header_id|>\n\n'",
            ("'<|eot_id|>'",) * 2,
            "{{- bos_token -}}",
            " | trim",
        ),
    ),
    "zephyr": ("zephyr", form(r"'<|ROLE|>\n'", (r"eos_token + '\n'",) * 2)),
    "plain": (
        "llama3",
        form(r"'Role:\n'", (r"'\n\n'", r"eos_token + '\n\n'"), "{{- bos_token -}}"),
    ),
    "llama2": (
        "zephyr",
        r"""{%- set system = messages[0]['content'] if messages[0]['role'] == 'system' else none -%}
{%- for message in messages if message['role'] != 'system' -%}
{%- set content = message['content'] -%}
{%- if loop.first and system is not none -%}
{%- set content = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + content -%}
{%- endif -%}
{%- if message['role'] == 'user' -%}
{{- bos_token + '[INST] ' + content | trim + ' [/INST]' -}}
{%- else -%}
{{- ' ' + content | trim + ' ' + eos_token -}}
{%- endif -%}
{%- endfor -%}""",
    ),
    # Written as in published models: with a default system prompt, with white space kept or
    # stripped.
    "a chatml with a system text": (
        "smollm",
        "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
        "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
        "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    ),
    "a chatml that begins with a token and strips": (
        "smollm",
        "{{ bos_token }}{%- if messages[0].role != 'system' %}"
        "{{- '<|im_start|>system\\nBe brief.<|im_end|>\\n' }}{%- endif %}"
        "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + m.content | trim }}"
        "{{- '<|im_end|>\\n' }}{%- endfor %}"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}",
    ),
    "a llama3 whose system text has a name": (
        "llama3",
        "{{- bos_token }}{%- if messages[0]['role'] == 'system' %}"
        "{%- set system_message = messages[0]['content'] | trim %}"
        "{%- set rest = messages[1:] %}{%- else %}"
        "{%- set system_message = 'You are kind.' %}{%- set rest = messages %}{%- endif %}"
        "{{- '<|start_header_id|>system<|end_header_id|>\n\n' + system_message + '<|eot_id|>' }}"
        "{%- for m in rest %}{{- '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' }}"
        "{{- m.content | trim + '<|eot_id|>' }}{%- endfor %}{%- if add_generation_prompt %}"
        "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}",
    ),
    "a zephyr over several lines": (
        "zephyr",
        "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
        "{{ '<|user|>\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'system' %}\n"
        "{{ '<|system|>\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'assistant' %}\n"
        "{{ '<|assistant|>\n' + message['content'] + eos_token }}\n{% endif %}\n"
        "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n"
        "{% endfor %}",
    ),
}

TEMPLATES["a zephyr of transformers 5"] = ("metaspace", TEMPLATES["zephyr"][1])
TEMPLATES["a llama2 of transformers 5"] = ("metaspace", TEMPLATES["llama2"][1])
TEMPLATES["a zephyr whose markers are tokens"] = ("markers", TEMPLATES["zephyr"][1])


def learnt_templates() -> dict[str, str]:
    """Returns the forms with their replies marked."""
    end = "eos_token"
    return {
        "chatml": form(
            r"'<|im_start|>ROLE\n'", (r"'<|im_end|>\n'",) * 2, "", "", ("'<|im_end|>'", r"'\n'")
        ),
        "llama3": form(
            r"'<|start_header_id|>ROLE<|end_header_id|>\n\n'",
            ("'<|eot_id|>'",) * 2,
            "{{- bos_token -}}",
            " | trim",
            ("'<|eot_id|>'", "''"),
        ),
        "zephyr": form(r"'<|ROLE|>\n'", (r"eos_token + '\n'",) * 2, "", "", (end, r"'\n'")),
        "plain": form(
            r"'Role:\n'",
            (r"'\n\n'", r"eos_token + '\n\n'"),
            "{{- bos_token -}}",
            "",
            (end, r"'\n\n'"),
        ),
        "llama2": TEMPLATES["llama2"][1].replace(
            "{{- ' ' + content | trim + ' ' + eos_token -}}",
            "{%- generation -%}{{- ' ' + content | trim + ' ' + eos_token -}}"
            "{%- endgeneration -%}",
        ),
    }


def learnt_tokens(tokenizer: PreTrainedTokenizerFast, messages: list, template: str) -> list[int]:
    """Returns the places of the tokens of a conversation that belong to replies."""
    encoded = tokenizer.apply_chat_template(
        messages,
        chat_template=template,
        tokenize=True,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    return [place for place, flag in enumerate(encoded["assistant_masks"]) if flag]


def byte_level(split: list, special: list[str], size: int) -> Tokenizer:
    """Returns a tokenizer of GPT-2's kind, trained on the text above."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def sentence_piece(metaspace: bool = False) -> Tokenizer:
    """Returns a tokenizer of Llama 2's kind, trained on the text above."""
    marks = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>", "</s>"]
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.normalizer = marks
    trained.pre_tokenizer = pre_tokenizers.Split(Regex("(?=▁)|\n"), "isolated")
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    trained.train_from_iterator([TEXT], trainer)
    model = json.loads(trained.to_str())["model"]
    names = special + [f"<0x{byte:02X}>" for byte in range(256)]
    names += [name for name in model["vocab"] if name not in special]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={name: index for index, name in enumerate(names)},
            merges=[tuple(merge) for merge in model["merges"]],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", "first", False)
    else:
        tokenizer.normalizer = marks
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens(
        [AddedToken(name, special=True, normalized=False) for name in special]
    )
    return tokenizer


def markers() -> Tokenizer:
    """Returns a tokenizer of GPT-2's kind whose markers take the whitespace beside them."""
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = byte_level([plain], ["<s>"], 330)
    names = ["<|system|>", "<|user|>", "<|assistant|>"]
    tokenizer.add_special_tokens([AddedToken(name, special=True, rstrip=True) for name in names])
    tokenizer.add_special_tokens([AddedToken("</s>", special=True, lstrip=True)])
    return tokenizer


def make_tokenizers() -> dict[str, tuple[Tokenizer, str, str]]:
    """Returns each tokenizer with its start and its end of text."""
    digits = pre_tokenizers.Digits(individual_digits=True)
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    llama3 = pre_tokenizers.Split(Regex(LLAMA3_RULE), "isolated")
    bare = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    chatml = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    headers = ["<|begin_of_text|>", "<|end_of_text|>"]
    headers += ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    return {
        "smollm": (byte_level([digits, plain], chatml, 360), chatml[1], chatml[2]),
        "llama3": (byte_level([llama3, bare], headers, 360), headers[0], headers[1]),
        "zephyr": (sentence_piece(), "<s>", "</s>"),
        "metaspace": (sentence_piece(metaspace=True), "<s>", "</s>"),
        "markers": (markers(), "<s>", "</s>"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    output = parser.parse_args().output
    tokenizers = {}
    for name, (tokenizer, start, end) in make_tokenizers().items():
        (output / name).mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(output / name / "tokenizer.json"))
        config = {"bos_token": start, "eos_token": end, "add_bos_token": False}
        text = json.dumps({**config, "tokenizer_class": "PreTrainedTokenizerFast"}, indent=2)
        (output / name / "tokenizer_config.json").write_text(text + "\n")
        tokenizers[name] = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, bos_token=start, eos_token=end
        )

    templates = []
    learnt = learnt_templates()
    for name, (tokenizer_name, text) in TEMPLATES.items():
        tokenizer = tokenizers[tokenizer_name]
        chats = []
        for system, texts in CONVERSATIONS:
            messages = [] if system is None else [{"role": "system", "content": system}]
            prompts = []
            for index, content in enumerate(texts):
                messages.append({"role": ("user", "assistant")[index % 2], "content": content})
                prompts.append(
                    tokenizer.apply_chat_template(
                        messages,
                        chat_template=text,
                        tokenize=True,
                        add_generation_prompt=index % 2 == 0,
                        return_dict=False,
                    )
                )
            chat = {"system": system, "texts": texts, "prompts": prompts}
            replied = [m["role"] for m in messages].count("assistant")
            if name in learnt and replied:
                while messages[-1]["role"] != "assistant":
                    messages.pop()
                chat["learnt"] = learnt_tokens(tokenizer, messages, learnt[name])
            chats.append(chat)
        templates.append(
            {"name": name, "tokenizer": tokenizer_name, "jinja": text, "chats": chats}
        )
    lines = ",\n".join(json.dumps(template) for template in templates)
    (output / "templates.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
