// The parts of a run, made from its description: the model, the tokenizer, the batches and the
// trainer.

import FileIO
import LanguageModels
import Tensors
import TextGeneration
import TokenData
import Tokenization
import Training

extension TextTraining {
    /// The run, ready for its first step or the one it resumes at.
    func makeRun() throws -> TrainingRun {
        try checkSettings()
        let directory = RunDirectory(directory)
        let resumedStep = try directory.resumptionStep(resume, overwrite: overwrite)
        let replacesRun = try overwrite && directory.holdsRun()
        let source = try startingModel(directory, resumedStep)
        try checkAdapter(source, directory)
        let manifest = try shardManifest()
        let tokenizer = try locatedTokenizer(
            of: source,
            directory,
            manifest,
            isResumed: resumedStep != nil
        )
        let configuration =
            try source?.configuration
            ?? sizes(
                vocabularySize: tokenizer?.value.vocabularySize
                    ?? manifest?.manifest.tokenizer.vocabularySize
            )
        try checkVocabulary(configuration.vocabularySize, tokenizer, manifest)
        let template = try chatTemplate(source, tokenizer?.value)
        let batches = try Batches(
            self,
            tokenizer: tokenizer?.value,
            template: template,
            vocabularySize: configuration.vocabularySize
        )
        let trainer = try Trainer(
            model: makeModel(configuration, source, ops: Ops()),
            settings: settings,
            loader: batches.training
        )
        let run = try TrainingRun(
            trainer,
            validation: batches.validation,
            directory: directory,
            resume: resume,
            overwrite: overwrite
        )
        if tokenizer != nil || replacesRun {
            try directory.replaceTokenizer(
                with: tokenizer?.value,
                from: tokenizer?.path,
                chatTemplate: template?.jinja
            )
        }
        return run
    }

    /// The model whose sizes and weights the run starts from; nil starts from random weights.
    private func startingModel(
        _ directory: RunDirectory,
        _ resumedStep: Int?
    ) throws -> ModelSource? {
        // An adapter's checkpoints name the model that it was begun on.
        if adapter == nil, let resumedStep {
            return try ModelSource(directory.path, checkpoint: .step(resumedStep))
        }
        guard case .model(let path) = start else { return nil }
        return try ModelSource(path)
    }

    /// The named tokenizer, the run's own copy, the model's, or the one that the shards were made
    /// with; nil when there is none.
    private func locatedTokenizer(
        of source: ModelSource?,
        _ directory: RunDirectory,
        _ manifest: ShardManifest.Found?,
        isResumed: Bool
    ) throws -> (value: any Tokenizer, path: FilePath)? {
        if let path = tokenizer ?? (isResumed ? directory.savedTokenizer : nil) {
            let found = (value: try TokenizerSource(path).tokenizer(), path: path)
            if isResumed { try directory.requireSameTokenizer(found.value) }
            try checkTokenizer(found, manifest)
            return found
        }
        // A resumed run has its own, or began without one.
        if !isResumed, let source {
            do {
                let (value, path) = try source.locatedTokenizer()
                try checkTokenizer((value, path), manifest)
                return (value, path)
            } catch OpeningError.noTokenizer {}
        }
        return manifest?.tokenizer()
    }

    /// What made the shards that the run learns from, if a manifest beside them says it.
    private func shardManifest() throws -> ShardManifest.Found? {
        guard case .shards(let pattern, let validation) = data else { return nil }
        return try ShardManifest.find(
            besideShards: [pattern, validation].compactMap(\.self)
                .flatMap { try TokenLoader.shardPaths(matching: $0) }
        )
    }

    /// The sizes that ``start`` describes.
    private func sizes(vocabularySize: Int?) throws -> any ModelConfiguration {
        guard case .size(let text) = start else {
            preconditionFailure("a model's sizes are in its files")
        }
        return try ModelDescriptor(text).configuration(vocabularySize: vocabularySize)
    }

