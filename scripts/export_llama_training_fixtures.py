"""Writes the results of training small random models with transformers and PyTorch.

Run it from anywhere, with PyTorch 2, transformers and NumPy
(python3 -m pip install torch transformers numpy), after export_gpt2_fixtures.py and
export_llama_fixtures.py, some of whose models it trains:

    python3 scripts/export_llama_training_fixtures.py [--output Tests/ParityTests/Fixtures/Training]

It writes
  tied/, odd/                   two more Llamas
  NAME_tokens.bin               an llm.c shard: the micro-batches of the steps, in loader order
  NAME_gradients.safetensors    of the first micro-batch ("plain."), and of a batch of several
                                documents a row, some of whose tokens do not count ("documents.")
  NAME_final.safetensors        some of the weights after the steps
  training.json, "models"       everything else; README.md beside the folder explains the keys
All values are float32. What float64 makes of the losses is given too, so that a test's tolerance
can be judged.
"""

from __future__ import annotations

from pathlib import Path

import torch
from fixture_models import (
    ACCUMULATION,
    FIXTURES,
    deviation,
    load,
    output_folder,
    plain_loss,
    random_llama,
    random_tokens,
    record,
    settings,
    steps,
)
from llmc_files import TokenLoader, write_shard
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

IGNORED = -100
FINAL_SAMPLES = 64

# The model, B, T and the seed of the data.
MODELS = {
    "tied": ("Training/tied", 2, 24, 11),
    "grouped": ("Llama/grouped", 2, 31, 12),
    "odd": ("Training/odd", 3, 19, 13),
    "gpt2": ("GPT2/plain", 2, 23, 14),
}
STEPS, LEARNING_RATE, WEIGHT_DECAY = 10, 1e-3, 0.1


def write_llama(path: Path, seed: int, **sizes) -> None:
    """Writes a random Llama as transformers does."""
    random_llama(seed, **sizes).save_pretrained(path)
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


def gradients(model: PreTrainedModel, loss: Tensor, prefix: str) -> dict[str, Tensor]:
    """Returns every parameter's gradient; a tied classifier's is part of the embedding's."""
    model.zero_grad()
    loss.backward()
    return {prefix + name: p.grad.clone() for name, p in model.named_parameters()}


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
        # A key's bias shifts all scores of a row equally, so its gradient is zero.
        if exact[key].norm() > 1e-12
    )
    if name == "gpt2":
        # The parity tests of GPT-2 itself cover those.
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


def main() -> None:
    """Writes the fixtures."""
    output = output_folder(__doc__, FIXTURES / "Training")
    write_llamas(FIXTURES / "Training")
    record(output, "models", {name: export_model(name, output) for name in MODELS})


if __name__ == "__main__":
    main()
