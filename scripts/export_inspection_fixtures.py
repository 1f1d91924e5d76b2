"""Writes what transformers finds inside small models, for the parity tests of inspection.

Run it from anywhere, with PyTorch 2, transformers and NumPy
(python3 -m pip install torch transformers numpy):

    python3 scripts/export_inspection_fixtures.py [--output Tests/ParityTests/Fixtures]
        [--tiny-gpt2 DIR]

It uses models that export_parity_fixtures.py, export_gpt2_fixtures.py and export_llama_fixtures.py
wrote there, and writes a file for each of them to Inspection/:
  odd.json                      odd_model.bin, whose head size is 5
  gpt2.json                     GPT2/plain
  grouped.json, tied.json, linear.json    Llama/grouped, Llama/tied, Llama/linear
  tiny-gpt2.json                with --tiny-gpt2 only: the trained model in DIR
README.md beside them explains the keys. Everything is computed in float64, attention in its eager
form, and what is ablated is set to zero by a hook of PyTorch's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

from llmc_files import read_checkpoint

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "Tests" / "ParityTests" / "Fixtures"

TOKENS = 11
SEQUENCES = 3
TOP = 3
EXCITATIONS = 4
# Ranked values must be further apart than rounding, or the tests could not rely on their order.
SMALLEST_MARGIN = 1e-4
# Enough for a pass without a part to be cut into pieces, if the context allows it.
LONG_TEXT = 300
SEED = 0


class Inside:
    """A model of either family: where its parts are, and what a pass leaves in them."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model.double().eval()
        config = model.config
        self.vocabulary = config.vocab_size
        self.context = config.max_position_embeddings
        self.heads = config.num_attention_heads
        if config.model_type == "gpt2":
            self.blocks, self.norm = model.transformer.h, model.transformer.ln_f
            self.head_size = config.hidden_size // self.heads
            self.projections = [block.attn.c_proj for block in self.blocks]
            self.downs = [block.mlp.c_proj for block in self.blocks]
        else:
            self.blocks, self.norm = model.model.layers, model.model.norm
            self.head_size = config.head_dim
            self.projections = [block.self_attn.o_proj for block in self.blocks]
            self.downs = [block.mlp.down_proj for block in self.blocks]

    def run(self, tokens: list[int]) -> dict:
        """Returns logits, patterns, residual streams (the last before its norm), activations."""
        residuals, activations = [], []
        modules = [(module, residuals) for module in [*self.blocks, self.norm]]
        modules += [(module, activations) for module in self.downs]
        hooks = [
            module.register_forward_pre_hook(lambda _, inputs, kept=kept: kept.append(inputs[0][0]))
            for module, kept in modules
        ]
        with torch.no_grad():
            outputs = self.model(torch.tensor([tokens]), output_attentions=True)
        for hook in hooks:
            hook.remove()
        return {
            "logits": outputs.logits[0],
            "patterns": [layer[0] for layer in outputs.attentions],
            "residuals": residuals,
            "activations": activations,
        }

    def loss(self, sequences: list[list[int]]) -> float:
        """Returns the mean loss of all tokens that have one before them."""
        losses = torch.cat([token_losses(self.run(x)["logits"], x) for x in sequences])
        return losses.mean().item()

    @contextmanager
    def without_head(self, layer: int, head: int) -> Iterator[None]:
        """Sets a head's output to zero before the projection."""

        def zero(_, inputs):
            z = inputs[0].clone()
            z[..., head * self.head_size : (head + 1) * self.head_size] = 0
            return (z,)

        hook = self.projections[layer].register_forward_pre_hook(zero)
        yield
        hook.remove()

    @contextmanager
    def without_mlp(self, layer: int) -> Iterator[None]:
        """Sets an MLP's output to zero, with its bias."""
        hook = self.blocks[layer].mlp.register_forward_hook(lambda _, i, out: torch.zeros_like(out))
        yield
        hook.remove()


def token_losses(logits: torch.Tensor, tokens: list[int]) -> torch.Tensor:
    """Returns the losses of all tokens but the first."""
    return F.cross_entropy(logits[:-1], torch.tensor(tokens[1:]), reduction="none")


