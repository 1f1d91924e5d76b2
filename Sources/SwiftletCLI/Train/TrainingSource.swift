// The data of a run: token shards, conversations, or a text, which TrainingText.swift turns into
// shards in the run directory.

import Swiftlet

/// What a run trains and validates on.
struct TrainingSource {
    /// How data becomes batches.
    struct Shape {
        /// B: sequences per batch.
        let batchSize: Int
        /// T: tokens per sequence.
        let sequenceLength: Int
        /// The size of the model's vocabulary.
        let vocabularySize: Int
        /// The seed of a random order.
        let seed: UInt64
        /// How many processes share the training data.
        let processCount: Int
        /// Which of them this one is.
        let rank: Int

        /// Tokens in a batch over all processes.
        var tokenCount: Int { batchSize * sequenceLength * processCount }
    }

    /// The shards made from a text.
    private struct Shards: Codable {
        let training: FilePath
        let validation: FilePath?
    }

    let training: any BatchSource
    let validation: (any BatchSource)?

    /// Opens the shards or conversations named in `options`, or makes shards from its text.
    ///
    /// If there are several processes, the first makes the shards, and all open them.
    /// - Parameters:
    ///   - options: What the data is.
    ///   - tokens: The tokenizer, and what made the shards.
    ///   - template: The chat template, if the data is conversations.
    ///   - shape: How it becomes batches.
    ///   - directory: Where the run keeps shards made from a text.
    ///   - threads: How many threads encode it.
    ///   - group: The processes, which all do this at the same time.
    /// - Throws: An error about the data.
    init(
        _ options: DataOptions,
        _ tokens: KnownTokens,
        template: KnownChatTemplate?,
        shape: Shape,
        directory: RunDirectory,
        threads: Int,
        group: ProcessGroup
    ) throws {
        var (trainData, valData) = (options.trainData ?? "", options.valData)
        if let text = options.text, let tokenizer = tokens.tokenizer?.value {
            // Checked before anything is made.
            _ = try group.together { try Self.documentStart(options, tokens) }
            let shards = try group.share {
                let prepared = try TrainingText(directory: directory, threads: threads)
                    .shards(of: text, tokenizer, shape, holdsOut: valData == nil)
                return Shards(
                    training: prepared.trainingPath,
                    validation: prepared.validationPath
                )
            }
            (trainData, valData) = (shards.training, valData ?? shards.validation)
        }
        self = try group.together {
            try Self(
                options,
                tokens,
                template: template,
                shape: shape,
                trainData: trainData,
                valData: valData
            )
        }
    }

    /// Opens what there is.
    private init(
        _ options: DataOptions,
        _ tokens: KnownTokens,
        template: KnownChatTemplate?,
        shape: Shape,
        trainData: FilePath,
        valData: FilePath?
    ) throws {
        let documentStart = try Self.documentStart(options, tokens)
        func shards(_ pattern: FilePath, isTraining: Bool) throws -> any BatchSource {
            let loader = try Self.loader(pattern, options, shape, isTraining: isTraining)
            return try Self.digested(
                documentStart.map { DocumentBoundaries(loader, documentStart: $0) } ?? loader
            )
        }
        if let chat = options.chat, let template, let tokenizer = tokens.tokenizer?.value {
            let reader = TrainingConversations(template: template, tokenizer: tokenizer)
            let seed = options.shuffle ? shape.seed : nil
            training = try reader.loader(chat, shape, seed: seed, isTraining: true)
            validation =
                try options.valChat.map {
                    try reader.loader($0, shape, seed: nil, isTraining: false)
                } ?? valData.map { try shards($0, isTraining: false) }
            return
        }
        training = try shards(trainData, isTraining: true)
        validation = try valData.map { try shards($0, isTraining: false) }
    }

    private static func loader(
        _ pattern: FilePath,
        _ options: DataOptions,
        _ shape: Shape,
        isTraining: Bool
    ) throws -> any BatchSource {
        if isTraining && options.order == .random {
            return try RandomTokenLoader(
                matching: pattern,
                batchSize: shape.batchSize,
                sequenceLength: shape.sequenceLength,
                seed: shape.seed,
                processCount: shape.processCount,
                rank: shape.rank,
                vocabularySize: shape.vocabularySize
            )
        }
        return try TokenLoader(
            matching: pattern,
            batchSize: shape.batchSize,
            sequenceLength: shape.sequenceLength,
            shuffled: isTraining && options.shuffle,
            // Each process reads all held-out data, and they take turns measuring.
            processCount: isTraining ? shape.processCount : 1,
            rank: isTraining ? shape.rank : 0,
            vocabularySize: shape.vocabularySize
        )
    }

    /// The token that begins documents, if they must not see each other.
    private static func documentStart(
        _ options: DataOptions,
        _ tokens: KnownTokens
    ) throws -> Int32? {
        guard options.documents == .separate, options.chat == nil || options.valData != nil else {
            return nil
        }
        let made = tokens.manifest?.manifest.tokenizer.documentStart
        guard let start = made ?? tokens.tokenizer?.value.documentStart else {
            throw CommandError(
                .wrongUsage,
                "--documents separate needs the token that begins documents; "
                    + (tokens.tokenizer.map { "'\($0.path)' has none; leave it out" }
                        ?? "name the tokenizer that made the data with --tokenizer")
            )
        }
        return start
    }

    /// Reads all of the data once: a resumed run must find the same.
    private static func digested(_ source: any BatchSource) throws -> any BatchSource {
        let line = ProgressLine()
        defer { line.finish() }
        var source = source
        try source.digestShards { count, total in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            line.show("checking the data: \(byteProgress(count, of: total))")
        }
        return source
    }
}
