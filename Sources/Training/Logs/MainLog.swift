// main.log: losses and rates in llm.c's format (llmc/logger.h), for the tools that read it.

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
/// Steps are numbered as llm.c numbers them: a training step by the updates before it, so from 0,
/// and everything else by the updates made so far.
public final class MainLog {
    private let file: AppendingFile

    /// Opens the log at `path`.
    /// - Parameters:
    ///   - path: The file.
    ///   - keepingContents: Whether to go on after what is there; of a step that appears twice,
    ///     the later line counts.
    /// - Throws: ``FileIOError`` when it cannot be created.
    public init(_ path: FilePath, keepingContents: Bool = false) throws {
        file = try AppendingFile(path, keepingContents: keepingContents)
    }

    /// The line of an optimiser step.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func append(_ step: TrainingStep) throws {
        let loss = fixed(step.loss, 4)
        let rate = fixed(step.learningRate, 6)
        let norm = fixed(step.gradientNorm, 2)
        try append("s:\(step.step - 1) trl:\(loss) lr:\(rate) norm:\(norm)\n")
    }

    /// The line of a validation after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func append(validationLoss: Float, step: Int) throws {
        try append("s:\(step) tel:\(fixed(validationLoss, 4))\n")
    }

    /// The line of a HellaSwag evaluation after `step` updates.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func append(hellaSwagAccuracy: Double, step: Int) throws {
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
