"""What the scripts that export fixtures share: their option, random Llamas, and steps of AdamW.

It needs PyTorch 2 and transformers (python3 -m pip install torch transformers).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from llmc_files import TokenLoader
from torch import Tensor
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel

FIXTURES = Path(__file__).resolve().parent.parent / "Tests" / "ParityTests" / "Fixtures"

ACCUMULATION = 2
BETAS, EPSILON, GRAD_CLIP = (0.9, 0.95), 1e-8, 1.0


def output_folder(documentation: str, default: Path) -> Path:
    """Reads --output, the only option of a script, and returns that folder, which then exists.

    It also sets PyTorch to one thread: the order of additions must not depend on the machine.
    """
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0])
    parser.add_argument("--output", type=Path, default=default)
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    return output


def random_llama(seed: int, **sizes) -> LlamaForCausalLM:
    """Returns a model whose weights are large enough for softmax and SiLU to be far from linear."""
    model = LlamaForCausalLM(LlamaConfig(bos_token_id=1, eos_token_id=2, **sizes))
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name.endswith("norm.weight"):
            parameter.data.uniform_(0.5, 1.5, generator=generator)
        else:
            parameter.data.normal_(0, 0.3, generator=generator)
    return model


def load(name: str, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """Returns a model of the fixtures, without dropout."""
    model = AutoModelForCausalLM.from_pretrained(
        FIXTURES / name, dtype=torch.float32, attn_implementation="eager"
    )
    return model.to(dtype).eval()


def random_tokens(count: int, vocabulary_size: int, generator: torch.Generator) -> Tensor:
    """Draws tokens with low ids more frequent, so that there is something to learn."""
    uniform = torch.rand(count, generator=generator)
    return (uniform.square() * vocabulary_size).long()


def plain_loss(model: torch.nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Returns the mean loss of a batch of whole rows."""
    logits = model(input_ids=inputs, use_cache=False).logits
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def steps(
    model: torch.nn.Module,
    shard: Path,
    B: int,
    T: int,
    count: int,
    learning_rate: float,
    weight_decay: float,
) -> list[dict[str, float]]:
    """Trains in place with AdamW; returns the loss and the gradient norm of each step."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in trained if p.dim() >= 2], "weight_decay": weight_decay},
            {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
        ],
        lr=learning_rate,
        betas=BETAS,
        eps=EPSILON,
    )
    loader = TokenLoader([shard], B, T, shuffle=False)
    results = []
    for _ in range(count):
        optimizer.zero_grad()
        total = 0.0
        for _ in range(ACCUMULATION):
            loss = plain_loss(model, *loader.next_batch()) / ACCUMULATION
            loss.backward()
            total += loss.item()
        norm = torch.nn.utils.clip_grad_norm_(trained, GRAD_CLIP).item()
        optimizer.step()
        results.append({"loss": total, "grad_norm": norm})
    return results


def deviation(found: list[dict], exact: list[dict]) -> float:
    """Returns how far losses in float32 are from those in float64, at worst."""
    return max(abs(a["loss"] - b["loss"]) for a, b in zip(found, exact))


def settings(learning_rate: float, weight_decay: float) -> dict:
    """Returns the optimizer's settings for the record."""
    return {
        "learning_rate": learning_rate,
        "beta1": BETAS[0],
        "beta2": BETAS[1],
        "epsilon": EPSILON,
        "weight_decay": weight_decay,
        "grad_clip": GRAD_CLIP,
    }


def record(output: Path, key: str, value: dict) -> None:
    """Puts a script's part into training.json, replacing what it wrote before."""
    path = output / "training.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known[key] = value
    ordered = {key: known[key] for key in ("models", "adapters", "muon") if key in known}
    path.write_text(json.dumps(ordered, indent=1) + "\n")
