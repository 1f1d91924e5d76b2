"""Writes the results of training LoRA adapters of small random models with PEFT and PyTorch.

Run it from anywhere, with PyTorch 2, transformers, PEFT and NumPy
(python3 -m pip install torch transformers peft numpy), after export_gpt2_fixtures.py and
export_llama_fixtures.py, for whose models the adapters are:

    python3 scripts/export_lora_training_fixtures.py [--output Tests/ParityTests/Fixtures/Training]

It writes
  LORA/, LORA-trained/          an adapter as PEFT writes it before the steps, and after them
  LORA_tokens.bin               an llm.c shard: the micro-batches of the steps, in loader order
  LORA_merged.safetensors       the matrices that it changes, with the trained adapter merged
  training.json, "adapters"     everything else; README.md beside the folder explains the keys
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import torch
from fixture_models import (
    ACCUMULATION,
    FIXTURES,
    deviation,
    load,
    output_folder,
    random_tokens,
    record,
    settings,
    steps,
)
from llmc_files import write_shard
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file

# The model, and PEFT's settings. The second of each starts with a B that is not zero, like an
# adapter that has been trained before.
ADAPTERS = {
    "lora-gpt2": ("GPT2/plain", ["attn.c_attn", "attn.c_proj"], False),
    "lora-gpt2-mlp": ("GPT2/plain", ["c_attn", "c_proj", "c_fc"], True),
    "lora-llama": ("Llama/grouped", ["q_proj", "k_proj", "v_proj", "o_proj"], False),
    "lora-llama-mlp": (
        "Llama/grouped",
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        True,
    ),
}
ADAPTER_STEPS, ADAPTER_LEARNING_RATE, ADAPTER_B, ADAPTER_T = 20, 1e-2, 2, 17
RANK, ALPHA = 4, 8


def save_adapter(model: PeftModel, path: Path) -> None:
    """Writes an adapter as PEFT does, without the model's path."""
    model.save_pretrained(path)
    (path / "README.md").unlink(missing_ok=True)
    config = json.loads((path / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = None
    config["target_modules"].sort()  # PEFT has a set, whose order is another in every process
    text = json.dumps(config, indent=2, sort_keys=True)
    (path / "adapter_config.json").write_text(text + "\n")


def save_merged(model: PeftModel, path: Path) -> None:
    """Merges an adapter as PEFT does, and writes the matrices that it changes."""
    changed = {
        key.removeprefix("base_model.model.").replace(".lora_A.default", "")
        for key, _ in model.named_parameters()
        if "lora_A" in key
    }
    merged = model.merge_and_unload()
    state = {key: w for key, w in merged.state_dict().items() if key in changed}
    assert len(state) == len(changed)
    save_file({key: w.contiguous() for key, w in state.items()}, path)


def export_adapter(name: str, output: Path) -> dict:
    """Writes an adapter before and after its steps, and returns the rest."""
    path, targets, has_been_trained = ADAPTERS[name]
    seed = 20 + list(ADAPTERS).index(name)
    torch.manual_seed(seed)
    base = load(path)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=RANK,
        lora_alpha=ALPHA,
        target_modules=targets,
        fan_in_fan_out=path.startswith("GPT2"),
    )
    model = get_peft_model(base, config).eval()
    if has_been_trained:
        for key, parameter in model.named_parameters():
            if "lora_B" in key:
                parameter.data.normal_(0, 0.1)
    save_adapter(model, output / name)

    generator = torch.Generator().manual_seed(seed)
    shard = output / f"{name}_tokens.bin"
    count = ADAPTER_STEPS * ACCUMULATION * ADAPTER_B * ADAPTER_T + 1
    write_shard(shard, random_tokens(count, base.config.vocab_size, generator))
    arguments = (shard, ADAPTER_B, ADAPTER_T, ADAPTER_STEPS, ADAPTER_LEARNING_RATE, 0.0)
    double = copy.deepcopy(model).double()
    trained, exactly = steps(model, *arguments), steps(double, *arguments)
    save_adapter(model, output / f"{name}-trained")
    if has_been_trained:
        save_merged(model, output / f"{name}_merged.safetensors")
    return {
        "model": path,
        "batch_size": ADAPTER_B,
        "sequence_length": ADAPTER_T,
        "micro_batches_per_step": ACCUMULATION,
        "optimizer": settings(ADAPTER_LEARNING_RATE, 0.0),
        "steps": trained,
        "float64_deviation": {"losses": deviation(trained, exactly)},
    }


def main() -> None:
    """Writes the fixtures."""
    output = output_folder(__doc__, FIXTURES / "Training")
    record(output, "adapters", {name: export_adapter(name, output) for name in ADAPTERS})


if __name__ == "__main__":
    main()
