"""Writes a small GGUF file with the gguf package, and the package's values of its tensors.

Run it from anywhere, with gguf and NumPy (python3 -m pip install gguf numpy):

    python3 scripts/export_gguf_fixtures.py [--output Tests/TensorFilesTests/Fixtures]

It writes
  small.gguf    a key of each type, and a tensor of each type that can be read
  small.json    the type, shape and dequantized elements of each tensor, as the SHA-256 of float32
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, quants

DEFAULT_OUTPUT = (
    Path(__file__).resolve().parent.parent / "Tests" / "TensorFilesTests" / "Fixtures"
)
Q6_K_BLOCK_BYTES = 210


def add_keys(writer: GGUFWriter) -> None:
    """Adds a key of each type."""
    writer.add_uint8("small.uint8", 200)
    writer.add_int8("small.int8", -100)
    writer.add_uint16("small.uint16", 60_000)
    writer.add_int16("small.int16", -30_000)
    writer.add_uint32("small.uint32", 4_000_000_000)
    writer.add_int32("small.int32", -2_000_000_000)
    writer.add_float32("small.float32", 0.1)
    writer.add_bool("small.bool", True)
    writer.add_string("small.string", "na\u00efve \u6f22")
    writer.add_uint64("small.uint64", 1 << 63)
    writer.add_int64("small.int64", -(1 << 62))
    writer.add_float64("small.float64", 0.1)
    writer.add_array("small.strings", ["a", "", "\u6f22"])
    writer.add_array("small.integers", [3, -1, 2])
    writer.add_array("small.floats", [0.5, -0.25])


def add_tensors(writer: GGUFWriter) -> None:
    """Adds a tensor of each type, of numbers that look random and are always the same."""
    generator = np.random.default_rng(14)
    matrix = generator.normal(size=(3, 64)).astype(np.float32)
    writer.add_tensor("f32", matrix)
    writer.add_tensor("f16", matrix[:2, :3].astype(np.float16))
    kinds = GGMLQuantizationType
    for kind in (kinds.BF16, kinds.Q8_0, kinds.Q4_0, kinds.Q4_1):
        writer.add_tensor(kind.name.lower(), quants.quantize(matrix, kind), raw_dtype=kind)
    blocks = generator.integers(0, 256, size=(2, 2 * Q6_K_BLOCK_BYTES), dtype=np.uint8)
    for block in blocks.reshape(4, Q6_K_BLOCK_BYTES):
        block[-2:] = generator.normal(size=1).astype(np.float16).view(np.uint8)
    writer.add_tensor("q6_k", blocks, raw_dtype=kinds.Q6_K)


def main() -> None:
    """Writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    path = output / "small.gguf"
    writer = GGUFWriter(path, "small")
    add_keys(writer)
    add_tensors(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expected = {}
    for tensor in GGUFReader(path).tensors:
        floats = quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        expected[tensor.name] = {
            "type": tensor.tensor_type.name,
            "shape": [int(extent) for extent in reversed(tensor.shape)],
            "sha256": hashlib.sha256(np.ascontiguousarray(floats).tobytes()).hexdigest(),
        }
    text = json.dumps(expected, indent=2, sort_keys=True)
    (output / "small.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
