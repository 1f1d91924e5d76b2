#!/usr/bin/env python3
"""Works out, without any of our code, in which order llm.c's data loader serves its batches.

Prints the fixture Tests/TokenDataTests/Fixtures/loader_order.json, which the tests of TokenLoader
are compared with:

    python3 scripts/expected_loader_order.py > Tests/TokenDataTests/Fixtures/loader_order.json

Needs NumPy, whose RandomState is an independent mt19937: an integer seed fills its state as
PyTorch's does, and full-range uint32 draws are the raw outputs. The rules (docs/file-formats.md,
token shards): the generator is seeded 42 + rank; the shard list is permuted at the start of every
epoch from its current order; the sample list of a shard is permuted from the identity whenever the
shard is opened; a permutation goes from the last place down and swaps with draw % (place + 1).
"""

import json

import numpy

BATCH_SIZE = 2
SEQUENCE_LENGTH = 4
# Three sizes that differ, none a whole number of samples for either number of processes.
SHARD_TOKENS = [205, 90, 131]
EPOCHS = 2


def permute(values, generator):
    for i in range(len(values) - 1, 0, -1):
        j = int(generator.randint(0, 2**32, dtype=numpy.uint32)) % (i + 1)
        values[i], values[j] = values[j], values[i]


def epochs(processes, rank):
    """Yields, for each epoch, the [shard, first token] of every batch, and then the next draw."""
    generator = numpy.random.RandomState(42 + rank)
    tokens_per_batch = BATCH_SIZE * SEQUENCE_LENGTH
    tokens_per_sample = processes * tokens_per_batch
    shards = list(range(len(SHARD_TOKENS)))
    result = []
    for _ in range(EPOCHS):
        permute(shards, generator)
        batches = []
        for shard in shards:
            samples = list(range((2 * SHARD_TOKENS[shard] - 2) // (2 * tokens_per_sample)))
            permute(samples, generator)
            batches += [
                [shard, sample * tokens_per_sample + rank * tokens_per_batch] for sample in samples
            ]
        result.append(batches)
    return result, int(generator.randint(0, 2**32, dtype=numpy.uint32))


def main():
    cases = []
    for processes, rank in [(1, 0), (2, 0), (2, 1)]:
        batches, next_draw = epochs(processes, rank)
        cases.append(
            {"processCount": processes, "rank": rank, "epochs": batches, "nextDraw": next_draw}
        )
    fixture = {
        "batchSize": BATCH_SIZE,
        "sequenceLength": SEQUENCE_LENGTH,
        "shardTokens": SHARD_TOKENS,
        "cases": cases,
    }
    print(json.dumps(fixture, separators=(",", ":")))


if __name__ == "__main__":
    main()
