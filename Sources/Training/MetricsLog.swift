// metrics.jsonl: what a run measured, one JSON object a line, for programs to read.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Appends measurements to a run's `metrics.jsonl`.
public final class MetricsLog {
    private let file: AppendingFile
    private let encoder = JSONEncoder()

    /// Starts the log at `path`, replacing what was there.
    /// - Throws: ``FileIOError`` when it cannot be created.
    public init(_ path: FilePath) throws {
        file = try AppendingFile(path)
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    /// The line of an optimiser step.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func append(_ step: TrainingStep) throws {
        struct Line: Encodable {
            let step: Int
            let train_loss: Float
            let learning_rate: Float
            let grad_norm: Float
            let milliseconds: Double
            let tokens_per_second: Double
        }
        try append(
            Line(
                step: step.step,
                train_loss: step.loss,
                learning_rate: step.learningRate,
                grad_norm: step.gradientNorm,
                milliseconds: step.duration / .milliseconds(1),
                tokens_per_second: step.tokensPerSecond
            )
        )
    }

    /// The line of a validation after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func append(validationLoss: Float, step: Int) throws {
        struct Line: Encodable {
            let step: Int
            let val_loss: Float
        }
        try append(Line(step: step, val_loss: validationLoss))
    }

    /// The line of a sample drawn after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func append(sample: String, step: Int) throws {
        struct Line: Encodable {
            let step: Int
            let sample: String
        }
        try append(Line(step: step, sample: sample))
    }

    private func append(_ line: some Encodable) throws {
        var bytes = [UInt8](try encoder.encode(line))
        bytes.append(UInt8(ascii: "\n"))
        try file.append(bytes)
    }
}
