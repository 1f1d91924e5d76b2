"""Compares a debug state file with what our PyTorch GPT-2 computes from its model.

It shows that gpt2_reference.py is itself right when the state is llm.c's own, and that fixtures
are whole when it is ours.

Install once: python3 -m pip install torch numpy

    python3 scripts/check_debug_state.py gpt2_124M.bin gpt2_124M_debug_state.bin

Prints the largest difference of each tensor, relative to the tensor's largest value, and exits
with 1 if any is above --tolerance.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gpt2_reference import DebugState, debug_state
from llmc_files import read_checkpoint, read_debug_state

# Last, because the modules above say what to install when something is missing.
import torch
from torch import Tensor


def outputs(state: DebugState) -> dict[str, Tensor]:
    """Names everything that a pass computes."""
    return {"logits": state.logits, "loss": torch.tensor(state.loss), **state.gradients}


def relative_difference(value: Tensor, expected: Tensor) -> float:
    """Returns max |value - expected| / max |expected|, and 0 if both are all zero."""
    difference = (value - expected).abs().max()
    return (difference / expected.abs().max()).item() if difference > 0 else 0.0


def main() -> None:
    """Compares the two files named on the command line."""
    parser = argparse.ArgumentParser(description="Check a debug state against PyTorch.")
    parser.add_argument("model", type=Path, help="an llm.c float32 checkpoint")
    parser.add_argument("state", type=Path, help="an llm.c debug state of that model")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="default: %(default)s")
    options = parser.parse_args()
    try:
        model = read_checkpoint(options.model)
        expected = read_debug_state(options.state, model.configuration)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")

    actual = outputs(debug_state(model, expected.tokens, expected.targets))
    worst = 0.0
    for name, value in outputs(expected).items():
        difference = relative_difference(actual[name], value)
        worst = max(worst, difference)
        print(f"{name:10} {difference:.2e}")
    if not worst <= options.tolerance:  # also for NaN
        sys.exit(f"error: {worst:.2e} is above the tolerance of {options.tolerance:.2e}")


if __name__ == "__main__":
    main()
