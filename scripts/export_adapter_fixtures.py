"""Writes small LoRA adapters as PEFT saves them, and the logits of the models with them.

Run it from anywhere, with PyTorch 2, transformers and PEFT
(python3 -m pip install torch transformers peft), after export_gpt2_fixtures.py and
export_llama_fixtures.py, whose models the adapters are for:

    python3 scripts/export_adapter_fixtures.py [--output Tests/ParityTests/Fixtures/Adapters]

It writes
  gpt2/           of GPT2/plain: every linear layer, alpha / rank
  gpt2-ranks/     of GPT2/plain: layers of several ranks and alphas, alpha / sqrt(rank)
  llama/          of Llama/grouped: every linear layer, the classifier too
  llama-ranks/    of Llama/tied: layers of several ranks and alphas
  adapters.json   the model and tokens of each, and the logits that PEFT computes in float64
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

FIXTURES = Path(__file__).resolve().parent.parent / "Tests" / "ParityTests" / "Fixtures"
TOKENS = 16
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
FEED_FORWARD = ["gate_proj", "up_proj", "down_proj"]

ADAPTERS = {
    "gpt2": (
        "GPT2/plain",
        {"target_modules": ["c_attn", "c_proj", "c_fc"], "r": 3, "lora_alpha": 12},
    ),
    "gpt2-ranks": (
        "GPT2/plain",
        {
            "target_modules": ["c_attn", "c_fc", "mlp.c_proj"],
            "r": 2,
            "lora_alpha": 4,
            "use_rslora": True,
            "rank_pattern": {"h.1.attn.c_attn": 4, "c_fc": 1},
            "alpha_pattern": {"c_fc": 7, "h.0.mlp.c_proj": 1.5},
        },
    ),
    "llama": (
        "Llama/grouped",
        {"target_modules": [*ATTENTION, *FEED_FORWARD, "lm_head"], "r": 2, "lora_alpha": 3},
    ),
    "llama-ranks": (
        "Llama/tied",
        {
            "target_modules": ["q_proj", "k_proj", "v_proj", "down_proj"],
            "r": 4,
            "lora_alpha": 8,
            "layers_to_transform": [0, 2],
            "rank_pattern": {"k_proj": 1},
            "alpha_pattern": {"layers.2.self_attn.q_proj": 2},
        },
    ),
}


def write(name: str, output: Path) -> dict:
    """Writes one adapter, and returns the expected results."""
    model_name, settings = ADAPTERS[name]
    base = AutoModelForCausalLM.from_pretrained(FIXTURES / model_name, dtype=torch.float32)
    is_gpt2 = model_name.startswith("GPT2")
    model = get_peft_model(
        base, LoraConfig(task_type="CAUSAL_LM", fan_in_fan_out=is_gpt2, **settings)
    ).eval()
    generator = torch.Generator().manual_seed(len(name))
    for parameter_name, parameter in model.named_parameters():
        # B starts as zero, and the adapter would change nothing.
        if "lora_" in parameter_name:
            parameter.data.normal_(0, 0.3, generator=generator)
    model.save_pretrained(output / name)
    (output / name / "README.md").unlink()
    # The model's path does not matter.
    path = output / name / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = None
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    tokens = torch.randint(0, base.config.vocab_size, (TOKENS,), generator=generator).tolist()
    with torch.no_grad():
        logits = model.double()(torch.tensor([tokens])).logits[0].tolist()
    return {"model": model_name, "tokens": tokens, "logits": logits}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=FIXTURES / "Adapters")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    expected = {name: write(name, output) for name in ADAPTERS}
    (output / "adapters.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
