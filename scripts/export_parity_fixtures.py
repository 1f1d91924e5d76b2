"""Writes the small random GPT-2s of the parity tests, and what they should compute.

Run it from anywhere, with PyTorch 2 and NumPy (python3 -m pip install torch numpy):

    python3 scripts/export_parity_fixtures.py [--output Tests/ParityTests/Fixtures]

It needs no data and takes seconds. Seeds are fixed, but another version of PyTorch may round
differently in the last bits, so regenerate all files together. Each fixture has
  NAME_model.bin        the starting weights, an llm.c checkpoint (version 3)
  NAME_debug_state.bin  one forward and backward pass, an llm.c debug state (version 2)
  NAME_tokens.bin       an llm.c shard: the micro-batches of the training steps, in loader order
  NAME_steps.json       the results of the training steps; README.md next to it explains the keys
The values are PyTorch's in float32. The JSON also says how far they are from float64, so that a
test's tolerance can be judged.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from gpt2_reference import (
    DECAYED_TENSORS,
    NORM_WEIGHTS,
    GPT2,
    AdamW,
    Configuration,
    CosineSchedule,
    DebugState,
    OptimizerSettings,
    debug_state,
    parameter_shapes,
    train_step,
)
from llmc_files import TokenLoader, write_checkpoint, write_debug_state, write_shard

# Last, because the modules above say what to install when something is missing.
import torch
from torch import Tensor

STEPS = 10
ACCUMULATION = 2
SETTINGS = OptimizerSettings(grad_clip=0.5)
SCHEDULE = CosineSchedule(peak=3e-3, warmup_steps=3, steps=STEPS, final_fraction=0.1)

# How many elements of each tensor the JSON gives after the last step.
FINAL_SAMPLES = 64

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "Tests" / "ParityTests" / "Fixtures"


@dataclass(frozen=True)
class Fixture:
    """A model to write, with the batch it runs on."""

    name: str
    configuration: Configuration
    B: int
    T: int
    seed: int


FIXTURES = [
    # No size divides another: head size 5, T not a multiple of any tile, a padded vocabulary.
    Fixture("odd", Configuration(64, 97, layers=3, heads=7, channels=35), B=2, T=57, seed=1),
    # Everything is a whole number of vectors, T fills the context, and nothing is padded.
    Fixture("even", Configuration(32, 128, layers=2, heads=2, channels=64), B=2, T=32, seed=2),
]


def fixture_model(configuration: Configuration, generator: torch.Generator) -> GPT2:
    """Makes a model whose weights are far larger than GPT-2's first ones.

    With 0.02 attention would be nearly uniform and GELU nearly linear; here both work in the
    range that trained models reach. No bias is zero and no layernorm is the identity.
    """
    tensors = {}
    for name, shape in parameter_shapes(configuration).items():
        values = torch.randn(shape, generator=generator)
        scale = 0.2 if name in DECAYED_TENSORS | NORM_WEIGHTS else 0.1
        tensors[name] = values * scale + (1 if name in NORM_WEIGHTS else 0)
    tensors["wte"][configuration.vocabulary_size :] = 0
    return GPT2(configuration, tensors)


def random_tokens(count: int, configuration: Configuration, generator: torch.Generator) -> Tensor:
    """Draws tokens with low ids more frequent, so that there is something to learn."""
    uniform = torch.rand(count, generator=generator)
    return (uniform.square() * configuration.vocabulary_size).long()


def train(model: GPT2, tokens: Path, B: int, T: int) -> list[dict[str, float]]:
    """Trains in place; returns the learning rate, loss and gradient norm of each step."""
    loader = TokenLoader([tokens], B, T, shuffle=False)
    optimizer = AdamW(model, SETTINGS)
    steps = []
    for step in range(STEPS):
        micro_batches = [loader.next_batch() for _ in range(ACCUMULATION)]
        learning_rate = SCHEDULE.learning_rate(step)
        loss, norm = train_step(model, optimizer, micro_batches, learning_rate)
        steps.append({"learning_rate": learning_rate, "train_loss": loss, "grad_norm": norm})
    return steps


def sample_indices(name: str, tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Picks flat indices of the elements whose final values a test can compare.

    Key biases, the middle third of qkvb, are left out. They shift all scores of a row alike and
    softmax ignores that, so their true gradient is zero, and AdamW turns the rounding noise that
    remains into steps of full size.
    """
    indices = torch.arange(tensor.numel())
    if name == "qkvb":
        C = tensor.shape[1] // 3
        position = indices % (3 * C)
        indices = indices[(position < C) | (position >= 2 * C)]
    chosen = torch.randperm(len(indices), generator=generator)[:FINAL_SAMPLES]
    return indices[chosen].sort().values


