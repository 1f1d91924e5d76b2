"""Writes what transformers, PEFT and PyTorch's Muon make of training small random models.

Run it from anywhere, with PyTorch 2.13, transformers, PEFT and NumPy
(python3 -m pip install torch transformers peft numpy), after export_gpt2_fixtures.py and
export_llama_fixtures.py, most of whose models it trains:

    python3 scripts/export_llama_training_fixtures.py [--output Tests/ParityTests/Fixtures/Training]

It writes
  tied/, odd/                   two more Llamas
  NAME_tokens.bin               an llm.c shard: the micro-batches of the steps, in loader order
  NAME_gradients.safetensors    of the first micro-batch ("plain."), and of a batch of several
                                documents a row, some of whose tokens do not count ("documents.")
  NAME_final.safetensors        some of the weights after the steps
  LORA/, LORA-trained/          an adapter as PEFT writes it before the steps, and after them
  LORA_merged.safetensors       the matrices that it changes, with the trained adapter merged
  muon.safetensors              matrices, gradients, and the matrices after steps of Muon
  training.json                 everything else; README.md beside the folder explains the keys
All values are float32. What float64 makes of the losses is given too, so that a test's tolerance
can be judged.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from llmc_files import TokenLoader, write_shard
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel

FIXTURES = Path(__file__).resolve().parent.parent / "Tests" / "ParityTests" / "Fixtures"

ACCUMULATION = 2
BETAS, EPSILON, WEIGHT_DECAY, GRAD_CLIP = (0.9, 0.95), 1e-8, 0.1, 1.0
IGNORED = -100
FINAL_SAMPLES = 64

# The model, B, T and the seed of the data.
MODELS = {
    "tied": ("Training/tied", 2, 24, 11),
    "grouped": ("Llama/grouped", 2, 31, 12),
    "odd": ("Training/odd", 3, 19, 13),
    "gpt2": ("GPT2/plain", 2, 23, 14),
}
STEPS, LEARNING_RATE = 10, 1e-3

# The model, and what PEFT is told. The second of each begins with a B that is not zero, as an
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

MUON = {
    "original": {"lr": 0.02, "weight_decay": 0.1, "momentum": 0.95, "adjust_lr_fn": "original"},
    "match_rms_adamw": {
        "lr": 0.003,
        "weight_decay": 0.1,
        "momentum": 0.9,
        "adjust_lr_fn": "match_rms_adamw",
    },
}
MUON_SHAPES, MUON_STEPS = {"wide": (6, 15), "tall": (13, 5)}, 4


def write_llama(path: Path, seed: int, **sizes) -> None:
    """Writes a Llama whose weights are large enough for softmax and SiLU to be far from linear."""
    model = LlamaForCausalLM(LlamaConfig(bos_token_id=1, eos_token_id=2, **sizes))
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name.endswith("norm.weight"):
            parameter.data.uniform_(0.5, 1.5, generator=generator)
        else:
            parameter.data.normal_(0, 0.3, generator=generator)
    model.save_pretrained(path)
    (path / "generation_config.json").unlink(missing_ok=True)


def write_llamas(output: Path) -> None:
    """Writes the two that no other fixture has."""
    write_llama(
        output / "tied",
        6,
        vocab_size=29,
        hidden_size=16,
        intermediate_size=28,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        tie_word_embeddings=True,
    )
    # Its heads together are wider than its channels, and no size is round.
    write_llama(
        output / "odd",
        7,
        vocab_size=37,
        hidden_size=24,
        intermediate_size=22,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=1,
        head_dim=10,
        max_position_embeddings=256,
        rms_norm_eps=1e-6,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 500000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            # Of a head's five pairs, the first keeps its pace and the second is between.
            "original_max_position_embeddings": 128,
        },
        tie_word_embeddings=False,
    )


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


def documents_batch(B: int, T: int, vocabulary_size: int, generator: torch.Generator) -> dict:
    """Draws rows of T + 1 tokens that hold several documents, some tokens of which do not count.

    The first token of a document never counts: nothing before it says what it is.
    """
    rows, labels, starts = [], [], []
    for row in range(B):
        tokens = random_tokens(T + 1, vocabulary_size, generator)
        ends = sorted(torch.randperm(T - 1, generator=generator)[: 1 + row % 3].add(1).tolist())
        begins = [0, *ends]
        start = [max(b for b in begins if b <= t) for t in range(T + 1)]
        counts = torch.rand(T + 1, generator=generator) < 0.6
        counts[begins] = False
        rows.append(tokens.tolist())
        labels.append(torch.where(counts, tokens, IGNORED).tolist())
        starts.append(start)
    return {"tokens": rows, "labels": labels, "starts": starts}


def documents_loss(model: PreTrainedModel, batch: dict) -> Tensor:
    """Returns transformers' own loss of rows of documents that do not see each other."""
    starts = torch.tensor(batch["starts"])
    positions = torch.arange(starts.shape[1])
    sees = positions[None, None, :] <= positions[None, :, None]
    sees = sees & (positions[None, None, :] >= starts[:, :, None])
    mask = torch.zeros(sees.shape, dtype=model.dtype).masked_fill(
        ~sees, torch.finfo(model.dtype).min
    )
    return model(
        input_ids=torch.tensor(batch["tokens"]),
        attention_mask=mask[:, None],
        position_ids=positions - starts,
        labels=torch.tensor(batch["labels"]),
        use_cache=False,
    ).loss