def rounded(values: torch.Tensor) -> list:
    """Returns numbers to 7 decimals, as deeply nested as they are."""
    return np.round(values.double().numpy(), 7).tolist()


def check_margins(values: list[float]) -> None:
    """Fails when sorted values are too close for their order to be certain."""
    margin = min(a - b for a, b in zip(values, values[1:]))
    if margin < SMALLEST_MARGIN:
        raise SystemExit(f"ranked values are only {margin:.1e} apart: choose another seed")


def likeliest(log_probabilities: torch.Tensor, count: int) -> list[dict]:
    """Returns the likeliest tokens of one position."""
    check_margins(log_probabilities.topk(count + 1).values.tolist())
    top = log_probabilities.topk(count)
    return [
        {"token": token, "probability": probability}
        for token, probability in zip(top.indices.tolist(), rounded(top.values.exp()))
    ]


def lens(inside: Inside, run: dict) -> list[list[dict]]:
    """Returns what each layer's residual stream gives through the final norm and the head."""
    own = run["logits"].log_softmax(-1)
    layers = []
    for residual in run["residuals"]:
        with torch.no_grad():
            logits = inside.model.lm_head(inside.norm(residual[None]))[0]
        theirs = logits.log_softmax(-1)
        entropy = -(theirs.exp() * theirs).sum(-1)
        kl = (own.exp() * (own - theirs)).sum(-1)
        layers.append(
            [
                {"top": likeliest(row, TOP), "entropy": e, "kl": k}
                for row, e, k in zip(theirs, rounded(entropy), rounded(kl))
            ]
        )
    return layers


def head_scores(runs: list[dict]) -> dict[str, list]:
    """Returns the scores that need no repetition, as (L, NH), over all positions of all runs."""
    scores = {"previous_token": [], "first_token": [], "distance": [], "entropy": []}
    for layer in range(len(runs[0]["patterns"])):
        columns = {key: [] for key in scores}
        for run in runs:
            pattern = run["patterns"][layer].double()  # (NH, T, T)
            T = pattern.shape[-1]
            distances = torch.arange(T)[:, None] - torch.arange(T)
            columns["previous_token"].append(pattern.diagonal(offset=-1, dim1=1, dim2=2))
            columns["first_token"].append(pattern[:, 1:, 0])
            columns["distance"].append((pattern * distances).sum(-1))
            columns["entropy"].append(torch.special.entr(pattern).sum(-1))
        for key, parts in columns.items():
            scores[key].append(rounded(torch.cat(parts, dim=1).mean(-1)))
    return scores


def ablated_losses(inside: Inside, sequences: list[list[int]]) -> dict:
    """Returns the loss of the whole model, without each head, and without each MLP."""
    result = {"loss": inside.loss(sequences), "heads": [], "mlps": []}
    for layer in range(len(inside.blocks)):
        result["heads"].append([])
        for head in range(inside.heads):
            with inside.without_head(layer, head):
                result["heads"][layer].append(round(inside.loss(sequences), 8))
        with inside.without_mlp(layer):
            result["mlps"].append(round(inside.loss(sequences), 8))
    return result


def excitations(runs: list[dict], layer: int, neuron: int) -> dict:
    """Returns the positions of the sequences where a neuron of an MLP is largest."""
    found = [
        {"activation": value, "sequence": sequence, "position": position}
        for sequence, run in enumerate(runs)
        for position, value in enumerate(rounded(run["activations"][layer][:, neuron]))
    ]
    found.sort(key=lambda place: -place["activation"])
    check_margins([place["activation"] for place in found[: EXCITATIONS + 1]])
    return {"layer": layer, "neuron": neuron, "top": found[:EXCITATIONS]}


