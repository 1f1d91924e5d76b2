"""Plots the training losses of two runs, and below them how far they are apart, as one SVG file.

Each run is a `metrics.jsonl`, as `swiftlet train` and `train_reference.py` write it. The plot of
docs/images/pytorch-parity.svg was made so, from llm.c's shard of tiny Shakespeare:

    FLAGS="--train-data tiny_shakespeare_train.bin --steps 500 --total-batch-tokens 1024 \\
        --learning-rate 1e-3 --warmup-steps 50 --threads 2"
    python3 scripts/train_reference.py --init layers=4,heads=4,channels=128,context=128 \\
        --save-init init.bin --steps 0
    python3 scripts/train_reference.py --init init.bin $FLAGS > reference.jsonl
    swiftlet train --init init.bin $FLAGS --output run
    python3 scripts/plot_losses.py run/metrics.jsonl reference.jsonl \\
        --names Swiftlet PyTorch --bound 5e-4 --output docs/images/pytorch-parity.svg

It prints the largest difference, and exits with 1 when that is beyond the bound. Install once:
python3 -m pip install matplotlib
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

try:
    import matplotlib
except ImportError:
    sys.exit("matplotlib is missing: install it with `python3 -m pip install matplotlib`.")

matplotlib.use("Agg")
from matplotlib import pyplot


def read_losses(path: Path) -> dict[int, float]:
    """Returns the training loss of each step."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["step"]: line["train_loss"] for line in lines if "train_loss" in line}


def plot(
    losses: list[dict[int, float]], names: list[str], bound: float | None, output: Path
) -> None:
    """Draws both curves, the second dashed over the first, and their difference on a log axis."""
    steps = sorted(losses[0])
    # The same input gives the same file: no random names, no date.
    pyplot.rcParams.update({"svg.hashsalt": "losses", "svg.fonttype": "none", "font.size": 10})
    figure, (upper, lower) = pyplot.subplots(
        2, 1, figsize=(8, 6), sharex=True, height_ratios=[2, 1], layout="constrained"
    )
    for values, name, style, width in zip(losses, names, ("-", "--"), (2.4, 1.0)):
        color = "#4c8eda" if style == "-" else "#c2410c"
        upper.plot(steps, [values[s] for s in steps], style, color=color, lw=width, label=name)
    upper.set_ylabel("training loss")
    upper.legend(frameon=False)
    # A log axis cannot show equal losses; they are drawn at half a unit in a float's last place.
    differences = [max(abs(losses[0][s] - losses[1][s]), 2**-23) for s in steps]
    lower.semilogy(steps, differences, ".", color="#4b5563", ms=3)
    if bound is not None:
        lower.axhline(bound, color="#c2410c", lw=1)
        lower.annotate(f"bound {bound:g}", (steps[0], bound), (0, -12), textcoords="offset points")
    lower.set_ylabel("difference")
    lower.set_xlabel("step")
    for axes in (upper, lower):
        axes.grid(color="#e5e7eb", lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(output, metadata={"Date": None})


def main() -> None:
    """Reads, compares and plots."""
    parser = argparse.ArgumentParser(description="Plot the training losses of two runs.")
    parser.add_argument("runs", nargs=2, type=Path, metavar="METRICS")
    parser.add_argument("--names", nargs=2, default=["first", "second"])
    parser.add_argument("--bound", type=float, help="the largest difference allowed")
    parser.add_argument("--output", type=Path, required=True, help="an SVG file")
    options = parser.parse_args()
    losses = [read_losses(path) for path in options.runs]
    if not losses[0] or losses[0].keys() != losses[1].keys():
        sys.exit("error: the two runs must have losses of the same steps")
    plot(losses, options.names, options.bound, options.output)
    step = max(losses[0], key=lambda s: abs(losses[0][s] - losses[1][s]))
    largest = abs(losses[0][step] - losses[1][step])
    print(f"{len(losses[0])} steps; the largest difference is {largest:.2g}, at step {step}")
    if options.bound is not None and not largest <= options.bound:
        sys.exit(1)


if __name__ == "__main__":
    main()
