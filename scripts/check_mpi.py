#!/usr/bin/env python3
"""Trains one model with one process, and with several started by mpirun, and compares.

For each mpirun that is found, with 2 and 4 processes of one thread, at both stages of ZeRO and both
precisions: the losses must be those of one process, a second run must give the same bits, and a run
in which a process or the launcher is killed must continue as if nothing had happened.

At bfloat16, no two orders of summation give the same loss within 1e-5, because a weight may round
to its other neighbor. There the losses may differ from those of one process by ten times as much
as its own do when it divides the same step into a half or a quarter as many, larger batches.

    scripts/check_mpi.py                # a small model, every mpirun that is installed
    scripts/check_mpi.py --init d12 --batch-size 1 --sequence-length 64
    scripts/check_mpi.py --kills 10     # kill this many processes, and this many launchers
    scripts/check_mpi.py --no-skip      # fail if no mpirun is found
    scripts/check_mpi.py --mpirun PATH  # one that is not found, with its library in SWIFTLET_MPI

SWIFTLET names the command; the default is the debug build here, whose kernels are optimized.
Prints the largest differences, and exits with 1 if something is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SWIFTLET = os.environ.get("SWIFTLET", str(REPOSITORY / ".build" / "debug" / "swiftlet"))
# How much sums in a different order may change a loss at float32.
LARGEST_DIFFERENCE = 1e-5
# Debian's names if both are installed; otherwise whatever mpirun there is.
LAUNCHERS = ("mpirun.openmpi", "mpirun.mpich")
# If a process dies, the run must end within this many seconds.
PATIENCE = 60


def launchers(named: str | None) -> list[list[str]]:
    """This machine's mpirun commands, with options to start more ranks than cores."""
    known = [name for name in LAUNCHERS if shutil.which(name)]
    found = [named] if named else known or [name for name in ("mpirun",) if shutil.which(name)]
    return [[name, *launcher_options(name)] for name in found]


def launcher_options(name: str) -> list[str]:
    version = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
    is_open_mpi = any(word in version for word in ("Open MPI", "OpenRTE"))
    return ["--oversubscribe", "--bind-to", "none"] if is_open_mpi else []


