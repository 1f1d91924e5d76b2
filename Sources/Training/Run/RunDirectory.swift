// The files of a training run, and their names (docs: checkpoints/README.md); whether somebody
// trains there, and the copy of its tokenizer that a run keeps. Writing and reading checkpoints is
// in RunDirectory+Checkpoints.swift, tidying up in RunDirectory+Cleaning.swift.

import FileIO
import LanguageModels
import Tokenization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The directory of a training run.
package struct RunDirectory: Sendable, Equatable {
    /// Where the run is kept.
    package let path: FilePath

    /// The directory at `path`, which need not exist.
    package init(_ path: FilePath) {
        self.path = path
    }

    /// The tokenizer's copy, in llm.c's format.
    package var tokenizerPath: FilePath { path.appending("tokenizer.bin") }
    /// One JSON object per line: losses, rates, samples.
    package var metricsPath: FilePath { path.appending("metrics.jsonl") }
    /// Losses and rates in llm.c's format.
    package var mainLogPath: FilePath { path.appending("main.log") }
    /// Everything needed to repeat the run: a ``RunDescription``.
    package var descriptionPath: FilePath { path.appending("run.json") }
    /// Which checkpoint is the best: a ``BestCheckpoint``.
    package var bestPath: FilePath { path.appending("best.json") }

    /// The newest adapter, if one is trained, in PEFT's format.
    package var adapterPath: FilePath { path.appending("adapter") }

    /// The model after `step` updates: a directory if there is one, else a file.
    package func modelPath(step: Int) -> FilePath {
        let directory = modelPath(step: step, .directory)
        return FileSystem.isDirectory(directory) ? directory : modelPath(step: step, .file)
    }
    /// The model after `step` updates, in the form it is written in.
    func modelPath(step: Int, _ form: CheckpointForm) -> FilePath {
        path.appending("model_\(padded(step))" + (form == .file ? ".bin" : ""))
    }
    /// The optimizer's moments and the place in the data after `step` updates, of the only process
    /// or the first.
    package func statePath(step: Int) -> FilePath { statePath(step: step, rank: 0) }
    /// The part of the optimizer's moments that a process, counted from 0, keeps, and its place in
    /// the data, after `step` updates.
    package func statePath(step: Int, rank: Int) -> FilePath {
        path.appending("state_\(padded(step))_\(padded(rank, to: 5)).bin")
    }
    /// What llm.c's state cannot hold, after `step` updates.
    package func extraPath(step: Int) -> FilePath { path.appending("extra_\(padded(step)).json") }
    /// An empty file, written last: the checkpoint of `step` is complete.
    package func donePath(step: Int) -> FilePath { path.appending("DONE_\(padded(step))") }

    private func padded(_ number: Int, to count: Int = 8) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    /// The steps of the complete checkpoints, in order; none when the directory does not exist.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    package func checkpointSteps() throws -> [Int] {
        guard FileSystem.isDirectory(path) else { return [] }
        return try FileSystem.names(in: path)
            .compactMap { step(named: $0.string, prefix: "DONE_", suffix: "", donePath) }
            .sorted()
    }

    /// Whether a run has left files here.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    package func holdsRun() throws -> Bool {
        let started = FileSystem.exists(metricsPath) || FileSystem.exists(descriptionPath)
        return try started || !checkpointSteps().isEmpty
    }

    /// The step in a file name of a checkpoint; nil for any other name.
    func checkpointStep(named name: String) -> Int? {
        step(named: name, prefix: "DONE_", suffix: "", donePath)
            ?? step(named: name, prefix: "extra_", suffix: ".json", extraPath)
            ?? stateFile(named: name)?.step
            ?? step(named: name, prefix: "model_", suffix: ".bin") { modelPath(step: $0, .file) }
            ?? step(named: name, prefix: "model_", suffix: "") { modelPath(step: $0, .directory) }
    }

    /// The step and the rank in the file name of a process's state; nil for any other name.
    func stateFile(named name: String) -> (step: Int, rank: Int)? {
        guard name.hasPrefix("state_"), let end = name.lastIndex(of: "_"),
            let rank = Int(name[name.index(after: end)...].prefix { $0 != "." }), rank >= 0
        else { return nil }
        return step(named: name, prefix: "state_", suffix: String(name[end...])) {
            statePath(step: $0, rank: rank)
        }.map { ($0, rank) }
    }

    private func step(
        named name: String,
        prefix: String,
        suffix: String,
        _ path: (Int) -> FilePath
    ) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            let step = Int(name.dropFirst(prefix.count).dropLast(suffix.count)),
            // Not every number is written the way ours are: DONE_1 is not.
            path(step).lastComponent?.string == name
        else { return nil }
        return step
    }
}

