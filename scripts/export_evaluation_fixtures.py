"""Writes PyTorch's losses of texts and of multiple choice, for the tests of evaluation.

Run it from anywhere, with PyTorch 2 and NumPy, and tiktoken for the real HellaSwag
(python3 -m pip install torch numpy tiktoken):

    python3 scripts/export_evaluation_fixtures.py [--output Tests/ParityTests/Fixtures]
        [--gpt2 DIR --hellaswag hellaswag_val_sample.jsonl]

It uses the model odd_model.bin that export_parity_fixtures.py wrote there, and writes
  evaluation.bin           llm.c's evaluation shard, of random questions in that model's tokens
  evaluation.json          losses of a random text under several windows, and of all endings
  hellaswag_sample.json    with --hellaswag only: the endings that a small random GPT-2 over GPT-2's
                           vocabulary finds likeliest; DIR holds encoder.json and vocab.bpe
Every loss is computed by itself, without batches or padding, in float64.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from gpt2_reference import GPT2, Configuration, random_model
from llmc_files import read_checkpoint

# Last, because the modules above say what to install when something is missing.
import torch
import torch.nn.functional as F

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "Tests" / "ParityTests" / "Fixtures"

EVALUATION_MAGIC, EVALUATION_VERSION, START_OF_EXAMPLE = 20240522, 1, 65535

TEXT_TOKENS = 300
# (sequence length, stride): overlapping, touching, by one, longer than the text's end needs.
WINDOWS = [(64, 32), (57, 57), (16, 1), (40, 13)]
QUESTIONS = 24
QUESTION_SEQUENCE_LENGTH = 48  # shorter than the longest question, whose context is cut

# A context of tokens, the endings, and the index of the right one.
Question = tuple[list[int], list[list[int]], int]


def token_loss(model: GPT2, context: list[int], target: int) -> float:
    """Returns the loss of predicting one token from those before it."""
    logits = model(torch.tensor([context]))[0, -1]
    return F.cross_entropy(logits, torch.tensor(target)).item()


def window_loss(model: GPT2, tokens: list[int], T: int, stride: int) -> float:
    """Returns the mean loss of all tokens but the first, under a window that slides."""
    last = len(tokens) - 1  # targets are 1...last
    losses = {}
    start = 0
    while True:
        start = min(start, last - T)
        for target in range(start + 1, start + T + 1):
            if target not in losses:
                losses[target] = token_loss(model, tokens[start:target], tokens[target])
        if start + T == last:
            return sum(losses.values()) / last
        start += stride


def ending_loss(model: GPT2, context: list[int], ending: list[int], T: int) -> float:
    """Returns the mean loss of an ending's tokens, with as much context as fits."""
    tokens = (context + ending)[-(T + 1) :]
    logits = model(torch.tensor([tokens[:-1]]))[0, -len(ending) :]
    return F.cross_entropy(logits, torch.tensor(ending)).item()


def random_questions(vocabulary_size: int, generator: np.random.Generator) -> list[Question]:
    """Draws contexts of 1 to 40 tokens and endings of 1 to 20."""

    def tokens(most: int) -> list[int]:
        return generator.integers(0, vocabulary_size, generator.integers(1, most + 1)).tolist()

    return [
        (tokens(40), [tokens(20) for _ in range(4)], int(generator.integers(4)))
        for _ in range(QUESTIONS)
    ]


def write_questions(path: Path, questions: list[Question]) -> None:
    """Writes llm.c's evaluation shard."""
    streams = []
    for index, (context, endings, label) in enumerate(questions):
        stream = [START_OF_EXAMPLE, 0, index, label, len(endings), len(context), *context]
        for ending in endings:
            stream += [len(ending), *ending]
        stream[1] = 2 * len(stream)
        streams.append(stream)
    header = np.zeros(256, dtype="<i4")
    header[:4] = EVALUATION_MAGIC, EVALUATION_VERSION, len(streams), max(s[1] for s in streams)
    body = np.array([value for stream in streams for value in stream], dtype="<u2")
    path.write_bytes(header.tobytes() + body.tobytes())


@torch.no_grad()
def export_small(directory: Path) -> None:
    """Writes the fixtures that need no data."""
    model = read_checkpoint(directory / "odd_model.bin").double()
    generator = np.random.default_rng(3)
    vocabulary_size = model.configuration.vocabulary_size
    tokens = generator.integers(0, vocabulary_size, TEXT_TOKENS).tolist()
    questions = random_questions(vocabulary_size, generator)
    write_questions(directory / "evaluation.bin", questions)
    record = {
        "tokens": tokens,
        "windows": [
            {"sequence_length": T, "stride": stride, "loss": window_loss(model, tokens, T, stride)}
            for T, stride in WINDOWS
        ],
        "question_sequence_length": QUESTION_SEQUENCE_LENGTH,
        "ending_losses": [
            [ending_loss(model, context, ending, QUESTION_SEQUENCE_LENGTH) for ending in endings]
            for context, endings, _ in questions
        ],
        "labels": [label for _, _, label in questions],
    }
    (directory / "evaluation.json").write_text(json.dumps(record) + "\n")


@torch.no_grad()
def export_hellaswag(directory: Path, gpt2: Path, rows: Path) -> None:
    """Writes which endings a random model chooses; only ids are needed to repeat it."""
    from tiktoken import Encoding
    from tiktoken.load import data_gym_to_mergeable_bpe_ranks

    encoding = Encoding(
        "gpt2",
        pat_str=r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        mergeable_ranks=data_gym_to_mergeable_bpe_ranks(
            vocab_bpe_file=str(gpt2 / "vocab.bpe"), encoder_json_file=str(gpt2 / "encoder.json")
        ),
        special_tokens={"<|endoftext|>": 50256},
    )
    sizes = {"max_sequence_length": 128, "layers": 2, "heads": 2, "channels": 32}
    model = random_model(Configuration(vocabulary_size=50257, **sizes), seed=42).double()
    choices, margins, correct = [], [], 0
    for line in rows.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        context = encoding.encode_ordinary(row["ctx"])
        endings = [encoding.encode_ordinary(" " + ending) for ending in row["endings"]]
        T = sizes["max_sequence_length"]
        losses = [ending_loss(model, context, ending, T) for ending in endings]
        ordered = sorted(losses)
        choices.append(losses.index(ordered[0]))
        margins.append(ordered[1] - ordered[0])
        correct += choices[-1] == row["label"]
    record = {
        "model": sizes | {"seed": 42},
        "correct": correct,
        "smallest_margin": min(margins),
        "choices": "".join(map(str, choices)),
    }
    (directory / "hellaswag_sample.json").write_text(json.dumps(record, indent=2) + "\n")


def main() -> None:
    """Writes what was asked for."""
    parser = argparse.ArgumentParser(description="Write the fixtures of the evaluation tests.")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    parser.add_argument("--gpt2", type=Path, metavar="DIR", help="encoder.json and vocab.bpe")
    parser.add_argument("--hellaswag", type=Path, metavar="FILE", help="rows of HellaSwag")
    options = parser.parse_args()
    export_small(options.output)
    if options.hellaswag:
        export_hellaswag(options.output, options.gpt2, options.hellaswag)


if __name__ == "__main__":
    main()
