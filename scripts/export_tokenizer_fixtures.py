#!/usr/bin/env python3
"""Writes the fixtures of tokenizer.json: small tokenizers of every kind, and the ids that Hugging
Face's `tokenizers` gives for a few hundred awkward texts.

Needs the `tokenizers` package (made with 0.23.3). The same version writes the same files:

    python3 scripts/export_tokenizer_fixtures.py Tests/TokenizationTests/Fixtures/tokenizers
"""

import json
import os
import random
import sys
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXT = """It's 1999: prices rose 12.5% - don't panic, we'll see that they've gone. The cat sat on
the mat, and the dog's bone was in the garden; nobody knew who'd put it there. I'm sure they're
all there, in the other room with another mother and her brother.\n\n  def f(x):\n    return x + 1
\tHELLO'S café naïve über Привет мир 日本語 テキスト 한글 😀 12345 67 890 ½ ² Ⅷ A\u030a Ång
"""
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
ATOMS = (
    "'s 'S 'll 'LL 'ſ 're 'Ve 'd ' '' 1 12 123 1234567 ½ ² Ⅷ ٣ ४ a B the The word words wor über "
    "é e\u0301 A\u030a Å Ång A\u030ang 日本 語 한글 ह ि 😀 👨\u200d👩 — … !! ?! . <|endoftext|> "
    "<|im_start|> <|begin_of_text|> <s> </s> <unk> <|a|> <|b|> <|ab|> <x> <norm> <ctl> ▁ ▁▁ ▁the "
    "<0x0A> ﬁ ß İ ı _ - # { \" \\ / x=1; Ġ Ċ ªº ŉ aaaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
).split(" ") + [
    " ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", " \n ", "\u00a0", "\u2003", "\u3000", "\u0085",
    " hello", " x", " y ", "\x00", "\x01", "\x7f", "\ufeff", "\ufffd", " the", " ignored", "n't ",
]  # fmt: skip


def train(model, trainer, normalizer=None, pre_tokenizer=None):
    """A tokenizer of these parts, trained on the text above."""
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(TEXT.split("\n\n"), trainer)
    return tokenizer


def add(tokenizer, tokens):
    for token in tokens:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])


def byte_level(steps, special, adds=(), ignore=False, normalizer=None, start=None):
    sequence = pre_tokenizers.Sequence(steps) if len(steps) > 1 else steps[0]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer = train(models.BPE(ignore_merges=ignore), trainer, normalizer, sequence)
    tokenizer.decoder = decoders.ByteLevel()
    template = processors.ByteLevel(trim_offsets=False)
    if start:
        single = processors.TemplateProcessing(
            single=f"{start} $A",
            pair=f"{start} $A {start}:1 $B:1",
            special_tokens=[(start, tokenizer.token_to_id(start))],
        )
        template = processors.Sequence([template, single])
    tokenizer.post_processor = template
    add(tokenizer, adds)
    return tokenizer


def split(pattern):
    rest = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return [pre_tokenizers.Split(Regex(pattern), "isolated"), rest]


def pieces(normalizer=None, pre_tokenizer=None, fallback=True, adds=()):
    special = ["<unk>", "<s>", "</s>"]
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)] if fallback else []
    trainer = trainers.BpeTrainer(
        vocab_size=420 if fallback else 150,
        special_tokens=special + bytes_,
        show_progress=False,
        limit_alphabet=50,
    )
    model = models.BPE(byte_fallback=fallback, unk_token="<unk>", fuse_unk=True)
    words = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer = train(model, trainer, None, words)
    # Bytes are pieces, not added tokens.
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = content["added_tokens"][:3]
    content["normalizer"] = content["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(content))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(steps + [decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    add(tokenizer, adds)
    return tokenizer


def kinds():
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    start = "<|begin_of_text|>"
    llama = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    around = [
        AddedToken("<|a|>", special=True, lstrip=True),
        AddedToken("<|b|>", special=True, rstrip=True),
        AddedToken("<|ab|>", special=True, lstrip=True, rstrip=True),
        AddedToken("word", single_word=True),
        AddedToken("wor", normalized=False),
        AddedToken("<|a|><|b|>", special=True),
        AddedToken("  ", normalized=False),
        AddedToken(" x", normalized=True),
    ]
    composed = [AddedToken("<|im_start|>", special=True), AddedToken("Ång", normalized=True)]
    late = [AddedToken("<x>", special=True), AddedToken("the"), AddedToken(" y ")]
    early = [AddedToken("<norm>"), AddedToken("<ctl>", special=True, rstrip=True)]

    def metaspace(scheme, split):
        return pre_tokenizers.Metaspace("▁", prepend_scheme=scheme, split=split)

    yield "gpt2", byte_level([plain], ["<|endoftext|>"])
    yield "spaced", byte_level([pre_tokenizers.ByteLevel()], ["<|endoftext|>"])
    yield "smollm", byte_level([digits, plain], ["<|endoftext|>", "<|im_start|>"])
    yield "llama3", byte_level(split(LLAMA3), [start], ignore=True, start=start)
    yield "qwen2", byte_level(split(QWEN2), [start], composed, normalizer=normalizers.NFC())
    yield "added", byte_level([plain], ["<|endoftext|>"], around)
    yield "llama2", pieces(llama, adds=early)
    yield "unknown", pieces(llama, fallback=False)
    yield "first", pieces(None, metaspace("first", False), adds=late)
    yield "always", pieces(None, metaspace("always", True), adds=late)


def character(generator):
    while True:
        value = generator.choice(
            [generator.randrange(0x20, 0x3000), generator.randrange(0xE000, 0x20000)]
        )
        if unicodedata.category(chr(value)) != "Cn":
            return chr(value)


def texts():
    generator = random.Random(1)

    def part():
        choice = generator.random()
        if choice < 0.8:
            return generator.choice(ATOMS)
        if choice < 0.9:
            begin = generator.randrange(len(TEXT))
            return TEXT[begin : begin + generator.randrange(1, 30)]
        return character(generator)

    return ["".join(part() for _ in range(generator.randrange(0, 10))) for _ in range(200)]


def main():
    directory = sys.argv[1]
    inputs = texts()
    encodings = {}
    for name, tokenizer in kinds():
        content = json.loads(tokenizer.to_str())
        if name == "llama3":
            # A word that no merges produce, and merges as in older files.
            vocabulary = content["model"]["vocab"]
            vocabulary["Ġignored"] = len(vocabulary)
            merges = content["model"]["merges"]
            content["model"]["merges"] = [" ".join(merge) for merge in merges]
        path = os.path.join(directory, name)
        os.makedirs(path, exist_ok=True)
        file = os.path.join(path, "tokenizer.json")
        with open(file, "w", encoding="utf-8") as output:
            json.dump(content, output, ensure_ascii=name == "qwen2", separators=(",", ":"))
        tokenizer = Tokenizer.from_file(file)
        ids = []
        for treats_as_text in [False, True]:
            tokenizer.encode_special_tokens = treats_as_text
            batch = tokenizer.encode_batch(inputs, add_special_tokens=False)
            ids.append([encoding.ids for encoding in batch])
        encodings[name] = {"token": ids[0], "text": ids[1]}
    with open(os.path.join(directory, "encodings.json"), "w", encoding="ascii") as output:
        json.dump({"texts": inputs, "ids": encodings}, output, separators=(",", ":"))


if __name__ == "__main__":
    main()
