// Short runs of `swiftlet train` that tests kill and interrupt, and everything they leave. They
// have what resuming could get wrong: shards of different sizes, two micro-batches a step, epochs
// that end in the middle of a step, validation, samples, and checkpoints that are kept and removed.

import FileIO
import Foundation
import Testing
import Training

/// A run whose program may be started several times.
final class DisturbedRun {
    /// What is trained, and on what.
    enum Kind: CaseIterable {
        /// A GPT-2, from shards in llm.c's order.
        case gpt2
        /// A Llama with dropout, from random places in the shards, whose documents do not see each
        /// other.
        case llama
        /// A Llama, from conversations; shards are held out.
        case chat
        /// An adapter of a Llama.
        case adapter
    }

    /// Steps between checkpoints.
    static let checkpointInterval = 5

    private let directory: FilePath
    private let arguments: [String]
    /// Where it is kept.
    let files: RunDirectory
    /// Optimizer steps that all its processes have logged, including repeated ones.
    private(set) var stepsMade = 0

    /// Describes a run.
    /// - Parameters:
    ///   - directory: Where runs share their data.
    ///   - name: The run's directory in it.
    ///   - kind: What is trained, and on what.
    ///   - microBatches: Of a step.
    /// - Throws: When the data cannot be written.
    init(
        in directory: FilePath,
        _ name: String,
        _ kind: Kind = .gpt2,
        microBatches: Int = 2
    ) throws {
        self.directory = directory
        files = RunDirectory(directory.appending(name))
        let sequenceLength = kind == .chat ? 48 : 8
        arguments =
            try ["train", "--output", files.path.string] + Self.models(kind, in: directory)
            + Self.data(kind, in: directory) + [
                "--val-every", "4", "--batch-size", "2", "--sequence-length", "\(sequenceLength)",
                "--total-batch-tokens", "\(microBatches * 2 * sequenceLength)",
                "--steps", "60", "--learning-rate", "1e-2", "--warmup-steps", "4",
                "--sample-every", "15", "--sample-tokens", "8",
                "--checkpoint-every", "\(Self.checkpointInterval)", "--keep-last", "2",
                "--keep-every", "20", "--threads", "1",
            ]
    }

    /// Flags for what a run begins with.
    private static func models(_ kind: Kind, in directory: FilePath) throws -> [String] {
        let llama = "llama2:layers=1,heads=4,kv-heads=2,channels=16,hidden=24,context=48"
        switch kind {
        case .gpt2: return ["--init", "layers=1,heads=2,channels=16,context=8"]
        case .llama, .chat: return ["--init", llama]
        case .adapter:
            let model = directory.appending("base.bin")
            if !FileSystem.exists(model) { try writeLlama(to: model, context: 8) }
            return ["--init", model.string, "--lora-rank", "2", "--lora-targets", "attention,mlp"]
        }
    }

    /// Flags for its data, which is written.
    private static func data(_ kind: Kind, in directory: FilePath) throws -> [String] {
        let path = directory.appending("bytes.bin")
        let tokenizer =
            try kind == .gpt2 ? writeTokenizer(to: path) : writeByteTokenizer(to: path)
        // 9 and 14 batches: an epoch is 11 steps and a half.
        for (index, batches) in [9, 14].enumerated() {
            let shard = directory.appending("data_\(index).bin")
            try writeShard(to: shard, count: batches * 16 + 1)
        }
        let validation = try writeShard(to: directory.appending("held_out.bin"), count: 100)
        let conversations = (1...7).map { count in
            let text = String(repeating: "ha", count: count)
            return #"{"messages":[{"role":"user","content":"\#(count)"},"#
                + #"{"role":"assistant","content":"\#(text)"}]}"#
        }
        let file = directory.appending("chat.jsonl")
        try writeBytes(Array(conversations.joined(separator: "\n").utf8), to: file)
        let shards = ["--train-data", directory.appending("data_*.bin").string]
        let special: [String] =
            switch kind {
            case .gpt2, .adapter: shards
            case .llama:
                shards + ["--order", "random", "--documents", "separate", "--dropout", "0.1"]
            case .chat: ["--chat", file.string, "--template", "llama2", "--sample-prompt", "3"]
            }
        return special + ["--tokenizer", tokenizer.string, "--val-data", validation.string]
    }

