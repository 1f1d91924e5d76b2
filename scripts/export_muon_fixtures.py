"""Writes the results of PyTorch's Muon for small random matrices.

Run it from anywhere, with PyTorch 2.13, transformers and NumPy
(python3 -m pip install torch transformers numpy):

    python3 scripts/export_muon_fixtures.py [--output Tests/ParityTests/Fixtures/Training]

It writes
  muon.safetensors       matrices, gradients, and the matrices after steps
  training.json, "muon"  the settings; README.md beside the folder explains the keys
"""

from __future__ import annotations

from pathlib import Path

import torch
from fixture_models import FIXTURES, output_folder, record
from safetensors.torch import save_file
from torch import Tensor

MUON = {
    "match_rms_adamw": {
        "lr": 0.003,
        "weight_decay": 0.1,
        "momentum": 0.95,
        "adjust_lr_fn": "match_rms_adamw",
    },
}
MUON_SHAPES, MUON_STEPS = {"wide": (6, 15), "tall": (13, 5)}, 4


def muon_steps(matrix: Tensor, grads: list[Tensor], options: dict) -> Tensor:
    """Returns a matrix after steps of torch.optim.Muon with given gradients."""
    parameter = torch.nn.Parameter(matrix.clone())
    optimizer = torch.optim.Muon([parameter], nesterov=True, **options)
    for grad in grads:
        parameter.grad = grad.clone()
        optimizer.step()
    return parameter.detach()


def export_muon(output: Path) -> dict:
    """Writes matrices before and after steps of Muon.

    PyTorch's orthogonalizes in bfloat16. The result of the same code without that rounding is
    written too, for an optimizer that works in float32.
    """
    generator = torch.Generator().manual_seed(31)
    tensors: dict[str, Tensor] = {}
    for shape_name, shape in MUON_SHAPES.items():
        matrix = torch.randn(shape, generator=generator) * 0.3
        grads = [torch.randn(shape, generator=generator) for _ in range(MUON_STEPS)]
        tensors[f"{shape_name}.initial"] = matrix
        tensors |= {f"{shape_name}.gradient.{i}": grad for i, grad in enumerate(grads)}
        for name, options in MUON.items():
            tensors[f"{shape_name}.{name}.bfloat16"] = muon_steps(matrix, grads, options)
            rounded = torch.Tensor.bfloat16
            torch.Tensor.bfloat16 = lambda tensor: tensor.clone()
            try:
                tensors[f"{shape_name}.{name}.float32"] = muon_steps(matrix, grads, options)
            finally:
                torch.Tensor.bfloat16 = rounded
    save_file(tensors, output / "muon.safetensors")
    common = {"nesterov": True, "iterations": 5, "epsilon": 1e-7, "steps": MUON_STEPS}
    return {
        name: {
            "learning_rate": options["lr"],
            "weight_decay": options["weight_decay"],
            "momentum": options["momentum"],
            **common,
        }
        for name, options in MUON.items()
    }


def main() -> None:
    """Writes the fixtures."""
    output = output_folder(__doc__, FIXTURES / "Training")
    record(output, "muon", export_muon(output))


if __name__ == "__main__":
    main()
