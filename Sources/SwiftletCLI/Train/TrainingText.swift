// A text to train on: it becomes shards in the run directory, which a resumed run finds again.

import Swiftlet

/// Makes a run's shards from a text.
struct TrainingText {
    /// The run's directory.
    let directory: RunDirectory
    /// How many encode.
    let threads: Int

    /// The shards made from a text, which suffice for a batch.
    /// - Parameters:
    ///   - text: A file or a directory.
    ///   - tokenizer: What encodes it.
    ///   - shape: The shape of the batches.
    ///   - holdsOut: Whether to hold some of it out for validation, if it is long enough.
    /// - Returns: The shards.
    /// - Throws: An error about the text.
    func shards(
        of text: FilePath,
        _ tokenizer: any Tokenizer,
        _ shape: TrainingSource.Shape,
        holdsOut: Bool
    ) throws -> PreparedText {
        // A batch for every process and the last target.
        let leastTokens = shape.tokenCount + 1
        let prepared = try cleaningUp {
            let prepared = try prepare(
                text,
                tokenizer,
                heldOutTokens: holdsOut ? PreparedText.mostHeldOutTokens : 0,
                leastHeldOutTokens: shape.batchSize * shape.sequenceLength + 1
            )
            let tokenCount = try TokenShard(prepared.trainingPath).count
            guard tokenCount >= leastTokens else {
                try prepared.remove()
                throw CommandError(
                    .wrongUsage,
                    "'\(text)' makes \(counted(tokenCount, "token")), but a batch takes "
                        + "\(leastTokens.grouped) (batch size x sequence length"
                        + (shape.processCount > 1 ? " x processes" : "")
                        + " + 1); use more text, or a smaller --batch-size or --sequence-length"
                )
            }
            return prepared
        }
        if holdsOut && prepared.validationPath == nil {
            Terminal.diagnose("the text is too short to hold any of it out for validation")
        }
        return prepared
    }

    /// Runs `body`; if it throws, empty directories that were made for the run are removed.
    private func cleaningUp<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch {
            RunDirectory(shardDirectory).removeIfEmpty()
            directory.removeIfEmpty()
            throw error
        }
    }

    /// Where the shards made from a text are kept.
    private var shardDirectory: FilePath { directory.path.appending("data") }

    private func prepare(
        _ text: FilePath,
        _ tokenizer: any Tokenizer,
        heldOutTokens: Int,
        leastHeldOutTokens: Int
    ) throws -> PreparedText {
        let passedOver = PassedOverEntries()
        let inputs = try TextInput.find([text], passingOver: passedOver.append)
        // A pipe is empty after it is read once, and the run's shards are identified by the text.
        if let input = inputs.first(where: { $0.byteCount == nil }) {
            throw CommandError(
                .wrongUsage,
                "--text needs files, because they are read twice, but '\(input.name)' is not one; "
                    + "save its text to a file, or make shards with 'swiftlet prepare'"
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
                line.show("checking the text: \(byteProgress(count, of: total))")
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
