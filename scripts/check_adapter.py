#!/usr/bin/env python3
"""Trains adapters of small models with `swiftlet train`, and checks with PEFT what was written.

PEFT loads each run's adapter/ on top of the same model, which must then predict what ours does;
merged into it, the weights must be those of `swiftlet convert RUN`.

Install once: python3 -m pip install torch transformers peft tokenizers

    scripts/check_adapter.py            # a GPT-2 and a Llama, attention only and with the MLPs

SWIFTLET names the command; the default is the release build here. Prints the largest
differences, and exits with 1 if one is over 1e-4.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peft import PeftModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

REPOSITORY = Path(__file__).resolve().parent.parent
SWIFTLET = os.environ.get("SWIFTLET", str(REPOSITORY / ".build" / "release" / "swiftlet"))
LARGEST_DIFFERENCE = 1e-4
TEXT = "the quick brown fox jumps over the lazy dog. " * 20
PROMPT = "a lazy fox jumps"


def byte_tokenizer() -> Tokenizer:
    """A tokenizer with a token for each byte, and one for the end of text."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: index for index, letter in enumerate(letters)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def write_models(directory: Path, tokenizer: Tokenizer) -> list[Path]:
    """Writes a GPT-2 and a Llama with fewer heads of keys than of queries, both random."""
    torch.manual_seed(1)
    common = {"vocab_size": 257, "bos_token_id": 256, "eos_token_id": 256, "initializer_range": 0.2}
    gpt2 = GPT2Config(n_positions=64, n_embd=24, n_layer=2, n_head=3, **common)
    llama = LlamaConfig(
        max_position_embeddings=64,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        tie_word_embeddings=False,
        **common,
    )
    made = {"gpt2": GPT2LMHeadModel(gpt2), "llama": LlamaForCausalLM(llama)}
    for name, model in made.items():
        model.save_pretrained(directory / name)
        tokenizer.save(str(directory / name / "tokenizer.json"))
    return [directory / name for name in made]


def swiftlet(*arguments: str | Path) -> str:
    """Runs a command and returns what it prints."""
    done = subprocess.run([SWIFTLET, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"swiftlet {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def predictions(model: torch.nn.Module, tokens: list[int]) -> tuple[list[float], dict[int, float]]:
    """The loss of each token but the first, and the log-probabilities of the next token."""
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0]
    log_probabilities = torch.log_softmax(logits, -1)
    losses = [-log_probabilities[i, token].item() for i, token in enumerate(tokens[1:])]
    return losses, dict(enumerate(log_probabilities[-1].tolist()))


def check(base: Path, targets: str, tokens: list[int]) -> bool:
    """Trains an adapter and prints how far PEFT is from us; returns whether that is close."""
    directory = base.parent
    text = directory / "text.txt"
    text.write_text(TEXT)
    run = directory / f"{base.name}-{targets}"
    swiftlet(
        *("train", "--init", base, "--text", text, "--output", run, "--steps", "20"),
        *("--batch-size", "4", "--sequence-length", "32", "--learning-rate", "1e-2"),
        *("--lora-rank", "3", "--lora-alpha", "7", "--lora-targets", targets),
    )
    found = json.loads(
        swiftlet("inspect", "next", "--model", run, "--prompt", PROMPT, "--top", "257", "--json")
    )
    assert found["tokens"] == tokens, "the tokens of a prompt differ"
    plain = AutoModelForCausalLM.from_pretrained(base)
    before, _ = predictions(plain, tokens)
    model = PeftModel.from_pretrained(plain, run / "adapter").eval()
    losses, following = predictions(model, tokens)
    differences = [abs(a - b) for a, b in zip(found["losses"][1:], losses, strict=True)]
    differences += [
        abs(math.log(each["probability"]) - following[each["token"]]) for each in found["next"]
    ]
    change = max(abs(a - b) for a, b in zip(before, losses, strict=True))

    merged = directory / f"{run.name}-merged"
    swiftlet("convert", run, merged, "--to", "safetensors")
    ours = AutoModelForCausalLM.from_pretrained(merged).state_dict()
    theirs = model.merge_and_unload().state_dict()
    assert ours.keys() == theirs.keys(), "the merged models have other tensors"
    weights = max((ours[name] - theirs[name]).abs().max().item() for name in ours)
    print(
        f"{base.name}, {targets}: log-probabilities within {max(differences):.1e} of PEFT's, "
        f"which training moved by up to {change:.2f}; merged weights within {weights:.1e}"
    )
    return max(*differences, weights) <= LARGEST_DIFFERENCE and change > 0.1


def main() -> None:
    tokenizer = byte_tokenizer()
    tokens = tokenizer.encode(PROMPT).ids
    with tempfile.TemporaryDirectory() as directory:
        bases = write_models(Path(directory), tokenizer)
        near = [
            check(base, targets, tokens)
            for base in bases
            for targets in ("attention", "attention,mlp")
        ]
    sys.exit(0 if all(near) else 1)


if __name__ == "__main__":
    main()
