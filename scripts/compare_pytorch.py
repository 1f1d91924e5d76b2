#!/usr/bin/env python3
"""Times training steps of GPT-2 or a Llama in PyTorch and in Swiftlet, in turn; prints the ratios.

The same work on the same cores: forward, backward, gradient norm and AdamW, on random tokens and
random weights, both at float32 and at bfloat16. PyTorch's bfloat16 is autocast; it runs its fused
attention and its fused AdamW. Rounds alternate, so that a machine whose speed drifts affects
all alike; medians are compared, never single times.

It makes its own virtual environment with PyTorch for CPU the first time (some 200 MB from PyPI),
in the user's cache directory or where --venv says.

    scripts/compare_pytorch.py                                  # GPT-2 124M, B=4 T=64
    scripts/compare_pytorch.py --sequence-length 1024 --steps 2 --rounds 2
    scripts/compare_pytorch.py --init stories15M --sequence-length 256    # a Llama of that shape
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PRECISIONS = ("float32", "bfloat16")
SIZES = {"d6": (6, 6, 384), "gpt2": (12, 12, 768), "gpt2-medium": (24, 16, 1024)}
# Llamas of the shapes of llama2.c's models: layers, heads, channels, hidden channels.
LLAMAS = {"stories15M": (6, 6, 288, 768), "stories42M": (8, 8, 512, 1376)}
LLAMA_VOCABULARY = 32000


def arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    sizes = [*SIZES, *LLAMAS]
    parser.add_argument("--init", default="gpt2", choices=sizes, help="the model's size")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--sequence-length", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4, help="steps of each in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--venv", type=Path, default=cache / "swiftlet" / "pytorch")
    parser.add_argument("--torch-worker", choices=PRECISIONS, help=argparse.SUPPRESS)
    return parser.parse_args()


def ensure_python(directory: Path) -> Path:
    """Returns a Python that has PyTorch, installing both if they are missing."""
    python = directory / "bin" / "python"
    if python.exists():
        probe = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False)
        if probe.returncode == 0:
            return python
    print(f"installing PyTorch into {directory}", file=sys.stderr)
    venv.create(directory, with_pip=True)
    pip = [python, "-m", "pip", "install", "--quiet"]
    # The CPU build if the index has it, which saves gigabytes; otherwise the general one.
    if subprocess.run([*pip, "torch==2.13.0+cpu", "numpy"], check=False).returncode != 0:
        subprocess.run([*pip, "torch", "numpy"], check=True)
    return python


def gpt2_in_torch(options: argparse.Namespace):
    """Returns a GPT-2 with the head tied to the embedding."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    layers, heads, channels = SIZES[options.init]
    B, T, V = options.batch_size, options.sequence_length, 50257

    class Block(nn.Module):
        """A transformer block with fused attention."""

        def __init__(self) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
            self.qkv = nn.Linear(channels, 3 * channels)
            self.attproj = nn.Linear(channels, channels)
            self.fc = nn.Linear(channels, 4 * channels)
            self.fcproj = nn.Linear(4 * channels, channels)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Maps the residual stream (B, T, C) to the next."""
            q, k, v = (
                part.view(B, T, heads, channels // heads).transpose(1, 2)
                for part in self.qkv(self.ln_1(x)).split(channels, dim=2)
            )
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.attproj(mixed.transpose(1, 2).reshape(B, T, channels))
            return x + self.fcproj(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))

    class Model(nn.Module):
        """GPT-2 with the head tied to the embedding."""

        def __init__(self) -> None:
            super().__init__()
            self.wte, self.wpe = nn.Embedding(V, channels), nn.Embedding(1024, channels)
            self.blocks = nn.ModuleList(Block() for _ in range(layers))
            self.ln_f = nn.LayerNorm(channels)

        def forward(self, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            """Returns the mean loss."""
            x = self.wte(tokens) + self.wpe(torch.arange(T))
            for block in self.blocks:
                x = block(x)
            logits = self.ln_f(x) @ self.wte.weight.T
            return F.cross_entropy(logits.view(-1, V), targets.reshape(-1))

    return Model()


def llama_in_torch(options: argparse.Namespace):
    """Returns a Llama with the classifier tied to the embedding."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    layers, heads, channels, hidden = LLAMAS[options.init]
    B, T, V = options.batch_size, options.sequence_length, LLAMA_VOCABULARY
    size = channels // heads
    angles = torch.outer(torch.arange(T), 10000.0 ** (-torch.arange(0, size, 2) / size))
    turns = torch.polar(torch.ones_like(angles), angles)

    def rotate(x: torch.Tensor) -> torch.Tensor:
        """Turns neighboring pairs of (B, heads, T, size) by their positions."""
        pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
        return torch.view_as_real(pairs * turns).flatten(-2).type_as(x)

    class Block(nn.Module):
        """A transformer block with fused attention and SwiGLU."""

        def __init__(self) -> None:
            super().__init__()
            self.norm_1, self.norm_2 = nn.RMSNorm(channels, 1e-5), nn.RMSNorm(channels, 1e-5)
            self.q, self.k, self.v, self.o = (
                nn.Linear(channels, channels, bias=False) for _ in range(4)
            )
            self.w1, self.w3 = (nn.Linear(channels, hidden, bias=False) for _ in range(2))
            self.w2 = nn.Linear(hidden, channels, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Maps the residual stream (B, T, C) to the next."""
            y = self.norm_1(x)
            q, k, v = (
                layer(y).view(B, T, heads, size).transpose(1, 2)
                for layer in (self.q, self.k, self.v)
            )
            mixed = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
            x = x + self.o(mixed.transpose(1, 2).reshape(B, T, channels))
            y = self.norm_2(x)
            return x + self.w2(F.silu(self.w1(y)) * self.w3(y))

    class Model(nn.Module):
        """The blocks between the embedding and the classifier."""

        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(V, channels)
            self.blocks = nn.ModuleList(Block() for _ in range(layers))
            self.norm = nn.RMSNorm(channels, 1e-5)

        def forward(self, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            """Returns the mean loss."""
            x = self.embedding(tokens)
            for block in self.blocks:
                x = block(x)
            logits = self.norm(x) @ self.embedding.weight.T
            return F.cross_entropy(logits.view(-1, V), targets.reshape(-1))

    return Model()


def torch_worker(options: argparse.Namespace) -> None:
    """Answers every line on stdin with the milliseconds of a round of PyTorch steps."""
    import torch
    from torch import nn

    torch.set_num_threads(options.threads)
    B, T = options.batch_size, options.sequence_length
    V = LLAMA_VOCABULARY if options.init in LLAMAS else 50257
    make = llama_in_torch if options.init in LLAMAS else gpt2_in_torch
    model = make(options)

    torch.manual_seed(1)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), fused=True)
    tokens = torch.randint(V, (B, T + 1))

    def step() -> float:
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=options.torch_worker == "bfloat16"):
            loss = model(tokens[:, :-1], tokens[:, 1:])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return (time.perf_counter() - start) * 1000

    step()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps([step() for _ in range(options.steps)]), flush=True)


class TorchProcess:
    """PyTorch in a process of its own, idle between rounds."""

    def __init__(self, python: Path, options: argparse.Namespace, precision: str) -> None:
        command = [str(python), __file__, "--torch-worker", precision]
        for name in ("init", "batch_size", "sequence_length", "steps", "threads"):
            command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self.process.stdout.readline().strip() != "ready":
            sys.exit(f"PyTorch did not start with {precision}; see its message above")

    def round(self) -> list[float]:
        """Returns the milliseconds of each step of a round."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()


def swiftlet_size(name: str) -> str:
    """Returns a size in the form that `swiftlet bench train --init` takes."""
    if name not in LLAMAS:
        return name
    layers, heads, channels, hidden = LLAMAS[name]
    return (
        f"llama2:layers={layers},heads={heads},channels={channels},hidden={hidden},"
        f"vocabulary={LLAMA_VOCABULARY},context=1024"
    )


def swiftlet_round(options: argparse.Namespace, precision: str) -> dict[str, float]:
    """Returns Swiftlet's results for a round: its median milliseconds, and its memory."""
    command = [REPOSITORY / ".build/release/swiftlet", "bench", "train", "--json"]
    command += ["--precision", precision, "--init", swiftlet_size(options.init)]
    for name in ("batch_size", "sequence_length", "steps", "threads"):
        command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def main() -> None:
    """Runs the comparison."""
    options = arguments()
    if options.torch_worker:
        torch_worker(options)
        return
    subprocess.run(
        ["swift", "build", "-c", "release", "--product", "swiftlet"],
        cwd=REPOSITORY, check=True, stdout=sys.stderr,
    )
    python = ensure_python(options.venv)
    torches = {name: TorchProcess(python, options, name) for name in PRECISIONS}
    times: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    swiftlet: dict[str, list[dict[str, float]]] = {name: [] for name in PRECISIONS}
    for number in range(options.rounds):
        for name in PRECISIONS:
            swiftlet[name].append(swiftlet_round(options, name))
            times[name] += torches[name].round()
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    for process in torches.values():
        process.close()

    shape = f"{options.init} B={options.batch_size} T={options.sequence_length}"
    print(f"{shape}, {options.threads} threads, medians of {options.rounds} rounds")
    for name in PRECISIONS:
        ours = statistics.median(result["milliseconds"] for result in swiftlet[name])
        theirs = statistics.median(times[name])
        gigabytes = max(result["peak_memory_bytes"] for result in swiftlet[name]) / 1e9
        print(
            f"{name:9} Swiftlet {ours:9.1f} ms, {gigabytes:.2f} GB"
            f"   PyTorch {theirs:9.1f} ms   {theirs / ours:.2f}x Swiftlet's time"
        )


if __name__ == "__main__":
    main()
