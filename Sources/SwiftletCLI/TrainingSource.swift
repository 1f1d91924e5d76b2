// The data of a run, from shards or from a text that becomes shards in the run directory.

import Swiftlet

/// What a run learns from and validates on.
struct TrainingSource {
    let training: TokenLoader
    let validation: TokenLoader?

    /// Opens the shards that `options` name, or makes them of its text.
    init(
        _ options: DataOptions,
        tokenizer: BytePairTokenizer?,
        directory: RunDirectory,
        batchSize: Int,
        sequenceLength: Int,
        vocabularySize: Int,
        threads: Int
    ) throws {
        func loader(_ pattern: FilePath, shuffled: Bool) throws -> TokenLoader {
            try TokenLoader(
                matching: pattern,
                batchSize: batchSize,
                sequenceLength: sequenceLength,
                shuffled: shuffled,
                vocabularySize: vocabularySize
            )
        }
        var (trainData, valData) = (options.trainData ?? "", options.valData)
        if let text = options.text, let tokenizer {
            let holdsOut = valData == nil
            // One batch and its last target; whether the sizes make sense is checked later.
            let leastTokens =
                batchSize.multipliedReportingOverflow(by: sequenceLength)
                .partialValue &+ 1
            let prepared = try Self.cleaningUp(directory) {
                let prepared = try Self.prepare(
                    text,
                    tokenizer,
                    directory,
                    heldOutTokens: holdsOut ? Self.mostHeldOutTokens : 0,
                    leastHeldOutTokens: leastTokens,
                    threads: threads
                )
                let tokenCount = try TokenShard(prepared.trainingPath).count
                guard tokenCount >= leastTokens else {
                    try prepared.remove()
                    throw CommandError(
                        .wrongUsage,
                        "'\(text)' makes \(counted(tokenCount, "token")), and a batch takes "
                            + "\(leastTokens.grouped) (batch size x sequence length + 1); take "
                            + "more text, or a smaller --batch-size or --sequence-length"
                    )
                }
                return prepared
            }
            trainData = prepared.trainingPath
            if let path = prepared.validationPath {
                valData = path
            } else if holdsOut {
                Terminal.diagnose("the text is too short to hold any of it out for validation")
            }
        }
        training = try Self.digested(loader(trainData, shuffled: options.shuffle))
        validation = try valData.map { try Self.digested(loader($0, shuffled: false)) }
    }

    /// Reads all of the data once: a run that goes on must find the same.
    private static func digested(_ loader: TokenLoader) throws -> TokenLoader {
        let line = ProgressLine()
        defer { line.finish() }
        var loader = loader
        try loader.digestShards { count, total in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            line.show("looking at the data: \(byteProgress(count, of: total))")
        }
        return loader
    }

    /// What `body` returns; when it throws, directories go that were made for a run and are empty.
    private static func cleaningUp<Value>(
        _ directory: RunDirectory,
        _ body: () throws -> Value
    ) throws -> Value {
        do { return try body() } catch {
            RunDirectory(data(of: directory)).removeIfEmpty()
            directory.removeIfEmpty()
            throw error
        }
    }

    /// Where the shards of a text are kept.
    private static func data(of directory: RunDirectory) -> FilePath {
        directory.path.appending("data")
    }

    /// Tokens of a long text that are held out: some hundred batches of any usual size.
    ///
    /// Shorter texts give fewer, in proportion, and none where that would not fill a batch. So a
    /// resumed run finds its shards again, and one whose batches have become larger may not.
    private static let mostHeldOutTokens = 1 << 20

    private static func prepare(
        _ text: FilePath,
        _ tokenizer: BytePairTokenizer,
        _ directory: RunDirectory,
        heldOutTokens: Int,
        leastHeldOutTokens: Int,
        threads: Int
    ) throws -> PreparedText {
        let passedOver = PassedOverEntries()
        let inputs = try TextInput.find([text], passingOver: passedOver.append)
        // A pipe is empty after its first reading, and the run's shards are known by the text.
        if let input = inputs.first(where: { $0.byteCount == nil }) {
            throw CommandError(
                .wrongUsage,
                "--text needs files, as they are read twice, but '\(input.name)' is none; save "
                    + "what it gives to a file, or make shards with 'swiftlet prepare'"
            )
        }
        try checkKinds(of: inputs)
        let line = ProgressLine()
        defer {
            line.finish()
            passedOver.report()
        }
        return try PreparedText(
            TextDocuments(inputs),
            tokenizer: tokenizer,
            directory: data(of: directory),
            heldOutTokens: heldOutTokens,
            leastHeldOutTokens: leastHeldOutTokens,
            threads: threads,
            readingProgress: { count, total in
                if Signals.isInterrupted { throw ExitStatus.interrupted }
                line.show("looking at the text: \(byteProgress(count, of: total))")
            }
        ) { progress in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            line.show(
                "preparing: \(byteProgress(progress.byteCount, of: progress.totalByteCount)), "
                    + groupedTokens(progress.tokenCount)
            )
        }
    }
}
