"""Writes small random Llamas in the files of Hugging Face, Meta and llama2.c, and their logits.

Run it from anywhere, with PyTorch 2, transformers and NumPy
(python3 -m pip install torch transformers numpy):

    python3 scripts/export_llama_fixtures.py [--output Tests/ParityTests/Fixtures/Llama]

It writes
  grouped/           Hugging Face, in several files: grouped-query attention, a separate classifier
  grouped-meta/      the same model as Meta stores it, in two files
  grouped_v1.bin, grouped_v2.bin    the same as llama2.c stores it: float32, and int8
  tied/              Hugging Face, in one file: every head has keys, the embedding is the classifier
  grouped-bf16/, grouped-f16/    the first model rounded to bfloat16 and float16, in one file each
  llama3/            Hugging Face, tied, grouped: rotary positions scaled as Llama 3.1's, described
                     as its config.json describes them
  linear/            Hugging Face: rotary positions slowed down evenly, heads wider than channels /
                     heads
  llama.json         tokens, and the logits that transformers computes from them in float64
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import fixture_models
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import LlamaForCausalLM

TOKENS = 24
GROUP = 8  # of the int8 file: the largest power of two that divides the channels, at most 64
META_FILES = 2


def random_llama(seed: int, **sizes) -> LlamaForCausalLM:
    """Returns a random model, its positions described for transformers 4 and 5."""
    theta = sizes.pop("rope_theta")
    scaling = sizes.pop("rope_scaling", {"rope_type": "default"})
    return fixture_models.random_llama(
        seed, rope_parameters={**scaling, "rope_theta": theta}, rope_theta=theta, **sizes
    )


def logits(model: LlamaForCausalLM, tokens: list[int]) -> list[list[float]]:
    """Returns the logits after each token, computed in float64."""
    with torch.no_grad():
        return model.double()(torch.tensor([tokens])).logits[0].tolist()


def neighbours_paired(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Returns the rows of wq or wk in Meta's order, from Hugging Face's."""
    rows, columns = weight.shape
    halves = weight.view(heads, 2, rows // heads // 2, columns)
    return halves.transpose(1, 2).reshape(rows, columns).contiguous()


def meta_weights(model: LlamaForCausalLM) -> dict[str, torch.Tensor]:
    """Returns all weights under Meta's names and in Meta's order."""
    config, state = model.config, {k: v.float() for k, v in model.state_dict().items()}
    weights = {"tok_embeddings.weight": state["model.embed_tokens.weight"]}
    for layer in range(config.num_hidden_layers):
        ours, theirs = f"layers.{layer}.", f"model.layers.{layer}."
        q, k = (state[theirs + f"self_attn.{x}_proj.weight"] for x in "qk")
        weights[ours + "attention.wq.weight"] = neighbours_paired(q, config.num_attention_heads)
        weights[ours + "attention.wk.weight"] = neighbours_paired(k, config.num_key_value_heads)
        for a, b in [
            ("attention.wv", "self_attn.v_proj"),
            ("attention.wo", "self_attn.o_proj"),
            ("feed_forward.w1", "mlp.gate_proj"),
            ("feed_forward.w2", "mlp.down_proj"),
            ("feed_forward.w3", "mlp.up_proj"),
            ("attention_norm", "input_layernorm"),
            ("ffn_norm", "post_attention_layernorm"),
        ]:
            weights[f"{ours}{a}.weight"] = state[f"{theirs}{b}.weight"]
    weights["norm.weight"] = state["model.norm.weight"]
    weights["output.weight"] = state["lm_head.weight"]
    return weights


def write_meta(model: LlamaForCausalLM, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Writes Meta's directory: every file has a slice of every matrix, and all norms."""
    config = model.config
    path.mkdir(exist_ok=True)
    # 0.6 * (2/3 * 4 * 24) is 38.4, and 38 is rounded up to 40.
    params = {
        "dim": config.hidden_size,
        "n_layers": config.num_hidden_layers,
        "n_heads": config.num_attention_heads,
        "n_kv_heads": config.num_key_value_heads,
        "multiple_of": 8,
        "ffn_dim_multiplier": 0.6,
        "norm_eps": config.rms_norm_eps,
        "vocab_size": -1,
    }
    (path / "params.json").write_text(json.dumps(params))
    for number in range(META_FILES):
        part = {}
        for name, weight in weights.items():
            if weight.dim() == 1:
                part[name] = weight
            else:
                columns = any(x in name for x in ["tok_embeddings", "attention.wo", ".w2."])
                part[name] = weight.chunk(META_FILES, dim=1 if columns else 0)[number].clone()
        part["rope.freqs"] = torch.zeros(2)
        torch.save(part, path / f"consolidated.{number:02d}.pth")


def write_llama2c(
    model: LlamaForCausalLM, weights: dict[str, torch.Tensor], path: Path, version: int
) -> dict[str, torch.Tensor]:
    """Writes llama2.c's version 1 or 2, and returns the weights that a reader finds there."""
    config = model.config
    L = config.num_hidden_layers
    header = struct.pack(
        "<Iiiiiiiii?",
        0x616B3432,
        version,
        config.hidden_size,
        config.intermediate_size,
        L,
        config.num_attention_heads,
        config.num_key_value_heads,
        config.vocab_size,
        config.max_position_embeddings,
        False,
    )
    if version == 2:
        header += struct.pack("<i", GROUP)
    norms = [f"layers.{layer}.attention_norm" for layer in range(L)]
    norms += [f"layers.{layer}.ffn_norm" for layer in range(L)] + ["norm"]
    matrices = ["tok_embeddings"]
    for kind in ["attention.wq", "attention.wk", "attention.wv", "attention.wo"]:
        matrices += [f"layers.{layer}.{kind}" for layer in range(L)]
    for kind in ["feed_forward.w1", "feed_forward.w2", "feed_forward.w3"]:
        matrices += [f"layers.{layer}.{kind}" for layer in range(L)]
    matrices.append("output")
    stored = {}
    with path.open("wb") as file:
        file.write(header.ljust(256, b"\0"))
        for name in norms + matrices:
            weight = weights[name + ".weight"].numpy()
            if version == 2 and name in matrices:
                groups = weight.reshape(-1, GROUP)
                scales = np.abs(groups).max(axis=1, keepdims=True) / np.float32(127)
                values = np.round(groups / scales).astype(np.int8)
                file.write(values.tobytes() + scales.astype("<f4").tobytes())
                weight = (values * scales).reshape(weight.shape)
            else:
                file.write(weight.astype("<f4").tobytes())
            stored[name + ".weight"] = torch.tensor(weight)
    return stored


def with_weights(model: LlamaForCausalLM, weights: dict[str, torch.Tensor]) -> LlamaForCausalLM:
    """Returns a model of the same sizes with weights under Meta's names."""
    state = {}
    for name in model.state_dict():
        meta = name.replace("model.", "").replace("embed_tokens", "tok_embeddings")
        meta = meta.replace("lm_head", "output").replace("self_attn.", "attention.")
        for a, b in [("gate_proj", "w1"), ("down_proj", "w2"), ("up_proj", "w3")]:
            meta = meta.replace("mlp." + a, "feed_forward." + b)
        for x in "qkvo":
            meta = meta.replace(x + "_proj", "w" + x)
        meta = meta.replace("input_layernorm", "attention_norm")
        meta = meta.replace("post_attention_layernorm", "ffn_norm")
        weight = weights[meta]
        if meta.endswith((".wq.weight", ".wk.weight")):
            size = model.config.hidden_size // model.config.num_attention_heads
            rows, columns = weight.shape
            pairs = weight.view(rows // size, size // 2, 2, columns)
            weight = pairs.transpose(1, 2).reshape(rows, columns)
        state[name] = weight
    copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(state)
    return copy


def write_rounded(model: LlamaForCausalLM, dtype: torch.dtype, path: Path) -> LlamaForCausalLM:
    """Writes a model in another precision, and returns the model that a reader finds there."""
    path.mkdir(exist_ok=True)
    model.config.save_pretrained(path)
    state = {name: weight.to(dtype) for name, weight in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del state["lm_head.weight"]
    save_file(state, path / "model.safetensors", metadata={"format": "pt"})
    copy = LlamaForCausalLM(model.config)
    stored = {name: weight.float() for name, weight in state.items()}
    copy.load_state_dict(stored, strict=not model.config.tie_word_embeddings)
    return copy


def as_before_version_5(path: Path) -> None:
    """Describes rotary positions in a config.json as transformers 4 did."""
    config = json.loads(path.read_text())
    scaling = config.pop("rope_parameters")
    config["rope_theta"] = scaling.pop("rope_theta")
    config["rope_scaling"] = scaling
    path.write_text(json.dumps(config, indent=2) + "\n")


def main() -> None:
    output = fixture_models.output_folder(__doc__, fixture_models.FIXTURES / "Llama")

    grouped = random_llama(
        1,
        vocab_size=38,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        tie_word_embeddings=False,
    )
    tied = random_llama(
        2,
        vocab_size=29,
        hidden_size=32,
        intermediate_size=28,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=32,
        rms_norm_eps=1e-3,
        rope_theta=500000.0,
        tie_word_embeddings=True,
    )
    grouped.save_pretrained(output / "grouped", max_shard_size="20KB")
    (output / "grouped" / "generation_config.json").unlink()
    (output / "tied").mkdir(exist_ok=True)
    tied.config.save_pretrained(output / "tied")
    state = {k: v for k, v in tied.state_dict().items() if k != "lm_head.weight"}
    # Older versions of transformers store these, although they follow from the sizes.
    state["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.zeros(8)
    save_file(state, output / "tied" / "model.safetensors", metadata={"format": "pt"})

    llama3 = random_llama(
        5,
        vocab_size=23,
        hidden_size=32,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        rope_theta=500.0,
        # Of the eight pairs of a head, some are unchanged, some slowed down, and some between.
        rope_scaling={
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 48,
        },
        tie_word_embeddings=True,
    )
    linear = random_llama(
        6,
        vocab_size=21,
        hidden_size=20,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=14,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        rope_scaling={"rope_type": "linear", "factor": 2.5},
        tie_word_embeddings=False,
    )
    for name, model in [("llama3", llama3), ("linear", linear)]:
        write_rounded(model, torch.float32, output / name)
    as_before_version_5(output / "llama3" / "config.json")

    weights = meta_weights(grouped)
    write_meta(grouped, weights, output / "grouped-meta")
    write_llama2c(grouped, weights, output / "grouped_v1.bin", 1)
    stored = write_llama2c(grouped, weights, output / "grouped_v2.bin", 2)

    rounded = [
        (f"grouped-{name}", write_rounded(grouped, dtype, output / f"grouped-{name}"))
        for name, dtype in [("bf16", torch.bfloat16), ("f16", torch.float16)]
    ]

    generator = np.random.default_rng(3)
    results = {}
    for name, model in [
        ("grouped", grouped),
        ("grouped_v2", with_weights(grouped, stored)),
        ("tied", tied),
        *rounded,
        ("llama3", llama3),
        ("linear", linear),
    ]:
        tokens = generator.integers(0, model.config.vocab_size, TOKENS).tolist()
        rows = [[round(x, 7) for x in row] for row in logits(model, tokens)]
        results[name] = {"tokens": tokens, "logits": rows}
    # The converted model must equal the original.
    same = with_weights(grouped, weights)
    tokens = results["grouped"]["tokens"]
    difference = np.abs(np.array(logits(same, tokens)) - results["grouped"]["logits"]).max()
    assert difference < 1e-6, difference
    (output / "llama.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
