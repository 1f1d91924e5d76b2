"""Trains a GPT-2 with PyTorch as `swiftlet train` does, to compare their losses.

The flags it shares with `swiftlet train` have the same names, meanings and defaults, and the
batches come in the same order. It prints one JSON object per step, on stdout, with the keys of
`metrics.jsonl`: step (from 1), train_loss, learning_rate, grad_norm.

Install once: python3 -m pip install torch numpy

Make a starting point, train it here and there, and compare the two outputs:

    python3 scripts/train_reference.py --init layers=4,heads=4,channels=128,context=256 \\
        --save-init init.bin --steps 0
    python3 scripts/train_reference.py --init init.bin --train-data 'tiny_shakespeare_train.bin' \\
        --sequence-length 64 --steps 300 --learning-rate 1e-3 --warmup-steps 30 > reference.jsonl
    swiftlet train --init init.bin --train-data 'tiny_shakespeare_train.bin' \\
        --sequence-length 64 --steps 300 --learning-rate 1e-3 --warmup-steps 30 --output run

It does not validate, sample, save optimizer state or resume.
"""

from __future__ import annotations

import argparse
import glob
import json
import sys
from pathlib import Path

from gpt2_reference import (
    GPT2,
    AdamW,
    Configuration,
    CosineSchedule,
    OptimizerSettings,
    random_model,
    train_step,
)
from llmc_files import TokenLoader, read_checkpoint, write_checkpoint

# Last, because the modules above say what to install when something is missing.
import torch

GPT2_VOCABULARY = 50257


def initial_model(source: str, seed: int) -> GPT2:
    """Reads a checkpoint, or makes a random model from `layers=..,heads=..,channels=..`."""
    if "=" not in source:
        return read_checkpoint(Path(source))
    sizes = {"context": 1024, "vocabulary": GPT2_VOCABULARY}
    required = {"layers", "heads", "channels"}
    for item in source.split(","):
        name, _, size = item.partition("=")
        if name not in sizes.keys() | required or not size.isdecimal():
            raise ValueError(
                f"--init: '{item}' is not one of layers, heads, channels, context and vocabulary "
                "followed by = and a number"
            )
        sizes[name] = int(size)
    if missing := required - sizes.keys():
        raise ValueError(f"--init: {', '.join(sorted(missing))} must be given as well")
    configuration = Configuration(
        sizes["context"], sizes["vocabulary"], sizes["layers"], sizes["heads"], sizes["channels"]
    )
    return random_model(configuration, seed)


def micro_batches_per_step(total: int | None, B: int, T: int) -> int:
    """Returns how many micro-batches make up `total` tokens (one, when it is not given)."""
    if total is None:
        return 1
    if total < B * T or total % (B * T) != 0:
        raise ValueError(
            f"--total-batch-tokens {total} must be a multiple of "
            f"batch size x sequence length = {B * T}"
        )
    return total // (B * T)


def train(model: GPT2, options: argparse.Namespace) -> None:
    """Trains in place, printing a line for each step."""
    context = model.configuration.max_sequence_length
    B, T = options.batch_size, options.sequence_length or min(1024, context)
    if T > context:
        raise ValueError(f"--sequence-length {T} is more than the model's context of {context}")
    accumulation = micro_batches_per_step(options.total_batch_tokens, B, T)
    paths = [Path(path) for path in sorted(glob.glob(options.train_data or ""))]
    if not paths:
        raise ValueError(f"--train-data: no file matches '{options.train_data or ''}'")
    loader = TokenLoader(paths, B, T, options.shuffle)
    largest = max(int(shard.max()) for shard in loader.shards)
    if largest >= model.configuration.vocabulary_size:
        raise ValueError(
            f"--train-data: holds token {largest}, but the model's vocabulary is "
            f"{model.configuration.vocabulary_size}"
        )
    schedule = CosineSchedule(
        options.learning_rate,
        options.warmup_steps,
        options.steps,
        options.final_learning_rate_fraction,
    )
    settings = OptimizerSettings(
        options.beta1, options.beta2, options.epsilon, options.weight_decay, options.grad_clip
    )
    optimizer = AdamW(model, settings)
    for step in range(options.steps):
        batches = [loader.next_batch() for _ in range(accumulation)]
        learning_rate = schedule.learning_rate(step)
        loss, norm = train_step(model, optimizer, batches, learning_rate)
        metrics = {
            "step": step + 1,
            "train_loss": loss,
            "learning_rate": learning_rate,
            "grad_norm": norm,
        }
        print(json.dumps(metrics), flush=True)


def parse_options() -> argparse.Namespace:
    """Reads the command line; the defaults are `swiftlet train`'s."""
    parser = argparse.ArgumentParser(description="Train a GPT-2 with PyTorch, as a reference.")
    add = parser.add_argument
    add(
        "--init",
        required=True,
        metavar="SOURCE",
        help="an llm.c float32 checkpoint, or layers=L,heads=NH,channels=C[,context=T]"
        "[,vocabulary=V] for random weights",
    )
    add("--save-init", type=Path, metavar="FILE", help="write the starting weights here")
    add("--save", type=Path, metavar="FILE", help="write the trained weights here")
    add("--train-data", metavar="GLOB", help="llm.c token shards")
    add("--steps", type=int, required=True, help="optimizer steps; 0 only makes the model")
    add("--batch-size", type=int, default=4)
    add("--sequence-length", type=int, help="default: 1024, or the context if shorter")
    add("--total-batch-tokens", type=int, help="default: batch size x sequence length")
    add("--learning-rate", type=float, default=3e-4)
    add("--warmup-steps", type=int, default=0)
    add("--final-learning-rate-fraction", type=float, default=0.0)
    add("--weight-decay", type=float, default=0.1)
    add("--beta1", type=float, default=0.9)
    add("--beta2", type=float, default=0.95)
    add("--epsilon", type=float, default=1e-8)
    add("--grad-clip", type=float, default=1.0)
    add("--shuffle", action=argparse.BooleanOptionalAction, default=True)
    add("--seed", type=int, default=42, help="of random weights")
    add("--threads", type=int, help="default: PyTorch's")
    return parser.parse_args()


def main() -> None:
    """Makes or reads the model, trains it, and saves what was asked for."""
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        model = initial_model(options.init, options.seed)
        if options.save_init:
            write_checkpoint(options.save_init, model)
        if options.steps > 0:
            train(model, options)
        if options.save:
            write_checkpoint(options.save, model)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
