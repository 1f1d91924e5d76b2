"""Compares the event files of a training run with its metrics.jsonl, through TensorBoard's reader.

Every number and every sample must be there once, under its key in metrics.jsonl and at its step.

Install once: python3 -m pip install tensorboard

    python3 scripts/check_tensorboard.py checkpoints/quickstart/run [DIRECTORY]

DIRECTORY holds the event files if they are not in the run: those of `report --tensorboard`. Exits
with 1 if they differ.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def single(value: float | None) -> float:
    """The nearest single-precision number, which is what a simple value holds."""
    return math.nan if value is None else struct.unpack("<f", struct.pack("<f", value))[0]


def logged(run: Path) -> dict[str, dict[int, float | str]]:
    """What metrics.jsonl says: values by key and step, the last of each."""
    values = {}
    # As bytes: text mode would also split lines at separators inside samples, such as U+2028.
    for line in (run / "metrics.jsonl").read_bytes().splitlines():
        entry = json.loads(line)
        step = entry.pop("step")
        for key, value in entry.items():
            values.setdefault(key, {})[step] = value if key == "sample" else single(value)
    return values


def main() -> None:
    run = Path(sys.argv[1])
    directory = Path(sys.argv[2]) if len(sys.argv) > 2 else run
    # 0 keeps all values of a kind.
    events = EventAccumulator(str(directory), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    expected = logged(run)
    found = {
        tag: [(e.step, e.value, e.wall_time) for e in events.Scalars(tag)]
        for tag in tags["scalars"]
    }
    for tag in tags["tensors"]:
        found[tag] = [
            (e.step, e.tensor_proto.string_val[0].decode(), e.wall_time)
            for e in events.Tensors(tag)
        ]
    if found.keys() != expected.keys():
        sys.exit(f"tags {sorted(found)}, and in metrics.jsonl {sorted(expected)}")
    for tag, values in expected.items():
        steps = [step for step, _, _ in found[tag]]
        if steps != sorted(values):
            sys.exit(f"{tag}: {len(steps)} steps, and in metrics.jsonl {len(values)}")
        for step, value, _ in found[tag]:
            wanted = values[step]
            both_nan = value != value and wanted != wanted
            # A number that was rounded twice may be one unit off.
            close = isinstance(value, float) and math.isclose(value, wanted, rel_tol=1.2e-7)
            if value != wanted and not both_nan and not close:
                sys.exit(f"{tag} of step {step} is {value!r}, and in metrics.jsonl {wanted!r}")
        times = [time for _, _, time in found[tag]]
        if times != sorted(times):
            sys.exit(f"{tag}: times go back")
    count = sum(map(len, expected.values()))
    print(f"{count} values of {', '.join(sorted(expected))} are the same")


if __name__ == "__main__":
    main()
