// From metrics.jsonl to a RunHistory: a chunk at a time, since a long run logs millions of lines.
// MetricsLog, which writes the lines, documents what they mean.

import FileIO
import Training

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RunHistory {
    /// The most bytes in a line; a file with longer ones is probably not a log.
    static let longestLine = 1 << 24

    /// Reads what the run in `directory` has logged so far, and what it was started with.
    ///
    /// The last line may be incomplete if the run was killed; it is then left out.
    /// - Parameters:
    ///   - directory: The run.
    ///   - name: What it is called.
    ///   - longestSample: How much of a sample is kept, in Unicode scalars.
    ///   - defaults: The default values of flags, by the flags' names without dashes.
    /// - Throws: ``FileIOError`` when there is no log, ``ReportError`` when a line is malformed,
    ///   ``TrainingError/invalidJSON(path:reason:)`` when `run.json` is.
    package init(
        _ directory: RunDirectory,
        name: String,
        longestSample: Int = Sample.longestText,
        defaults: [String: JSONValue] = [:]
    ) throws {
        self.init(name: name)
        if FileSystem.exists(directory.descriptionPath) {
            facts = RunFacts(
                try RunDescription(contentsOf: directory.descriptionPath),
                defaults: defaults
            )
        }
        let path = directory.metricsPath
        guard !FileSystem.exists(path) || FileSystem.byteCount(of: path) != nil else {
            // Opening a pipe would block until somebody writes to it.
            throw FileIOError.system(path: path, action: "read", reason: "it is not a regular file")
        }
        lastWritten = FileSystem.modificationTime(of: path)
        isRunning = try directory.isInUse()
        var log = MetricsReader(path: path, longestSample: longestSample)
        try InputFile(path).forEachChunk(ofAtMost: 1 << 20) { try log.append($0) }
        log.finish()
        steps = log.steps.ordered()
        validation = log.validation.ordered()
        accuracy = log.accuracy.ordered()
        samples = log.samples.ordered()
    }
}

/// Turns bytes that arrive in chunks into measurements.
private struct MetricsReader {
    let path: FilePath
    let longestSample: Int
    var steps = StepLog<RunHistory.Step>()
    var validation = StepLog<RunHistory.Measurement>()
    var accuracy = StepLog<RunHistory.Measurement>()
    var samples = StepLog<RunHistory.Sample>()

    private let decoder = JSONDecoder()
    private var line = 1
    private var pending: [UInt8] = []

    init(path: FilePath, longestSample: Int) {
        self.path = path
        self.longestSample = longestSample
    }

    /// Takes the next bytes of the file.
    mutating func append(_ chunk: UnsafeRawBufferPointer) throws {
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if pending.isEmpty {
                try take(Data(rest[..<end]))
            } else {
                pending.append(contentsOf: rest[..<end])
                try take(Data(pending))
                pending.removeAll(keepingCapacity: true)
            }
            line += 1
            rest = rest[(end + 1)...]
        }
        pending.append(contentsOf: rest)
        guard pending.count <= RunHistory.longestLine else {
            throw malformed("it is longer than \(RunHistory.longestLine) bytes")
        }
    }

    /// Ends the file: bytes after the last line end count when they are a whole line.
    mutating func finish() {
        if !pending.isEmpty { try? take(Data(pending)) }
    }

    private mutating func take(_ bytes: Data) throws {
        let entry: MetricsLine
        do {
            entry = try decoder.decode(MetricsLine.self, from: bytes)
        } catch let error as DecodingError {
            throw malformed(Self.reason(error))
        }
        guard entry.step >= 0 else { throw malformed("its step is \(entry.step)") }
        if let step = entry.training { steps.append(step) }
        if let value = entry.validation { validation.append(value) }
        if let value = entry.accuracy { accuracy.append(value) }
        if let text = entry.sample {
            samples.append(.init(step: entry.step, text: text, longest: longestSample))
        }
    }

    private func malformed(_ problem: String) -> ReportError {
        .malformedLine(path: path, line: line, problem: problem)
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "it has no \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            context.codingPath.last.map { "its \"\($0.stringValue)\" has the wrong type" }
                ?? "it is not a JSON object"
        default: "it is not a JSON object"
        }
    }
}

/// One line, whatever it measures.
private struct MetricsLine: Decodable {
    let step: Int
    var training: RunHistory.Step?
    var validation: RunHistory.Measurement?
    var accuracy: RunHistory.Measurement?
    var sample: String?

    private enum Key: String, CodingKey {
        case step, sample
        case trainLoss = "train_loss"
        case learningRate = "learning_rate"
        case gradientNorm = "grad_norm"
        case milliseconds
        case tokensPerSecond = "tokens_per_second"
        case validationLoss = "val_loss"
        case accuracy = "hellaswag_accuracy"
    }

    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: Key.self)
        let step = try line.decode(Int.self, forKey: .step)
        self.step = step
        // JSON has no NaN, so it is written as null.
        func number(_ key: Key) throws -> Double {
            try line.decodeIfPresent(Double.self, forKey: key) ?? .nan
        }
        func measurement(_ key: Key) throws -> RunHistory.Measurement? {
            line.contains(key) ? .init(step: step, value: try number(key)) : nil
        }
        if line.contains(.trainLoss) {
            var training = RunHistory.Step(step: step)
            training.loss = Float(try number(.trainLoss))
            training.learningRate = Float(try number(.learningRate))
            training.gradientNorm = Float(try number(.gradientNorm))
            training.milliseconds = Float(try number(.milliseconds))
            training.tokensPerSecond = Float(try number(.tokensPerSecond))
            self.training = training
        }
        validation = try measurement(.validationLoss)
        accuracy = try measurement(.accuracy)
        sample = try line.decodeIfPresent(String.self, forKey: .sample)
    }
}
