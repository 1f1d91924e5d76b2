// The files of a training run, and their names (docs: checkpoints/README.md).

import FileIO
import LanguageModels

/// The directory of a training run.
public struct RunDirectory: Sendable, Equatable {
    /// Where the run is kept.
    public let path: FilePath

    /// The directory at `path`, which need not exist.
    public init(_ path: FilePath) {
        self.path = path
    }

    /// The tokenizer's copy, in llm.c's format.
    public var tokenizerPath: FilePath { path.appending("tokenizer.bin") }
    /// One JSON object a line: losses, rates, samples.
    public var metricsPath: FilePath { path.appending("metrics.jsonl") }

    /// The model after `step` updates.
    public func modelPath(step: Int) -> FilePath { path.appending("model_\(padded(step)).bin") }
    /// An empty file, written last: the checkpoint of `step` is complete.
    public func donePath(step: Int) -> FilePath { path.appending("DONE_\(padded(step))") }

    private func padded(_ step: Int) -> String {
        let digits = "\(step)"
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// The steps of the complete checkpoints, in order; none when the directory does not exist.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    public func checkpointSteps() throws -> [Int] {
        guard FileSystem.isDirectory(path) else { return [] }
        let prefix = "DONE_"
        return try FileSystem.names(in: path)
            .compactMap { name in
                guard name.hasPrefix(prefix), let step = Int(name.dropFirst(prefix.count)),
                    // Not every number is written as ours are: DONE_1 is not.
                    donePath(step: step).lastComponent?.string == name
                else { return nil }
                return step
            }
            .sorted()
    }

    /// Whether a run has left files here.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    public func holdsRun() throws -> Bool {
        let started = FileSystem.exists(metricsPath)
        return try started || !checkpointSteps().isEmpty
    }

    /// Writes the model as the checkpoint of `step`; it counts once its `DONE` file is there.
    /// - Throws: ``FileIOError``; no checkpoint that was complete is harmed.
    public func writeCheckpoint(of model: GPT2, step: Int) throws {
        try FileSystem.remove(donePath(step: step))
        try model.writeLLMCCheckpoint(to: modelPath(step: step))
        try AtomicFile(donePath(step: step)).commit()
    }
}
