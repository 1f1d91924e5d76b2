// The token sequences that a model is measured on from within: those of shards, or of one text.

import ArgumentParser
import Swiftlet

/// The length of sequences.
struct SequenceLength: ParsableArguments {
    @Option(
        help: "Tokens per sequence (default: the model's context, at most 1024).",
        in: .from(1, to: 1 << 20)
    )
    var sequenceLength: Int?

    /// T, for this model.
    /// - Throws: ``ModelError`` for more than the model's context.
    func length(for source: ModelSource) throws -> Int {
        let maximum = source.configuration.contextLength
        let length = sequenceLength ?? Self.usual(for: source)
        guard length <= maximum else {
            throw ModelError.sequenceTooLong(length: length, maximum: maximum)
        }
        return length
    }

    /// The default length.
    static func usual(for source: ModelSource) -> Int {
        min(GPT2Configuration.gpt2ContextLength, source.configuration.contextLength)
    }
}

/// Sequences of T tokens, each with the token that follows.
enum InspectedData {
    /// Whole sequences from some shards.
    /// - Parameters:
    ///   - pattern: A path, or a pattern of paths.
    ///   - length: T.
    ///   - vocabularySize: Ids must be below it.
    /// - Returns: T + 1 tokens each: all but the first are predicted.
    /// - Throws: ``TokenDataError`` for bad data or less than one sequence in a shard.
    static func sequences(
        ofShards pattern: FilePath,
        length: Int,
        vocabularySize: Int
    ) throws -> [[TokenID]] {
        var loader = try TokenLoader(
            matching: pattern,
            batchSize: 1,
            sequenceLength: length,
            shuffled: false,
            vocabularySize: vocabularySize
        )
        var batch = TokenBatch(tokenCount: length)
        return try (0..<loader.samplesPerEpoch).map { _ in
            try loader.nextBatch(into: &batch)
            return batch.inputs + batch.targets.suffix(1)
        }
    }

    /// Whole sequences from a text, or all of it if it is shorter than one.
    /// - Parameters:
    ///   - path: A file of text.
    ///   - length: T.
    ///   - tokenizer: The model's.
    ///   - threads: How many threads encode.
    /// - Returns: T + 1 tokens each: every one but the first is predicted.
    /// - Throws: An error about the text or the tokenizer.
    static func sequences(
        ofText path: FilePath,
        length: Int,
        _ tokenizer: any Tokenizer,
        threads: Int
    ) throws -> [[TokenID]] {
        let tokens = try tokens(ofText: path, tokenizer, threads: threads)
        let length = min(length, tokens.count - 1)
        return (0..<(tokens.count - 1) / length).map { index in
            Array(tokens[index * length...(index + 1) * length])
        }
    }

    /// All tokens of a text.
    /// - Throws: An error about the text or the tokenizer.
    static func tokens(
        ofText path: FilePath,
        _ tokenizer: any Tokenizer,
        threads: Int
    ) throws -> [TokenID] {
        try checkKinds(of: [TextInput(path: path, format: .text)])
        return try EncodedText(contentsOf: path, tokenizer: tokenizer, threads: threads).tokens
    }
}

/// The data on which a prompt's page measures the model without each head, if asked for.
struct AblatedData: ParsableArguments {
    @Option(
        help: """
            For the page: token shards on which to measure the loss without each head; a pattern \
            such as 'data/*_val*.bin'.
            """
    )
    var data: FilePath?

    /// Refuses data that no page would show.
    /// - Throws: `ValidationError`.
    func check(output: FilePath?) throws {
        guard data != nil && output == nil else { return }
        throw ValidationError(
            "--data is for the page of --output; 'inspect ablate' prints the same as text"
        )
    }

    /// The sequences, as long as the context but at most 1,024 tokens; none if none are asked for.
    /// - Throws: An error about the data.
    func sequences(for source: ModelSource) throws -> [[TokenID]] {
        guard let data else { return [] }
        return try InspectedData.sequences(
            ofShards: data,
            length: SequenceLength.usual(for: source),
            vocabularySize: source.configuration.vocabularySize
        )
    }
}

extension InspectableModel {
    /// ``ablate(_:layers:heads:mlps:batchSize:progress:)``, showing progress and the time left.
    func ablateShowingProgress(
        _ sequences: [[TokenID]],
        layers: [Int]? = nil,
        heads: [Int]? = nil,
        mlps: Bool,
        batchSize: Int = 1
    ) throws -> Ablation {
        let progress = ProgressLine()
        defer { progress.finish() }
        let start = ContinuousClock.now
        return try ablate(
            sequences,
            layers: layers,
            heads: heads,
            mlps: mlps,
            batchSize: batchSize
        ) {
            progress.show(InspectAblateCommand.text(done: $0, of: $1, after: .now - start))
        }
    }
}
