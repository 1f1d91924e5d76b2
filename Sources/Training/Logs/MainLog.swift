// main.log: losses and rates in llm.c's format (llmc/logger.h), for the tools that read it. The
// losses are read back quickly, since a long run has logged millions of lines; what else is in a
// log, and lines that are none of ours, are passed over.

import FileIO

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Appends measurements to a run's `main.log`.
///
/// Steps are numbered as in llm.c: a training step by the updates before it, so from 0, and
/// everything else by the updates made so far.
package final class MainLog {
    private let file: AppendingFile

    /// Opens the log at `path`.
    /// - Parameters:
    ///   - path: The file.
    ///   - keepingContents: Whether to append to what is there; if a step appears twice, the later
    ///     line counts.
    /// - Throws: ``FileIOError`` when it cannot be created.
    package init(_ path: FilePath, keepingContents: Bool = false) throws {
        file = try AppendingFile(path, keepingContents: keepingContents)
    }

    /// The line of an optimizer step.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(_ step: TrainingStep) throws {
        let loss = fixed(step.loss, 4)
        let rate = fixed(step.learningRate, 6)
        let norm = fixed(step.gradientNorm, 2)
        try append("s:\(step.step - 1) trl:\(loss) lr:\(rate) norm:\(norm)\n")
    }

    /// The line of a validation after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(validationLoss: Float, step: Int) throws {
        try append("s:\(step) tel:\(fixed(validationLoss, 4))\n")
    }

    /// The line of a HellaSwag evaluation after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(hellaSwagAccuracy: Double, step: Int) throws {
        try append("s:\(step) eval:\(fixed(Float(hellaSwagAccuracy), 4))\n")
    }

    private func append(_ line: String) throws {
        try file.append([UInt8](line.utf8))
    }

    /// `value` as C's `%.*f` prints it, rounding its exact binary value; NaN without a sign.
    private func fixed(_ value: Float, _ places: CInt) -> String {
        guard !value.isNaN else { return "nan" }
        // The largest float has 39 digits before the point.
        var buffer = [CChar](repeating: 0, count: 64)
        let count = withVaList([places, Double(value)]) {
            vsnprintf(&buffer, buffer.count, "%.*f", $0)
        }
        return String(
            decoding: buffer.prefix(Int(count)).map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
    }
}

extension MainLog {
    /// A loss that was logged.
    package enum Entry: Sendable, Equatable {
        /// Of an optimizer step, counted from 1.
        case training(step: Int, loss: Float)
        /// On held-out data after `step` updates.
        case validation(step: Int, loss: Float)
    }

    /// Calls `body` with the losses of a log in order; if a step appears twice, the later one
    /// counts.
    /// - Parameters:
    ///   - path: The log; nothing is read if it is not a regular file.
    ///   - body: Called with each loss.
    /// - Throws: ``FileIOError`` when the log cannot be read, and what `body` throws.
    package static func forEachLoss(
        in path: FilePath,
        _ body: (Entry) throws -> Void
    ) throws {
        // Opening a pipe would block until somebody writes to it.
        guard FileSystem.byteCount(of: path) != nil else { return }
        var lines = LineReader(try InputFile(path), longestLine: 1 << 16)
        while let line = try lines.next() {
            if let entry = entry(line) { try body(entry) }
        }
    }

    /// `s:9 trl:4.1234 lr:...` or `s:10 tel:4.0123`.
    private static func entry(_ line: [UInt8]) -> Entry? {
        var rest = line[...]
        guard rest.starts(with: "s:".utf8) else { return nil }
        rest = rest.dropFirst(2)
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let step = Int(String(decoding: digits, as: UTF8.self)), step < Int.max else {
            return nil
        }
        rest = rest[digits.endIndex...]
        let isTraining = rest.starts(with: " trl:".utf8)
        guard isTraining || rest.starts(with: " tel:".utf8) else { return nil }
        let number = rest.dropFirst(5).prefix { $0 != UInt8(ascii: " ") }
        guard let loss = Float(String(decoding: number, as: UTF8.self)) else { return nil }
        return isTraining
            ? .training(step: step + 1, loss: loss) : .validation(step: step, loss: loss)
    }
}