    /// The form of the conversations to learn; nil when the data has none.
    private func chatTemplate(
        _ source: ModelSource?,
        _ tokenizer: (any Tokenizer)?
    ) throws -> KnownChatTemplate? {
        guard case .conversations = data, let tokenizer else { return nil }
        do {
            let known = try source?.chatTemplate(tokenizer) as? KnownChatTemplate
            return known ?? KnownChatTemplate(.plain)
        } catch OpeningError.noChatTemplate { return KnownChatTemplate(.plain) }
    }

    private func makeModel(
        _ configuration: any ModelConfiguration,
        _ source: ModelSource?,
        ops: Ops
    ) throws -> TransformerModel {
        var generator = MersenneTwister(seed: settings.seed)
        guard let source else {
            return try configuration.makeTrainableModel(using: &generator, ops: ops)
        }
        guard let adapter else {
            return try configuration.makeTrainableModel(source.mergedWeights(ops: ops), ops: ops)
        }
        let shape = LowRankShape(
            configuration,
            parts: adapter.changesMLPs ? [.attention, .mlp] : [.attention],
            rank: adapter.rank,
            alpha: adapter.alpha
        )
        return try configuration.makeAdaptedModel(
            source.weights,
            TrainableAdapter(shape, using: &generator, ops: ops),
            // An absolute path, so that the base is found from any working directory.
            baseName: FileSystem.absolute(source.path).string,
            precision: settings.precision,
            ops: ops
        )
    }

    /// The batches that a run learns from and validates on.
    private struct Batches {
        let training: any BatchSource
        let validation: (any BatchSource)?

        init(
            _ run: TextTraining,
            tokenizer: (any Tokenizer)?,
            template: KnownChatTemplate?,
            vocabularySize: Int
        ) throws {
            let settings = run.settings
            func needed() throws -> any Tokenizer {
                guard let tokenizer else {
                    throw TrainingError.invalidSetting(
                        name: "the tokenizer of a run that learns from text",
                        requirement: "named, or the model's own",
                        found: "none"
                    )
                }
                return tokenizer
            }
            func shards(_ pattern: FilePath, shuffled: Bool) throws -> any BatchSource {
                try TokenLoader(
                    matching: pattern,
                    batchSize: settings.batchSize,
                    sequenceLength: settings.sequenceLength,
                    shuffled: shuffled,
                    vocabularySize: vocabularySize
                )
            }
            func conversations(_ path: FilePath, seed: UInt64?) throws -> any BatchSource {
                try ConversationLoader(
                    ConversationFile.conversationTokens(
                        in: path,
                        template: template ?? KnownChatTemplate(.plain),
                        tokenizer: needed(),
                        sequenceLength: settings.sequenceLength
                    ) { _, _ in try Task.checkCancellation() },
                    path: path,
                    batchSize: settings.batchSize,
                    sequenceLength: settings.sequenceLength,
                    seed: seed,
                    vocabularySize: vocabularySize
                )
            }
            switch run.data {
            case .text(let path):
                let prepared = try PreparedText(
                    TextDocuments(TextInput.find([path])),
                    tokenizer: needed(),
                    directory: run.directory.appending("data"),
                    heldOutTokens: PreparedText.mostHeldOutTokens,
                    leastHeldOutTokens: settings.batchSize * settings.sequenceLength + 1,
                    threads: Machine.defaultThreadCount,
                    readingProgress: { _, _ in try Task.checkCancellation() },
                    progress: { _ in try Task.checkCancellation() }
                )
                training = try shards(prepared.trainingPath, shuffled: true)
                validation = try prepared.validationPath.map { try shards($0, shuffled: false) }
            case .shards(let pattern, let heldOut):
                training = try shards(pattern, shuffled: true)
                validation = try heldOut.map { try shards($0, shuffled: false) }
            case .conversations(let path, let heldOut):
                training = try conversations(path, seed: settings.seed)
                validation = try heldOut.map { try conversations($0, seed: nil) }
            }
        }
    }
}