def final_parameters(model: GPT2, double: GPT2, generator: torch.Generator) -> dict[str, dict]:
    """Returns samples of every tensor and how far they are from those of the float64 model."""
    samples = {}
    for (name, parameter), exact in zip(model.named_parameters(), double.parameters()):
        indices = sample_indices(name, parameter, generator)
        values = parameter.detach().flatten()[indices]
        samples[name] = {
            "indices": indices.tolist(),
            "values": [float(f"{value:.9g}") for value in values.tolist()],  # exact in float32
            "float64_deviation": max_difference(values, exact.detach().flatten()[indices]),
        }
    return samples


def max_difference(values: Tensor, exact: Tensor) -> float:
    """Returns the largest absolute difference."""
    return (values.double() - exact).abs().max().item()


def debug_deviation(state: DebugState, exact: DebugState) -> dict[str, float | dict[str, float]]:
    """Says how far a float32 pass is from float64; gradients relative to a tensor's largest."""
    return {
        "logits": max_difference(state.logits, exact.logits),
        "loss": abs(state.loss - exact.loss),
        "gradients": {
            name: max_difference(gradient, exact.gradients[name])
            / exact.gradients[name].abs().max().item()
            for name, gradient in state.gradients.items()
        },
    }


def step_deviation(steps: list[dict[str, float]], exact: list[dict[str, float]]) -> dict:
    """Says how far the float32 steps are from float64, at worst."""
    return {
        key: max(abs(step[key] - other[key]) for step, other in zip(steps, exact))
        for key in ("train_loss", "grad_norm")
    }


def export(fixture: Fixture, directory: Path) -> None:
    """Writes the four files of a fixture."""
    c, B, T = fixture.configuration, fixture.B, fixture.T
    generator = torch.Generator().manual_seed(fixture.seed)
    model = fixture_model(c, generator)
    double = copy.deepcopy(model).double()
    write_checkpoint(directory / f"{fixture.name}_model.bin", model)

    window = random_tokens(B * T + 1, c, generator)
    batch = (window[:-1].view(B, T), window[1:].view(B, T))
    state, exact_state = debug_state(model, *batch), debug_state(double, *batch)
    write_debug_state(directory / f"{fixture.name}_debug_state.bin", state)

    tokens = directory / f"{fixture.name}_tokens.bin"
    write_shard(tokens, random_tokens(STEPS * ACCUMULATION * B * T + 1, c, generator))
    steps, exact_steps = train(model, tokens, B, T), train(double, tokens, B, T)

    record = {
        "configuration": asdict(c) | {"padded_vocabulary_size": c.padded_vocabulary_size},
        "batch_size": B,
        "sequence_length": T,
        "micro_batches_per_step": ACCUMULATION,
        "optimizer": asdict(SETTINGS),
        "steps": steps,
        "final_parameters": final_parameters(model, double, generator),
        "float64_deviation": {
            "debug_state": debug_deviation(state, exact_state),
            "steps": step_deviation(steps, exact_steps),
        },
    }
    (directory / f"{fixture.name}_steps.json").write_text(readable_json(record))


def readable_json(record: dict) -> str:
    """Formats with an indent, but with each innermost list or object on a line of its own."""
    innermost = re.compile(r"[\[{][^\[\]{}]*[\]}]")
    text = json.dumps(record, indent=2)
    return innermost.sub(lambda match: " ".join(match.group().split()), text) + "\n"


def main() -> None:
    """Writes every fixture."""
    parser = argparse.ArgumentParser(description="Write the fixtures of the parity tests.")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    directory = parser.parse_args().output
    directory.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # the order of additions must not depend on the machine's cores
    for fixture in FIXTURES:
        export(fixture, directory)


if __name__ == "__main__":
    main()