def record(inside: Inside, long_text: bool) -> dict:
    """Returns everything that a fixture holds about a model."""
    generator = np.random.default_rng(SEED)

    def draw(count: int) -> list[int]:
        return generator.integers(0, inside.vocabulary, count).tolist()

    tokens = draw(TOKENS)
    sequences = [draw(TOKENS - 2 * i) for i in range(SEQUENCES)]
    run, runs = inside.run(tokens), [inside.run(sequence) for sequence in sequences]
    neurons = run["activations"][0].shape[-1]
    result = {
        "tokens": tokens,
        # The first t + 1 columns of row t; the others are zero.
        "patterns": [
            [[rounded(row[: t + 1]) for t, row in enumerate(head)] for head in layer]
            for layer in run["patterns"]
        ],
        "residuals": [rounded(residual[-1]) for residual in run["residuals"]],
        "lens": lens(inside, run),
        "losses": rounded(token_losses(run["logits"], tokens)),
        "next": likeliest(run["logits"][-1].log_softmax(-1), TOP),
        "sequences": sequences,
        "ablation": ablated_losses(inside, sequences),
        "head_scores": head_scores(runs),
        "excitations": [
            excitations(runs, layer, neuron)
            for layer in range(len(inside.blocks))
            for neuron in (0, neurons // 2, neurons - 1)
        ],
    }
    if long_text:
        text = draw(LONG_TEXT)
        run = inside.run(text)
        result["long_text"] = {
            "tokens": text,
            "losses": rounded(token_losses(run["logits"], text)),
            "head_scores": head_scores([run]),
        }
    return result


def from_llmc(path: Path) -> GPT2LMHeadModel:
    """Returns the model of an llm.c checkpoint."""
    ours = read_checkpoint(path)
    sizes = ours.configuration
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=sizes.vocabulary_size,
            bos_token_id=0,
            eos_token_id=0,
            n_positions=sizes.max_sequence_length,
            n_layer=sizes.layers,
            n_head=sizes.heads,
            n_embd=sizes.channels,
            attn_implementation="eager",
        )
    )
    names = {
        "ln1": "ln_1",
        "qkv": "attn.c_attn",
        "attproj": "attn.c_proj",
        "ln2": "ln_2",
        "fc": "mlp.c_fc",
        "fcproj": "mlp.c_proj",
    }
    state = {
        "transformer.wte.weight": ours.wte[: sizes.vocabulary_size],
        "transformer.wpe.weight": ours.wpe,
        "transformer.ln_f.weight": ours.lnfw,
        "transformer.ln_f.bias": ours.lnfb,
    }
    state["lm_head.weight"] = state["transformer.wte.weight"]
    for layer in range(sizes.layers):
        for name, theirs in names.items():
            weight, bias = getattr(ours, f"{name}w")[layer], getattr(ours, f"{name}b")[layer]
            place = f"transformer.h.{layer}.{theirs}"
            # Hugging Face stores the matrices of GPT-2 as (inputs, outputs).
            state[f"{place}.weight"] = weight.T if weight.dim() > 1 else weight
            state[f"{place}.bias"] = bias
    model.load_state_dict(state)
    return model


def from_directory(path: Path) -> torch.nn.Module:
    """Returns the model in a Hugging Face directory."""
    return AutoModelForCausalLM.from_pretrained(
        path, dtype=torch.float32, attn_implementation="eager"
    )


def main() -> None:
    """Writes every fixture."""
    parser = argparse.ArgumentParser(description="Write the fixtures of the tests of inspection.")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    parser.add_argument("--tiny-gpt2", type=Path, help="a directory of Hugging Face's")
    arguments = parser.parse_args()
    fixtures: Path = arguments.output
    (fixtures / "Inspection").mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    models = [
        ("odd", from_llmc(fixtures / "odd_model.bin")),
        ("gpt2", from_directory(fixtures / "GPT2" / "plain")),
    ]
    for name in ("grouped", "tied", "linear"):
        models.append((name, from_directory(fixtures / "Llama" / name)))
    if arguments.tiny_gpt2:
        models.append(("tiny-gpt2", from_directory(arguments.tiny_gpt2)))
    for name, model in models:
        result = record(Inside(model), long_text=name == "tiny-gpt2")
        (fixtures / "Inspection" / f"{name}.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