    /// Starts the program, or starts it again, and counts the steps it makes.
    /// - Parameters:
    ///   - preparation: What a shell does before it becomes the program.
    ///   - whileRunning: Called once it runs.
    /// - Returns: What the process printed and how it ended.
    /// - Throws: When it cannot be started.
    func start(
        through preparation: String = "",
        whileRunning: (RunningProgram) throws -> Void = { _ in }
    ) throws -> Outcome {
        // Steps in the log before are not this process's, unless it began the log anew. That is
        // another file then: the link keeps the old one's number from being given to it.
        let link = directory.appending("log-\(UUID().uuidString)")
        defer { try? FileSystem.remove(link) }
        if FileSystem.exists(files.mainLogPath) {
            try FileManager.default.linkItem(atPath: files.mainLogPath.string, toPath: link.string)
        }
        let before = stepLines
        let goesOn = try !files.checkpointSteps().isEmpty
        let script = preparation + "\nexec \"$@\""
        let outcome = try run(
            "/bin/sh",
            ["-c", script, "sh", swiftletPath()] + arguments,
            whileRunning: whileRunning
        )
        let isSameLog = fileNumber(link) == fileNumber(files.mainLogPath)
        stepsMade += stepLines - (goesOn || isSameLog ? before : 0)
        return outcome
    }

    /// Runs the program to its end.
    func finish() throws {
        let outcome = try start()
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    private func fileNumber(_ path: FilePath) -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
        return (attributes?[.systemFileNumber] as? NSNumber)?.intValue
    }

    // MARK: While it runs

    /// Complete lines in the run's log.
    var lineCount: Int { logLines.count }

    private var stepLines: Int { logLines.count { $0.contains(" trl:") } }

    private var logLines: [Substring] {
        guard let bytes = try? MappedFile(files.mainLogPath).contents() else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    /// Whether a program has a file of a checkpoint, the first of which is the model, half written.
    func isWritingCheckpoint(_ program: RunningProgram) throws -> Bool {
        guard FileSystem.isDirectory(files.path) else { return false }
        return try FileSystem.names(in: files.path).map(\.string).contains {
            $0.hasPrefix(".model_") && $0.contains(".\(program.process.processIdentifier)-")
        }
    }

    /// What a process that was killed left, in a few words.
    func situation() throws -> String {
        guard FileSystem.isDirectory(files.path) else { return "no directory" }
        let complete = try files.checkpointSteps()
        let others = try FileSystem.names(in: files.path).map(\.string).filter { name in
            let isOfCheckpoint = ["model_", "state_", "extra_"].contains { name.contains($0) }
            return name.hasPrefix(".")
                || isOfCheckpoint && !complete.contains { name.contains("_\(padded($0))") }
        }
        return "\(stepLines) steps logged, checkpoints \(complete), left over: \(others)"
    }

    private func padded(_ step: Int) -> String {
        String(files.modelPath(step: step).lastComponent?.stem.dropFirst("model_".count) ?? "")
    }

    // MARK: What it leaves

    /// What the run left, without what may differ: times, the name of its directory, and lines of
    /// `main.log` that were repeated.
    func result() throws -> [String: [String]] {
        var result: [String: [String]] = [:]
        let names = try FileSystem.names(in: files.path).flatMap { name in
            let path = files.path.appending(name)
            guard FileSystem.isDirectory(path) else { return [name.string] }
            return try FileSystem.names(in: path).map { "\(name)/\($0)" }
        }
        for name in names {
            let bytes = try MappedFile(files.path.appending(name)).contents()
            let text = String(decoding: bytes, as: UTF8.self)
            result[name] =
                switch name {
                case "main.log": lastLines(text)
                case "metrics.jsonl": try text.split(separator: "\n").map(withoutTimes)
                case "run.json":
                    [text.replacingOccurrences(of: files.path.string, with: "RUN")]
                default: [Data(bytes).base64EncodedString()]
                }
        }
        return result
    }

    /// The later line of two of one step and kind, as readers of llm.c's logs have it.
    private func lastLines(_ log: String) -> [String] {
        var lines: [String: String] = [:]
        for line in log.split(separator: "\n") {
            let key = line.split(separator: ":").prefix(2).joined(separator: ":")
            lines[key] = String(line)
        }
        return lines.values.sorted()
    }

    private func withoutTimes(_ line: Substring) throws -> String {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        var values = try #require(object as? [String: Any])
        values["milliseconds"] = nil
        values["tokens_per_second"] = nil
        return "\(values.sorted { $0.key < $1.key })"
    }
}
