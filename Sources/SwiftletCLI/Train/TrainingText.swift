// A text that a run learns from: it becomes shards in the run directory, which a run that goes on
// finds again.

import Swiftlet

/// Makes a run's shards of a text.
struct TrainingText {
    /// Of the run.
    let directory: RunDirectory
    /// How many encode.
    let threads: Int

    /// The shards of a text, which are enough for a batch.
    /// - Parameters:
    ///   - text: A file or a directory.
    ///   - tokenizer: What encodes it.
    ///   - shape: Of the batches.
    ///   - holdsOut: Whether some of it is held out for validation, where it is long enough.
    /// - Returns: The shards.
    /// - Throws: What is wrong with the text.
    func shards(
        of text: FilePath,
        _ tokenizer: any Tokenizer,
        _ shape: TrainingSource.Shape,
        holdsOut: Bool
    ) throws -> PreparedText {
        // A batch of every process and its last target.
        let leastTokens = shape.tokenCount + 1
        let prepared = try cleaningUp {
            let prepared = try prepare(
                text,
                tokenizer,
                heldOutTokens: holdsOut ? Self.mostHeldOutTokens : 0,
                leastHeldOutTokens: shape.batchSize * shape.sequenceLength + 1
            )
            let tokenCount = try TokenShard(prepared.trainingPath).count
            guard tokenCount >= leastTokens else {
                try prepared.remove()
                throw CommandError(
                    .wrongUsage,
                    "'\(text)' makes \(counted(tokenCount, "token")), and a batch takes "
                        + "\(leastTokens.grouped) (batch size x sequence length"
                        + (shape.processCount > 1 ? " x processes" : "")
                        + " + 1); take more text, or a smaller --batch-size or --sequence-length"
                )
            }
            return prepared
        }
        if holdsOut && prepared.validationPath == nil {
            Terminal.diagnose("the text is too short to hold any of it out for validation")
        }
        return prepared
    }

    /// What `body` returns; when it throws, directories go that were made for a run and are empty.
    private func cleaningUp<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch {
            RunDirectory(shardDirectory).removeIfEmpty()
            directory.removeIfEmpty()
            throw error
        }
    }

    /// Where the shards of a text are kept.
    private var shardDirectory: FilePath { directory.path.appending("data") }

    /// Tokens of a long text that are held out: some hundred batches of any usual size.
    ///
    /// Shorter texts give fewer, in proportion, and none where that would not fill a batch. So a
    /// resumed run finds its shards again, and one whose batches have become larger may not.
    private static let mostHeldOutTokens = 1 << 20

    private func prepare(
        _ text: FilePath,
        _ tokenizer: any Tokenizer,
        heldOutTokens: Int,
        leastHeldOutTokens: Int
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
            directory: shardDirectory,
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
