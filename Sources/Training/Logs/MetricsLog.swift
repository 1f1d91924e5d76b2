// metrics.jsonl: what a run measured, one JSON object a line, for programs to read. Lines are taken
// out of it before it is appended to again: the log is then replaced as a whole, so that a kill in
// between leaves the old one or the new one.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Appends measurements to a run's `metrics.jsonl`.
package final class MetricsLog {
    private let file: AppendingFile
    private let encoder = JSONEncoder()

    /// Opens the log at `path`.
    /// - Parameters:
    ///   - path: The file.
    ///   - step: The updates of the checkpoint that the run resumes from: later lines, and invalid
    ///     lines, are removed. Nil replaces what was there.
    ///   - isUnmeasured: Whether everything at that step, except the step itself, is measured
    ///     again: its lines are then removed too.
    /// - Throws: ``FileIOError`` when it cannot be created.
    package init(
        _ path: FilePath,
        continuingAfter step: Int? = nil,
        isUnmeasured: Bool = false
    ) throws {
        if let step {
            try Self.removeLines(after: step, isUnmeasured: isUnmeasured, from: path)
        }
        file = try AppendingFile(path, keepingContents: step != nil)
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    private static func removeLines(
        after step: Int,
        isUnmeasured: Bool,
        from path: FilePath
    ) throws {
        struct Line: Decodable {
            let step: Int
            /// Only in the line of an optimizer step.
            let milliseconds: Double?
        }
        let decoder = JSONDecoder()
        try LineFile.filter(path) { bytes in
            guard let line = try? decoder.decode(Line.self, from: Data(bytes)) else { return false }
            if isUnmeasured && line.step == step { return line.milliseconds != nil }
            return line.step <= step
        }
    }

    /// The line of an optimizer step.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(_ step: TrainingStep) throws {
        struct Line: Encodable {
            let step: Int
            let train_loss: Finite<Float>
            let learning_rate: Finite<Float>
            let grad_norm: Finite<Float>
            let milliseconds: Double
            let tokens_per_second: Finite<Double>
        }
        try append(
            Line(
                step: step.step,
                train_loss: Finite(step.loss),
                learning_rate: Finite(step.learningRate),
                grad_norm: Finite(step.gradientNorm),
                milliseconds: step.duration / .milliseconds(1),
                tokens_per_second: Finite(step.tokensPerSecond)
            )
        )
    }

    /// The line of a validation after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(validationLoss: Float, step: Int) throws {
        struct Line: Encodable {
            let step: Int
            let val_loss: Finite<Float>
        }
        try append(Line(step: step, val_loss: Finite(validationLoss)))
    }

    /// The line of a HellaSwag evaluation after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(hellaSwagAccuracy: Double, step: Int) throws {
        struct Line: Encodable {
            let step: Int
            let hellaswag_accuracy: Finite<Double>
        }
        try append(Line(step: step, hellaswag_accuracy: Finite(hellaSwagAccuracy)))
    }

    /// The line of a sample drawn after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(sample: String, step: Int) throws {
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

/// A number in JSON, which has neither NaN nor infinity: null stands for both.
private struct Finite<Value: FloatingPoint & Encodable>: Encodable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
    }
}

/// Repairs logs.
enum LineFile {
    /// Keeps the lines that satisfy a condition, but never an unfinished last line.
    ///
    /// A full disk leaves such a line. A file that does not exist or loses nothing is not touched,
    /// nor is a pipe or a device, from which nothing can be removed.
    /// - Parameters:
    ///   - path: The log.
    ///   - isKept: Called with each line, without its end.
    /// - Throws: ``FileIOError``, or what `isKept` throws.
    static func filter(_ path: FilePath, _ isKept: (ArraySlice<UInt8>) throws -> Bool) throws {
        guard FileSystem.byteCount(of: path) != nil else { return }
        let bytes = try MappedFile(path).contents()
        let newline = UInt8(ascii: "\n")
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var start = 0
        while let end = bytes[start...].firstIndex(of: newline) {
            if try isKept(bytes[start..<end]) { kept += bytes[start...end] }
            start = end + 1
        }
        guard kept.count < bytes.count else { return }
        let file = try AtomicFile(path)
        try file.write(kept)
        try file.commit()
    }
}
