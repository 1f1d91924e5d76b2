// The data of a run: token shards, conversations, or a text that becomes shards in the run
// directory, which TrainingText.swift does.

import Swiftlet

/// What a run learns from and validates on.
struct TrainingSource {
    /// How data become batches.
    struct Shape {
        /// B: sequences a batch.
        let batchSize: Int
        /// T: tokens a sequence.
        let sequenceLength: Int
        /// How many tokens the model knows.
        let vocabularySize: Int
        /// Decides a random order.
        let seed: UInt64
        /// How many processes share what is learnt from.
        let processCount: Int
        /// Which of them this is.
        let rank: Int

        /// Tokens of a batch of every process.
        var tokenCount: Int { batchSize * sequenceLength * processCount }
    }

    /// The shards that were made of a text.
    private struct Shards: Codable {
        let training: FilePath
        let validation: FilePath?
    }

    let training: any BatchSource
    let validation: (any BatchSource)?

    /// Opens the shards or conversations that `options` name, or makes shards of its text.
    ///
    /// Of several processes the first makes the shards, and all open them.
    /// - Parameters:
    ///   - options: What the data are.
    ///   - tokens: The tokenizer, and what made the shards.
    ///   - template: The form of conversations, if the data are such.
    ///   - shape: How they become batches.
    ///   - directory: Where the run keeps shards of a text.
    ///   - threads: How many encode it.
    ///   - group: The processes, all of which do this at the same time.
    /// - Throws: What is wrong with the data.
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
            // Refused before anything is made.
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
            // Each process reads all held-out data, and measures on what is its turn.
            processCount: isTraining ? shape.processCount : 1,
            rank: isTraining ? shape.rank : 0,
            vocabularySize: shape.vocabularySize
        )
    }

    /// The token that begins documents, if they are not to see each other.
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
                "--documents separate must know which token begins documents; "
                    + (tokens.tokenizer.map { "'\($0.path)' has none; leave it out" }
                        ?? "name the tokenizer that made the data with --tokenizer")
            )
        }
        return start
    }

    /// Reads all of the data once: a run that goes on must find the same.
    private static func digested(_ source: any BatchSource) throws -> any BatchSource {
        let line = ProgressLine()
        defer { line.finish() }
        var source = source
        try source.digestShards { count, total in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            line.show("looking at the data: \(byteProgress(count, of: total))")
        }
        return source
    }
}
