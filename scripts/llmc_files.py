"""llm.c's files in Python: model checkpoints, debug states, and token shards with their loader.

Only what the reference scripts need: float32 checkpoints (version 3), debug states (version 2)
and GPT-2 shards (uint16 tokens), read by one process. All numbers are little-endian, behind a
header of 256 int32. A wrong file raises ValueError.

Install once: python3 -m pip install torch numpy
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

try:
    import numpy as np
    import torch
except ImportError:
    sys.exit("PyTorch or NumPy is missing: install them with `python3 -m pip install torch numpy`.")

from torch import Tensor

from gpt2_reference import GPT2, Batch, Configuration, DebugState, parameter_shapes

HEADER_INTEGERS = 256
HEADER_BYTES = 4 * HEADER_INTEGERS

MODEL_MAGIC, MODEL_VERSION = 20240326, 3
DEBUG_STATE_MAGIC, DEBUG_STATE_VERSION = 20240327, 2
SHARD_MAGIC, SHARD_VERSION = 20240520, 1

# llm.c's loader seeds its shuffling with 42 + rank; this is rank 0.
SHUFFLE_SEED = 42


# Model checkpoints


def read_checkpoint(path: Path) -> GPT2:
    """Reads a float32 model checkpoint."""
    data = path.read_bytes()
    header = _header(data, path, MODEL_MAGIC, MODEL_VERSION)
    max_sequence_length, vocabulary_size, layers, heads, channels, padded = map(int, header[2:8])
    configuration = Configuration(max_sequence_length, vocabulary_size, layers, heads, channels)
    if padded != configuration.padded_vocabulary_size:
        raise ValueError(
            f"{path}: the padded vocabulary is {padded}, not {configuration.padded_vocabulary_size}"
        )
    values = _body(data, path, "<f4")
    return GPT2(configuration, _split_parameters(values, configuration, path))


def write_checkpoint(path: Path, model: GPT2) -> None:
    """Writes a float32 model checkpoint."""
    c = model.configuration
    sizes = [*astuple(c), c.padded_vocabulary_size]
    with path.open("wb") as file:
        file.write(_header_bytes(MODEL_MAGIC, MODEL_VERSION, *sizes))
        for parameter in model.parameters():
            file.write(_float_bytes(parameter))


# Debug states


def read_debug_state(path: Path, configuration: Configuration) -> DebugState:
    """Reads the debug state of a model whose sizes are given: the file does not hold them."""
    data = path.read_bytes()
    B, T = map(int, _header(data, path, DEBUG_STATE_MAGIC, DEBUG_STATE_VERSION)[2:4])
    V = configuration.vocabulary_size
    positions = B * T
    integers = _body(data, path, "<i4")
    floats = integers[2 * positions :].view("<f4")
    if B < 1 or T < 1 or floats.size < positions * V + 1:
        raise ValueError(f"{path}: too short for {B} x {T} positions and {V} logits each")
    tokens, targets = torch.tensor(integers[: 2 * positions]).long().view(2, B, T)
    gradients = _split_parameters(floats[positions * V + 1 :], configuration, path)
    logits = torch.tensor(floats[: positions * V]).view(B, T, V)
    return DebugState(tokens, targets, logits, float(floats[positions * V]), gradients)


def write_debug_state(path: Path, state: DebugState) -> None:
    """Writes a debug state."""
    with path.open("wb") as file:
        file.write(_header_bytes(DEBUG_STATE_MAGIC, DEBUG_STATE_VERSION, *state.tokens.shape))
        for integers in (state.tokens, state.targets):
            file.write(integers.numpy().astype("<i4").tobytes())
        for floats in (state.logits, torch.tensor(state.loss), *state.gradients.values()):
            file.write(_float_bytes(floats))


# Token shards


def read_shard(path: Path) -> Tensor:
    """Reads the tokens of a GPT-2 shard."""
    data = path.read_bytes()
    count = int(_header(data, path, SHARD_MAGIC, SHARD_VERSION)[2])
    tokens = _body(data, path, "<u2")
    if tokens.size != count:
        raise ValueError(f"{path}: holds {tokens.size} tokens, not the {count} its header names")
    return torch.from_numpy(tokens.astype(np.int64))


def write_shard(path: Path, tokens: Tensor) -> None:
    """Writes a GPT-2 shard."""
    header = _header_bytes(SHARD_MAGIC, SHARD_VERSION, tokens.numel())
    path.write_bytes(header + tokens.numpy().astype("<u2").tobytes())


class TokenLoader:
    """Serves batches for ever in llm.c's order: as they lie in the files, or shuffled.

    Shuffled means: the list of shards is permuted again, from its current order, at the start of
    every epoch; the samples of a shard are permuted from their order in the file whenever it is
    opened. Both draw from one generator.
    """

    def __init__(self, paths: Sequence[Path], B: int, T: int, shuffle: bool) -> None:
        self.B, self.T = B, T
        self.shuffle = shuffle
        self.shards = [read_shard(path) for path in paths]
        for path, shard in zip(paths, self.shards):
            if len(shard) < B * T + 1:
                raise ValueError(f"{path}: {len(shard)} tokens are fewer than B * T + 1")
        self.generator = torch.Generator().manual_seed(SHUFFLE_SEED)
        self.shard_order = list(range(len(paths)))
        self._start_epoch()

    def next_batch(self) -> Batch:
        """Returns the next inputs and targets, each (B, T)."""
        if self.position == len(self.sample_order):
            if self.shard_position + 1 < len(self.shards):
                self._open_shard(self.shard_position + 1)
            else:
                self._start_epoch()
        start = self.sample_order[self.position] * self.B * self.T
        self.position += 1
        window = self.shards[self.shard_order[self.shard_position]][start:]
        span = self.B * self.T
        return window[:span].view(self.B, self.T), window[1 : span + 1].view(self.B, self.T)

    def _start_epoch(self) -> None:
        if self.shuffle:
            permute(self.shard_order, self.generator)
        self._open_shard(0)

    def _open_shard(self, shard_position: int) -> None:
        self.shard_position = shard_position
        self.position = 0
        shard = self.shards[self.shard_order[shard_position]]
        self.sample_order = list(range((len(shard) - 1) // (self.B * self.T)))
        if self.shuffle:
            permute(self.sample_order, self.generator)


def permute(items: list[int], generator: torch.Generator) -> None:
    """Shuffles in place, from the last item down.

    `torch.randint` takes the generator's next 32 bits modulo the range, which is llm.c's rule.
    """
    for i in range(len(items) - 1, 0, -1):
        j = int(torch.randint(i + 1, (), generator=generator))
        items[i], items[j] = items[j], items[i]


# What the formats share


def _header(data: bytes, path: Path, magic: int, version: int) -> np.ndarray:
    """Returns the checked header."""
    if len(data) < HEADER_BYTES:
        raise ValueError(f"{path}: {len(data)} bytes, fewer than a header's {HEADER_BYTES}")
    header = np.frombuffer(data, "<i4", count=HEADER_INTEGERS)
    if tuple(header[:2]) != (magic, version):
        raise ValueError(
            f"{path}: magic and version are {header[0]} {header[1]}, not {magic} {version}"
        )
    return header


def _body(data: bytes, path: Path, dtype: str) -> np.ndarray:
    """Returns what follows the header, read-only."""
    if (len(data) - HEADER_BYTES) % np.dtype(dtype).itemsize != 0:
        raise ValueError(f"{path}: {len(data)} bytes end in the middle of a number")
    return np.frombuffer(data, dtype, offset=HEADER_BYTES)


def _header_bytes(*fields: int) -> bytes:
    header = np.zeros(HEADER_INTEGERS, "<i4")
    header[: len(fields)] = fields
    return header.tobytes()


def _split_parameters(
    values: np.ndarray, configuration: Configuration, path: Path
) -> dict[str, Tensor]:
    """Cuts a flat array into the tensors of a model, which must use it up."""
    shapes = parameter_shapes(configuration)
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    if values.size != sum(sizes):
        raise ValueError(f"{path}: {values.size} parameters, not {sum(sizes)}")
    pieces = np.split(values, np.cumsum(sizes)[:-1])
    # torch.tensor copies: the file's bytes are read-only.
    return {
        name: torch.tensor(piece).view(shape)
        for (name, shape), piece in zip(shapes.items(), pieces)
    }


def _float_bytes(tensor: Tensor) -> bytes:
    return tensor.detach().numpy().astype("<f4", copy=False).tobytes()
