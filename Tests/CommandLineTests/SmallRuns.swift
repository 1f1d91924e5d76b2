// Small runs of `train`, which last a moment or for ever.

import FileIO

/// The arguments of a small `train`, without its steps.
func smallRun(in directory: FilePath) throws -> [String] {
    let data = try writeShard(to: directory.appending("data.bin")).string
    let tokenizer = try writeTokenizer(to: directory.appending("tokenizer.bin")).string
    return [
        "train", "--init", "layers=1,heads=1,channels=8,context=8", "--train-data", data,
        "--val-data", data, "--tokenizer", tokenizer, "--sample-every", "10", "--sample-tokens",
        "8", "--val-every", "10", "--output", directory.appending("run").string,
    ]
}

/// Whether a run has logged a step: its program catches signals by then.
func hasMadeAStep(_ run: FilePath) -> Bool {
    FileSystem.byteCount(of: run.appending("metrics.jsonl")) ?? 0 > 0
}