def environment() -> dict[str, str]:
    """Lets Open MPI start as root, the usual user in containers."""
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    allowed |= {"PRTE_ALLOW_RUN_AS_ROOT": "1", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return os.environ | allowed


class Runs:
    """Runs of one command in a directory, and what they measured."""

    def __init__(self, directory: Path, options: argparse.Namespace) -> None:
        self.directory = directory
        self.options = options
        self.failures: list[str] = []
        text = directory / "words.txt"
        words = random.Random(7).choices(["red", "green", "blue", "one", "two"], k=60_000)
        text.write_text(" ".join(words))
        self.tokenizer = directory / "tokenizer.bin"
        run([SWIFTLET, "tokenizer", "train", text, "--vocabulary-size", "270"]
            + ["--output", self.tokenizer])
        # Whole batches, however they are divided here.
        held_out = 16 * options.batch_size * options.sequence_length + 1
        run([SWIFTLET, "prepare", text, "--tokenizer", self.tokenizer, "--output", directory]
            + ["--name", "words", "--validation-tokens", held_out])

    def command(self, output: Path, *extra: str, batch_size: int = 0) -> list[str]:
        options = self.options
        tokens = 4 * options.batch_size * options.sequence_length
        return [
            SWIFTLET, "train", "--init", options.init,
            "--train-data", str(self.directory / "words_train.bin"),
            "--val-data", str(self.directory / "words_val.bin"),
            "--batch-size", str(batch_size or options.batch_size),
            "--sequence-length", str(options.sequence_length),
            "--total-batch-tokens", str(tokens), "--steps", str(options.steps),
            "--val-every", "20", "--no-shuffle", "--threads", "1", "--output", str(output), *extra,
        ]

    def train(
        self, name: str, launcher: list[str], *extra: str, batch_size: int = 0
    ) -> list[dict]:
        """Trains to the end, and returns the lines of metrics.jsonl without times."""
        output = self.directory / name
        command = self.command(output, "--checkpoint-every", "0", *extra, batch_size=batch_size)
        run(launcher + command)
        return metrics(output)

    def require(self, holds: bool, what: str) -> None:
        print(("ok    " if holds else "WRONG ") + what, flush=True)
        if not holds:
            self.failures.append(what)


def run(command: list) -> None:
    result = subprocess.run(
        [str(part) for part in command], env=environment(), capture_output=True, text=True
    )
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{result.stderr}")


def metrics(output: Path) -> list[dict]:
    rows = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        for key in ("milliseconds", "tokens_per_second"):
            row.pop(key, None)
    return rows


def difference(rows: list[dict], expected: list[dict]) -> float:
    """The largest difference of any loss; infinite if the steps are not the same."""
    if [sorted(row) for row in rows] != [sorted(row) for row in expected]:
        return float("inf")
    pairs = zip(rows, expected)
    keys = ("train_loss", "val_loss")
    return max(abs(a[key] - b[key]) for a, b in pairs for key in keys if key in a)


def compare(runs: Runs, launcher: list[str]) -> None:
    """Compares the losses of several processes with those of one, and of a second run."""
    for precision in ("float32", "bfloat16"):
        common = ("--overwrite", "--precision", precision, "--val-batches", "0")
        alone = runs.train("alone", [], *common)
        allowed = LARGEST_DIFFERENCE
        if precision == "bfloat16":
            # Two ways to divide a step, because one may be close by chance.
            sizes = [factor * runs.options.batch_size for factor in (2, 4)]
            others = [runs.train("alone", [], *common, batch_size=size) for size in sizes]
            apart = max(difference(other, alone) for other in others)
            allowed = 10 * apart
            print(f"one process, other batches, {precision}: losses differ by {apart:.1e}")
        for count, stage in itertools.product((2, 4), (0, 1)):
            mpirun = [*launcher, "-n", str(count)]
            extra = (*common, "--zero-stage", str(stage))
            first = runs.train("several", mpirun, *extra)
            second = runs.train("several", mpirun, *extra)
            distance = difference(first, alone)
            what = f"{launcher[0]}, {count} processes, stage {stage}, {precision}"
            runs.require(distance <= allowed, f"{what}: losses differ by {distance:.1e}")
            runs.require(first == second, f"{what}: a second run gives the same bits")


def survive_kills(runs: Runs, launcher: list[str], generator: random.Random) -> None:
    """Kills processes and launchers at random; resumed runs must end as if they had not been."""
    extra = ("--checkpoint-every", "3", "--zero-stage", "1")
    mpirun = [*launcher, "-n", "2"]
    expected = runs.directory / "expected"
    start = time.monotonic()
    run(mpirun + runs.command(expected, *extra, "--overwrite"))
    duration = time.monotonic() - start
    last = f"model_{runs.options.steps:08}.bin"
    for kind, number in itertools.product(("process", "launcher"), range(runs.options.kills)):
        output = runs.directory / "killed"
        shutil.rmtree(output, ignore_errors=True)
        command = [str(part) for part in mpirun + runs.command(output, *extra)]
        process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(generator.uniform(0.1, 0.95) * duration)
        victim = process.pid if kind == "launcher" else rank_process(output, generator)
        if victim is not None and process.poll() is None:
            kill(victim)
        what = f"{launcher[0]}, {kind} killed, {number + 1}"
        runs.require(ends(process, output), f"{what}: the run ends within {PATIENCE} s")
        run(command)
        same = metrics(output) == metrics(expected) and (
            (output / last).read_bytes() == (expected / last).read_bytes()
        )
        runs.require(same, f"{what}: it continues to the same bits")


def rank_process(output: Path, generator: random.Random) -> int | None:
    """One of the processes that train into a directory, not their launcher."""
    ranks = training_processes(output)
    return generator.choice(ranks) if ranks else None


def training_processes(output: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, NotADirectoryError):
            continue
        if entry.name.isdigit() and arguments[0] == SWIFTLET.encode():
            if str(output).encode() in arguments:
                found.append(int(entry.name))
    return found


def ends(process: subprocess.Popen, output: Path) -> bool:
    """Whether the launcher and all processes end in time; any others are killed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None and not training_processes(output):
            return True
        time.sleep(0.2)
    for pid in [*training_processes(output), process.pid]:
        kill(pid)
    return False


def kill(pid: int) -> None:
    """Kills a process, unless it has just ended by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--init", default="layers=3,heads=2,channels=48,context=64,vocabulary=270")
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--sequence-length", type=int, default=32)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="decides when processes are killed")
    parser.add_argument("--mpirun", help="the command to start processes with")
    parser.add_argument("--no-skip", action="store_true")
    options = parser.parse_args()
    found = launchers(options.mpirun)
    if not found:
        print("no mpirun is installed: nothing was checked", file=sys.stderr)
        return 1 if options.no_skip else 0
    with tempfile.TemporaryDirectory() as directory:
        runs = Runs(Path(directory), options)
        for launcher in found:
            compare(runs, launcher)
            survive_kills(runs, launcher, random.Random(options.seed))
    print(f"{len(runs.failures)} wrong")
    return 1 if runs.failures else 0


if __name__ == "__main__":
    sys.exit(main())
