"""Writes small SentencePiece models with different settings, and their tokens for texts.

Run it from anywhere, with SentencePiece (python3 -m pip install sentencepiece):

    python3 scripts/export_sentencepiece_fixtures.py [--output Tests/TokenizationTests/Fixtures]

It writes
  NAME.model              a model for each entry of MODELS, trained on the text below
  sentencepiece.json      the ids and the decoded text of every text in TEXTS, for each model
With --check N it writes nothing but compares models of SentencePiece's own normalization rules,
whose tables are too large to keep, with the command in SWIFTLET on N random texts.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import sentencepiece
except ImportError:
    sys.exit("SentencePiece is missing: python3 -m pip install sentencepiece")

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "Tests" / "TokenizationTests" / "Fixtures"

CORPUS = [
    "the cat sat on the mat and the dog sat on the cat",
    "a cafe at the end of the other street, and the other end of it",
    "that other cat had a hat; the hat that the cat had was the dog's",
] * 20

# Code points in hexadecimal, a tab, what they become: one to one, one to several, several to one,
# to a space, to two of them, to nothing; and rules that begin with one another.
RULES = """
0041\t0061
FB01\t0066 0069
0061 0301\t00E1
0061 0301 0302\t0061
0009\t0020
3000\t0020 0020
200B\t
1F600\t003A 0029
"""

MODELS = {
    # Rules, extra spaces removed, another marker first, no start or end, user-defined pieces.
    "replacing": dict(
        rules=RULES, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1,
        user_defined_symbols=["<x>", "the ", "a b", "A", "##", "#"],
    ),
    # The same rules with all spaces kept, and no space in front.
    "keeping": dict(rules=RULES, remove_extra_whitespaces=False, add_dummy_prefix=False),
    # The space after the text, and words together.
    "behind": dict(
        normalization_rule_name="identity", treat_whitespace_as_suffix=True,
        split_by_whitespace=False, unk_surface="?",
    ),
    # The settings of llama2.c's training of tokenizers, except for the bytes.
    "removing": dict(normalization_rule_name="identity", pad_id=3),
}

TEXTS = [
    "", " ", "   ", "the cat", "  the   cat  ", "the the cat", "a b", "xa by", " <x> #### #",
    "A CAT Sat", "\ufb01ne", "a\u0301 a\u0301\u0302 a\u0302", "\tthe\tcat\t", "\u3000the\u3000cat ",
    "\u200b", "\u200b \u200bthe", "\u200bthe \u200b cat", "\U0001f600 ", "\u2581",
    "\u2581\u2581the",
    "the\u2581cat \u2581", " \u2581", "zzz zz", "z\n\nthe", "caf\u00e9 \u65e5\u672c",
    "<s></s><pad><unk>",
]


def train(rules: str | None = None, vocabulary_size: int = 90, **settings: object) -> bytes:
    """Returns a byte pair encoding model."""
    model = io.BytesIO()
    # The file name is stored in the model: it should be the same on every machine.
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        if rules is not None:
            Path("rules.tsv").write_text(rules.lstrip("\n"))
            settings["normalization_rule_tsv"] = "rules.tsv"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_writer=model, model_type="bpe",
            vocab_size=vocabulary_size, hard_vocab_limit=False, minloglevel=2, **settings,
        )
    return model.getvalue()


def random_text(generator: random.Random) -> str:
    """Returns words, spaces and characters from all over Unicode."""
    ranges = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x1E00, 0x33FF), (0xAC00, 0xACFF),
              (0xF900, 0xFFFD), (0x1D400, 0x1D7FF), (0x2581, 0x2581), (0x9, 0xD)]
    parts = []
    for _ in range(generator.randrange(12)):
        choice = generator.random()
        if choice < 0.4:
            parts.append(generator.choice(["the", "cat", "other", " the", "Sat"]))
        elif choice < 0.6:
            parts.append(" " * generator.randrange(1, 4))
        else:
            parts.append(chr(generator.randint(*generator.choice(ranges))))
    return "".join(parts)


def check(count: int, command: str) -> None:
    """Compares the command's ids for random texts with SentencePiece's."""
    generator = random.Random(1)
    texts = [random_text(generator) for _ in range(count)]
    for name in ["nmt_nfkc", "nmt_nfkc_cf", "nfkc", "nfkc_cf", "identity"]:
        model = train(normalization_rule_name=name, byte_fallback=True, vocabulary_size=350)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "tokenizer.model")
            path.write_bytes(model)
            files = []
            for index, text in enumerate(texts):
                files.append(Path(directory, f"{index}.txt"))
                files[-1].write_bytes(text.encode())
            result = subprocess.run(
                [command, "tokenizer", "encode", "--json", "--tokenizer", path, *files],
                capture_output=True, check=True,
            )
        found = [json.loads(line)["tokens"] for line in result.stdout.splitlines()]
        wrong = [text for text, ids in zip(texts, found) if processor.encode(text) != ids]
        print(f"{name}: {len(found)} texts, {len(wrong)} differ {[ascii(t) for t in wrong[:3]]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--check", type=int, metavar="N")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.check, os.environ["SWIFTLET"])
        return
    arguments.output.mkdir(parents=True, exist_ok=True)
    expected = []
    for name, settings in MODELS.items():
        model = train(**settings)
        (arguments.output / f"{name}.model").write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        rows = [
            {"text": text, "ids": processor.encode(text),
             "decoded": processor.decode(processor.encode(text))}
            for text in TEXTS
        ]
        expected.append(
            {"model": name, "start": processor.bos_id(), "end": processor.eos_id(), "texts": rows}
        )
    lines = ",\n".join(json.dumps(model) for model in expected)
    (arguments.output / "sentencepiece.json").write_text(f"[{lines}]\n")


if __name__ == "__main__":
    main()