extension RunDirectory {
    /// Whether a process is training in the directory at this moment.
    /// - Throws: ``FileIOError`` when the directory cannot be opened.
    package func isInUse() throws -> Bool {
        guard FileSystem.isDirectory(path) else { return false }
        return try DirectoryLock.isHeld(path)
    }

    /// Creates the directory, and keeps other processes from training in it.
    /// - Returns: A lock that holds the directory as long as it lives.
    /// - Throws: ``TrainingError/runInUse(path:)`` or ``FileIOError``.
    func lock() throws -> DirectoryLock {
        try FileSystem.createDirectory(path)
        // A process that only checks holds it for an instant; one that trains, for longer.
        for _ in 0..<20 {
            if let lock = try DirectoryLock(path) { return lock }
            usleep(5_000)
        }
        throw TrainingError.runInUse(path: path)
    }

    /// Keeps other processes from training here, if there is a run here at all.
    /// - Returns: A lock that holds the directory as long as it lives.
    /// - Throws: ``TrainingError/runInUse(path:)`` or ``FileIOError``.
    package func lockIfRun() throws -> DirectoryLock? {
        try holdsRun() ? lock() : nil
    }
}

extension RunDirectory {
    /// The other forms, for tokenizers that llm.c's and llama2.c's formats cannot hold.
    private var vocabularyPath: FilePath { path.appending("vocab.json") }
    private var mergesPath: FilePath { path.appending("merges.txt") }
    private var settingsPath: FilePath { path.appending("tokenizer.json") }
    private var configPath: FilePath { path.appending("tokenizer_config.json") }
    private var modelPath: FilePath { path.appending("tokenizer.model") }
    private var chatTemplatePath: FilePath { path.appending("chat_template.jinja") }

    /// All files that a tokenizer may be.
    var tokenizerFiles: [FilePath] {
        [
            tokenizerPath, vocabularyPath, mergesPath, settingsPath, configPath, modelPath,
            chatTemplatePath,
        ]
    }

    /// The run's copy of its tokenizer, for `loadTokenizer(at:)`; nil when there is none.
    package var savedTokenizer: FilePath? {
        for path in [settingsPath, modelPath, tokenizerPath] where FileSystem.exists(path) {
            return path
        }
        let isPair = FileSystem.exists(vocabularyPath) && FileSystem.exists(mergesPath)
        return isPair ? vocabularyPath : nil
    }

    /// Whether the run keeps a chat template for the conversations that its model learns.
    package var hasChatTemplate: Bool { FileSystem.exists(chatTemplatePath) }

    /// Checks that a run resumes with the tokenizer it began with; without a copy, any will do.
    /// - Throws: ``TrainingError/runDiffers(path:differences:)``, or what reading the copy throws.
    package func requireSameTokenizer(_ tokenizer: any Tokenizer) throws {
        guard let copy = savedTokenizer else { return }
        let (then, now) = (try loadTokenizer(at: copy), tokenizer)
        guard !Self.encodesAlike(then, now) else { return }
        let difference =
            then.vocabularySize == now.vocabularySize
            ? "the tokenizer holds different tokens now"
            : "the tokenizer had \(then.vocabularySize) tokens and now has "
                + "\(now.vocabularySize)"
        throw TrainingError.runDiffers(path: path, differences: [difference])
    }

    private static func encodesAlike(_ then: any Tokenizer, _ now: any Tokenizer) -> Bool {
        if let then = then as? BytePairTokenizer, let now = now as? BytePairTokenizer {
            return then.encodesLike(now)
        }
        return then.description.kind == now.description.kind && then.digest == now.digest
    }

    /// Replaces the run's copy of a tokenizer, or removes it.
    /// - Parameters:
    ///   - tokenizer: The tokenizer.
    ///   - source: The file that it came from, which is copied if it is SentencePiece's or
    ///     llama2.c's; nil if there is none.
    ///   - chatTemplate: The chat template that the model learns, in Jinja; nil for a model that
    ///     learns none.
    /// - Throws: `TextTokenizerError` when no format can hold it, or ``FileIOError``.
    package func replaceTokenizer(
        with tokenizer: (any Tokenizer)?,
        from source: FilePath? = nil,
        chatTemplate: String? = nil
    ) throws {
        var written = try tokenizer?.save(in: path, from: source) ?? []
        if let chatTemplate, tokenizer != nil {
            let file = try AtomicFile(chatTemplatePath)
            try file.write(Array(chatTemplate.utf8))
            try file.commit()
            written.append(chatTemplatePath)
        }
        // Another form would be found first, or without need.
        for path in tokenizerFiles where !written.contains(path) { try FileSystem.remove(path) }
    }
}