def plain_loss(model: torch.nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Returns the mean loss of a batch of whole rows."""
    logits = model(input_ids=inputs, use_cache=False).logits
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def gradients(model: PreTrainedModel, loss: Tensor, prefix: str) -> dict[str, Tensor]:
    """Returns every parameter's gradient; a tied classifier's is part of the embedding's."""
    model.zero_grad()
    loss.backward()
    return {prefix + name: p.grad.clone() for name, p in model.named_parameters()}


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


def final_samples(model: PreTrainedModel) -> dict[str, Tensor]:
    """Returns up to some 64 values of every parameter, at even distances.

    Biases of queries, keys and values are left out: the gradient of a key's is zero, and AdamW
    turns the rounding noise that remains into steps of full size.
    """
    return {
        name: p.detach().flatten()[:: max(1, p.numel() // FINAL_SAMPLES)].clone()
        for name, p in model.named_parameters()
        if not name.endswith("c_attn.bias")
    }


def settings(learning_rate: float, weight_decay: float) -> dict:
    """Returns the optimiser's settings for the record."""
    return {
        "learning_rate": learning_rate,
        "beta1": BETAS[0],
        "beta2": BETAS[1],
        "epsilon": EPSILON,
        "weight_decay": weight_decay,
        "grad_clip": GRAD_CLIP,
    }


def export_model(name: str, output: Path) -> dict:
    """Writes one model's gradients and steps, and returns the rest."""
    path, B, T, seed = MODELS[name]
    generator = torch.Generator().manual_seed(seed)
    model, double = load(path), load(path, torch.float64)
    V = model.config.vocab_size
    shard = output / f"{name}_tokens.bin"
    write_shard(shard, random_tokens(STEPS * ACCUMULATION * B * T + 1, V, generator))
    first = TokenLoader([shard], B, T, shuffle=False).next_batch()
    documents = documents_batch(B, T, V, generator)

    loss = plain_loss(model, *first)
    documented = documents_loss(model, documents)
    found = gradients(model, loss, "plain.") | gradients(model, documented, "documents.")
    exact = gradients(double, plain_loss(double, *first), "plain.")
    exact |= gradients(double, documents_loss(double, documents), "documents.")
    worst = max(
        ((found[key].double() - exact[key]).norm() / exact[key].norm()).item()
        for key in found
        # A key's bias shifts all scores of a row alike, so its gradient is zero.
        if exact[key].norm() > 1e-12
    )
    if name == "gpt2":
        # The parity tests of GPT-2 itself have those.
        found = {key: g for key, g in found.items() if key.startswith("documents.")}
    save_file(found, output / f"{name}_gradients.safetensors")

    model.zero_grad(), double.zero_grad()
    arguments = (shard, B, T, STEPS, LEARNING_RATE, WEIGHT_DECAY)
    trained, exactly = steps(model, *arguments), steps(double, *arguments)
    save_file(final_samples(model), output / f"{name}_final.safetensors")
    return {
        "model": path,
        "batch_size": B,
        "sequence_length": T,
        "micro_batches_per_step": ACCUMULATION,
        "loss": loss.item(),
        "documents": documents | {"loss": documented.item()},
        "optimizer": settings(LEARNING_RATE, WEIGHT_DECAY),
        "steps": trained,
        "float64_deviation": {"gradients": worst, "losses": deviation(trained, exactly)},
    }


def save_adapter(model: PeftModel, path: Path) -> None:
    """Writes an adapter as PEFT does, less what says where the model lay."""
    model.save_pretrained(path)
    (path / "README.md").unlink(missing_ok=True)
    config = json.loads((path / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = None
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

    PyTorch's orthogonalises in bfloat16. What the same code does without that rounding is written
    too, for an optimiser that works in float32.
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
    """Writes every fixture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=FIXTURES / "Training")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # the order of additions must not depend on the machine's cores
    write_llamas(FIXTURES / "Training")
    record = {
        "models": {name: export_model(name, output) for name in MODELS},
        "adapters": {name: export_adapter(name, output) for name in ADAPTERS},
        "muon": export_muon(output),
    }
    (output / "training.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
