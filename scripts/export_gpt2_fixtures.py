"""Writes small random GPT-2s in the files of Hugging Face and nanoGPT, and their logits.

Run it from anywhere, with PyTorch 2 and transformers (python3 -m pip install torch transformers):

    python3 scripts/export_gpt2_fixtures.py [--output Tests/ParityTests/Fixtures/GPT2]

It writes
  plain/             Hugging Face, safetensors in one file, names without a prefix
  sharded/           the same model, safetensors in several files, names with a prefix
  pickled/           the same model as old versions stored it: pytorch_model.bin in several files,
                     with the buffers of attention and the head
  halves/            the same model rounded to bfloat16
  nanogpt.pt         the same model as nanoGPT stores it after a step of training
  nanogpt-nobias.pt  the model without biases, compiled
  gpt2.json          tokens, and the logits that transformers computes from them in float64;
                     those of nanoGPT's files as its model computes them, with the exact GELU
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

DEFAULT_OUTPUT = (
    Path(__file__).resolve().parent.parent / "Tests" / "ParityTests" / "Fixtures" / "GPT2"
)
TOKENS = 24
# Sizes that are all different, so that nothing can be confused with something else.
SIZES = {"n_layer": 2, "n_head": 3, "n_embd": 18, "n_positions": 32, "vocab_size": 43}
CONV1D = ["attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight"]


def random_gpt2(seed: int, biases: bool = True) -> GPT2LMHeadModel:
    """Returns a model whose weights are large enough for softmax and GELU to be far from linear."""
    model = GPT2LMHeadModel(GPT2Config(bos_token_id=1, eos_token_id=2, **SIZES))
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name.endswith(".bias") and not biases:
            parameter.data.zero_()
        elif "ln_" in name and name.endswith("weight"):
            parameter.data.uniform_(0.5, 1.5, generator=generator)
        else:
            parameter.data.normal_(0, 0.3, generator=generator)
    return model.eval()


def logits(model: GPT2LMHeadModel, tokens: list[int]) -> list[list[float]]:
    """Returns the logits after each token, computed in float64."""
    with torch.no_grad():
        return model.double()(torch.tensor([tokens])).logits[0].tolist()


def nanogpt_logits(path: Path, tokens: list[int]) -> list[list[float]]:
    """Returns the logits after each token by nanoGPT's architecture, computed in float64.

    It is GPT-2's with matrices as (out, in), with or without biases, and with the exact GELU.
    """
    checkpoint = torch.load(path)
    heads = checkpoint["model_args"]["n_head"]
    prefix = "_orig_mod."
    weights = {
        name.removeprefix(prefix).removeprefix("transformer."): value.double()
        for name, value in checkpoint["model"].items()
    }

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"))

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights.get(f"{name}.bias"))

    def split(x: torch.Tensor) -> torch.Tensor:
        return x.view(len(tokens), heads, -1).transpose(0, 1)

    x = weights["wte.weight"][tokens] + weights["wpe.weight"][: len(tokens)]
    for layer in range(checkpoint["model_args"]["n_layer"]):
        block = f"h.{layer}."
        qkv = linear(norm(x, f"{block}ln_1"), f"{block}attn.c_attn").chunk(3, dim=-1)
        attention = F.scaled_dot_product_attention(*map(split, qkv), is_causal=True)
        attention = attention.transpose(0, 1).reshape(len(tokens), -1)
        x = x + linear(attention, f"{block}attn.c_proj")
        hidden = F.gelu(linear(norm(x, f"{block}ln_2"), f"{block}mlp.c_fc"))
        x = x + linear(hidden, f"{block}mlp.c_proj")
    return F.linear(norm(x, "ln_f"), weights["lm_head.weight"]).tolist()


def write_pickled(model: GPT2LMHeadModel, path: Path) -> None:
    """Writes two PyTorch files and their index, with everything that old versions stored."""
    path.mkdir(exist_ok=True)
    model.config.to_json_file(path / "config.json")
    state = model.state_dict()
    context = SIZES["n_positions"]
    for layer in range(SIZES["n_layer"]):
        name = f"transformer.h.{layer}.attn"
        mask = torch.tril(torch.ones(context, context, dtype=torch.bool))
        state[f"{name}.bias"] = mask.view(1, 1, context, context)
        state[f"{name}.masked_bias"] = torch.tensor(-10000.0)
    names = list(state)
    files = {
        "pytorch_model-00001-of-00002.bin": names[::2],
        "pytorch_model-00002-of-00002.bin": names[1::2],
    }
    for file, part in files.items():
        torch.save({name: state[name] for name in part}, path / file)
    weight_map = {name: file for file, part in files.items() for name in part}
    index = {"metadata": {}, "weight_map": weight_map}
    (path / "pytorch_model.bin.index.json").write_text(json.dumps(index))


def write_nanogpt(model: GPT2LMHeadModel, path: Path, biases: bool, prefix: str = "") -> None:
    """Writes what nanoGPT's train.py saves."""
    state = {}
    for name, value in model.state_dict().items():
        if name.endswith(".bias") and not biases:
            continue
        turned = any(name.endswith(end) for end in CONV1D)
        state[prefix + name] = value.t().contiguous() if turned else value
    # There the head and the embedding are one parameter.
    state[f"{prefix}lm_head.weight"] = state[f"{prefix}transformer.wte.weight"]
    # The moments of all weights would make the fixture three times as large; one weight shows the
    # layout.
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([{"params": [weight], "weight_decay": 0.1}], lr=6e-4)
    weight.sum().backward()
    optimizer.step()
    arguments = {
        "n_layer": SIZES["n_layer"],
        "n_head": SIZES["n_head"],
        "n_embd": SIZES["n_embd"],
        "block_size": SIZES["n_positions"],
        "bias": biases,
        "vocab_size": SIZES["vocab_size"],
        "dropout": 0.0,
    }
    torch.save(
        {
            "model": state,
            "optimizer": optimizer.state_dict(),
            "model_args": arguments,
            "iter_num": 2000,
            "best_val_loss": torch.tensor(1.4697),
            "config": {"out_dir": "out", "eval_only": False, "learning_rate": 6e-4, **arguments},
        },
        path,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    tokens = torch.randint(
        0, SIZES["vocab_size"], (TOKENS,), generator=torch.Generator().manual_seed(7)
    ).tolist()

    model = random_gpt2(1)
    model.transformer.save_pretrained(output / "plain")
    model.save_pretrained(output / "sharded", max_shard_size="16KB")
    write_pickled(model, output / "pickled")
    write_nanogpt(model, output / "nanogpt.pt", biases=True)
    random_gpt2(1).bfloat16().save_pretrained(output / "halves")
    bare = random_gpt2(2, biases=False)
    write_nanogpt(bare, output / "nanogpt-nobias.pt", biases=False, prefix="_orig_mod.")

    expected = {
        "gpt2": {"tokens": tokens, "logits": logits(model, tokens)},
        "halves": {"tokens": tokens, "logits": logits(random_gpt2(1).bfloat16(), tokens)},
        "nanogpt": {
            "tokens": tokens,
            "logits": nanogpt_logits(output / "nanogpt.pt", tokens),
        },
        "nobias": {
            "tokens": tokens,
            "logits": nanogpt_logits(output / "nanogpt-nobias.pt", tokens),
        },
    }
    (output / "gpt2.json").write_text(json.dumps(expected))
    for path in output.glob("*/generation_config.json"):
        path.unlink()


if __name__ == "__main__":
    main()
