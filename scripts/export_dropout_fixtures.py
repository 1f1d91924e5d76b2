"""Writes transformers' results with dropout, made to drop what Swiftlet drops.

Normally PyTorch's generator decides what is dropped. Here its dropout is replaced by one that
drops the elements that Swiftlet's rule picks, computed independently with NumPy; the loss and the
gradients are PyTorch's.

Run it from anywhere, with PyTorch, transformers and NumPy, after export_llama_training_fixtures.py,
whose models and tokens it takes:

    python3 scripts/export_dropout_fixtures.py [--output Tests/ParityTests/Fixtures/Dropout]

It writes
  NAME_gradients.safetensors    of the first micro-batch, float32
  dropout.json                  the rate, the key, and the losses
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from fixture_models import FIXTURES, load, output_folder, plain_loss
from llmc_files import TokenLoader
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

MODELS = ["gpt2", "grouped"]
RATE, KEY = 0.3, 0x1234_5678_9ABC_DEF0

# The places, with Swiftlet's numbers.
EMBEDDING, ATTENTION_PROBABILITIES, ATTENTION_OUTPUT, FEED_FORWARD_OUTPUT = range(4)
ROW = 1 << 16  # elements of a stream that share a seed
GOLDEN, MASK64 = 0x9E37_79B9_7F4A_7C15, (1 << 64) - 1


def mix(x: int) -> int:
    """Returns SplitMix64's mixing of 64 bits."""
    x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9 & MASK64
    x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB & MASK64
    return x ^ (x >> 31)


def choice(key: int, index: int) -> int:
    """Returns the key of an index."""
    return mix(key + (index + 1) * GOLDEN & MASK64)


def row_numbers(key: int, row: int, width: int) -> np.ndarray:
    """Returns the numbers of a row's columns, uint32."""
    seed = mix(mix(key + GOLDEN & MASK64) + row * GOLDEN & MASK64)
    low, high = np.uint32(seed & 0xFFFF_FFFF), np.uint32(seed >> 32)
    x = np.arange(width, dtype=np.uint32) * np.uint32(0x9E37_79B1) + low
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB_352D)
    x = ((x ^ (x >> np.uint32(15))) + high) * np.uint32(0x846C_A68B)
    return x ^ (x >> np.uint32(16))


def factors(numbers: np.ndarray) -> Tensor:
    """Returns what elements are multiplied by: 0 for those dropped."""
    rate = np.float32(RATE)
    threshold = np.uint32(int(float(rate) * 2.0**32))
    scale = np.float32(1) / (np.float32(1) - rate)
    return torch.from_numpy(np.where(numbers < threshold, np.float32(0), scale))


def drop_stream(site: int, layer: int) -> Callable[[Tensor], Tensor]:
    """Returns a dropout of what is added to the residual stream."""
    key = choice(choice(KEY, layer), site)

    def drop(x: Tensor) -> Tensor:
        rows = (x.numel() + ROW - 1) // ROW
        numbers = np.concatenate([row_numbers(key, row, ROW) for row in range(rows)])
        return x * factors(numbers[: x.numel()]).reshape(x.shape)

    return drop


def drop_probabilities(layer: int) -> Callable[[Tensor], Tensor]:
    """Returns a dropout of attention's probabilities, (B, NH, T, T)."""
    key = choice(choice(KEY, layer), ATTENTION_PROBABILITIES)

    def drop(x: Tensor) -> Tensor:
        T = x.shape[-1]
        rows = [row_numbers(key, row, T) for row in range(x.numel() // T)]
        return x * factors(np.stack(rows)).reshape(x.shape)

    return drop


class Drop(torch.nn.Module):
    """Replaces a dropout of PyTorch's in a GPT-2."""

    def __init__(self, drop: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(x)


def drop_in_gpt2(model: PreTrainedModel) -> None:
    """Replaces the dropouts of a GPT-2, except for that of the probabilities."""
    model.transformer.drop = Drop(drop_stream(EMBEDDING, 0))
    for layer, block in enumerate(model.transformer.h):
        block.attn.resid_dropout = Drop(drop_stream(ATTENTION_OUTPUT, layer))
        block.mlp.dropout = Drop(drop_stream(FEED_FORWARD_OUTPUT, layer))


def drop_in_llama(model: PreTrainedModel) -> None:
    """Gives a Llama the same, which transformers does not."""

    def after(module: torch.nn.Module, drop: Callable[[Tensor], Tensor]) -> None:
        module.register_forward_hook(lambda _, __, output: drop(output))

    after(model.model.embed_tokens, drop_stream(EMBEDDING, 0))
    for layer, block in enumerate(model.model.layers):
        after(block.self_attn.o_proj, drop_stream(ATTENTION_OUTPUT, layer))
        after(block.mlp.down_proj, drop_stream(FEED_FORWARD_OUTPUT, layer))


def export(name: str, run: dict, output: Path) -> float:
    """Writes one model's gradients, and returns its loss."""
    path, B, T = run["model"], run["batch_size"], run["sequence_length"]
    model = load(path)
    shard = FIXTURES / "Training" / f"{name}_tokens.bin"
    inputs, targets = TokenLoader([shard], B, T, shuffle=False).next_batch()
    # Eager attention calls this once per layer.
    original, layers = F.dropout, iter(range(model.config.num_hidden_layers))
    F.dropout = lambda x, **_: drop_probabilities(next(layers))(x)
    try:
        (drop_in_gpt2 if path.startswith("GPT2") else drop_in_llama)(model)
        loss = plain_loss(model, inputs, targets)
    finally:
        F.dropout = original
    loss.backward()
    gradients = {key: p.grad.clone() for key, p in model.named_parameters()}
    save_file(gradients, output / f"{name}_gradients.safetensors")
    return loss.item()


def main() -> None:
    """Writes every fixture."""
    output = output_folder(__doc__, FIXTURES / "Dropout")
    np.seterr(over="ignore")  # products of uint32 wrap on purpose
    runs = json.loads((FIXTURES / "Training" / "training.json").read_text())["models"]
    losses = {name: export(name, runs[name], output) for name in MODELS}
    record = {"rate": RATE, "key": KEY, "losses": losses}
    (output / "dropout.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
