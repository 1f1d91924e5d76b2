"""Writes how far PyTorch's bfloat16 is from its float32, on the models of the parity tests.

Run it after export_parity_fixtures.py, with PyTorch 2 and NumPy:

    python3 scripts/export_bfloat16_fixtures.py [--fixtures Tests/ParityTests/Fixtures]

Training at bfloat16 cannot be compared element by element: two correct programs round in different
places. What can be compared is the distance to float32. So this runs the same passes and steps as
export_parity_fixtures.py under torch.autocast, and records for each result its distance to float32
in NAME_bfloat16.json; Swiftlet's may not be much larger.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

from export_parity_fixtures import DEFAULT_OUTPUT, FIXTURES, train
from gpt2_reference import debug_state
from llmc_files import read_checkpoint, read_debug_state

# Last, because the modules above say what to install when something is missing.
import torch
from torch import Tensor


def relative_distance(found: Tensor, expected: Tensor) -> float:
    """Returns the norm of the difference, as a fraction of the expected norm."""
    return ((found.double() - expected.double()).norm() / expected.double().norm()).item()


def export(name: str, B: int, T: int, directory: Path) -> None:
    """Writes the distances for one fixture."""
    model = read_checkpoint(directory / f"{name}_model.bin")
    batch = read_debug_state(directory / f"{name}_debug_state.bin", model.configuration)
    exact = debug_state(model, batch.tokens, batch.targets)
    exact_steps = train(copy.deepcopy(model), directory / f"{name}_tokens.bin", B, T)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = debug_state(model, batch.tokens, batch.targets)
        steps = train(copy.deepcopy(model), directory / f"{name}_tokens.bin", B, T)
    record = {
        "logits": relative_distance(rounded.logits, exact.logits),
        "loss": abs(rounded.loss - exact.loss),
        "gradients": {
            tensor: relative_distance(gradient, exact.gradients[tensor])
            for tensor, gradient in rounded.gradients.items()
        },
        "train_losses": [
            abs(step["train_loss"] - other["train_loss"])
            for step, other in zip(steps, exact_steps)
        ],
    }
    (directory / f"{name}_bfloat16.json").write_text(json.dumps(record, indent=2) + "\n")


def main() -> None:
    """Writes the distances of every fixture."""
    parser = argparse.ArgumentParser(
        description="Write how far PyTorch's bfloat16 is from float32."
    )
    parser.add_argument(
        "--fixtures", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s"
    )
    directory = parser.parse_args().fixtures
    torch.set_num_threads(1)
    for fixture in FIXTURES:
        export(fixture.name, fixture.B, fixture.T, directory)


if __name__ == "__main__":
    main()
