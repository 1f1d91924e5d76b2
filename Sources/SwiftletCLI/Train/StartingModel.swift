// The model that a run begins with: its size, where its vocabulary comes from, and whether training
// it fits in memory. All of that is known before any memory is allocated.

import Swiftlet

/// What a run knows about its tokens before it has a model.
struct KnownTokens {
    /// The tokenizer and where it is, if there is one.
    let tokenizer: (value: any Tokenizer, path: FilePath)?
    /// Where it comes from, if it was not named.
    var tokenizerSource: String?
    /// What made the data, if a manifest is next to it.
    let manifest: ShardManifest.Found?

    /// The size of the vocabulary for a model whose descriptor gives none, and where it comes from,
    /// unless that was just named.
    /// - Parameter usual: The default size, and the family it belongs to.
    /// - Returns: The size, and what says it.
    func vocabulary(
        unlessKnown usual: (size: Int, owner: String)
    ) -> (size: Int, source: String?) {
        if let tokenizer { return (tokenizer.value.vocabularySize, nil) }
        guard let manifest else {
            return (
                usual.size,
                "\(usual.owner)'s: neither vocabulary= nor a tokenizer nor a manifest next to the "
                    + "shards gives another"
            )
        }
        return (manifest.manifest.tokenizer.vocabularySize, "as '\(manifest.path)' says")
    }

    /// Checks that a model knows all tokens of the data.
    func check(vocabularySize: Int) throws {
        if let manifest, case let needed = manifest.manifest.tokenizer.vocabularySize,
            needed > vocabularySize
        {
            throw CommandError(
                .wrongUsage,
                "the model has a vocabulary of \(vocabularySize.grouped) tokens, but the data was "
                    + "made with a tokenizer of \(needed.grouped), as '\(manifest.path)' says; "
                    + "choose another model, or prepare the data with this model's tokenizer"
            )
        }
        if let tokenizer {
            let count = tokenizer.value.vocabularySize
            guard count <= vocabularySize else {
                throw TextTokenizerError.wrongCount(
                    path: tokenizer.path,
                    expected: vocabularySize,
                    found: count
                )
            }
            remarkOnMissingTokens(count, tokenizer.path, vocabularySize: vocabularySize)
        }
    }
}

/// What `--init` names.
enum Initialization {
    /// A size, of which a model with random weights is made.
    case size(ModelDescriptor)
    /// A model of any format.
    case model(ModelSource)

    /// Tells a size from a path, and looks at what is there.
    init(_ argument: ArgumentText, checkpoint: CheckpointSelection?) throws {
        if ModelDescriptor.isOne(argument.string) {
            guard checkpoint == nil else {
                throw CommandError(
                    .wrongUsage,
                    "--checkpoint is for --init with the directory of a run, but "
                        + "'\(argument.string)' is a size; leave it out"
                )
            }
            self = .size(ModelDescriptor(argument.string))
            return
        }
        let path = argument.path
        // A word alone is more likely a size that does not exist than a file that does not.
        if !FileSystem.exists(path), !argument.string.contains(where: { "./".contains($0) }) {
            throw ModelDescriptor.neitherSizeNorFile(argument.string)
        }
        self = .model(try ModelSource(path, checkpoint: checkpoint))
    }

    /// Refuses an adapter's model that is where the run is written, since it might be removed.
    func requireOutside(_ directory: RunDirectory, ofAdapter trainsAdapter: Bool) throws {
        guard trainsAdapter, case .model(let source) = self,
            FileSystem.absolute(source.path).starts(with: FileSystem.absolute(directory.path))
        else { return }
        throw CommandError(
            .wrongUsage,
            "the adapter's model '\(source.path)' is in the --output directory, where the run "
                + "would replace it; give another --output"
        )
    }

    /// The tokenizer that the model carries.
    /// - Parameter isNeeded: Whether the run needs it; otherwise an unusable one is ignored.
    /// - Returns: The tokenizer and its file; nil for a size or if there is none.
    /// - Throws: ``OpeningError`` or ``TextTokenizerError`` when it is needed but cannot be used.
    func tokenizer(isNeeded: Bool) throws -> (value: any Tokenizer, path: FilePath)? {
        guard case .model(let source) = self else { return nil }
        do {
            let (tokenizer, path) = try source.locatedTokenizer()
            return (tokenizer, path)
        } catch OpeningError.noTokenizer {
            return nil
        } catch  where !isNeeded {
            Terminal.diagnose("the run is saved without a tokenizer: \(error)")
            return nil
        }
    }
}

/// Where the model of a run comes from.
struct StartingModel {
    private enum Source {
        case model(ModelSource)
        case randomWeights
    }

    /// Its sizes.
    let configuration: any ModelConfiguration
    /// A remark about it: where its vocabulary comes from, unless that was just named, or what
    /// training changes.
    let remark: String?
    private let source: Source

    /// Checks the model, which must know the tokens of the run.
    init(
        _ initialization: Initialization,
        _ tokens: KnownTokens,
        trainsAdapter: Bool
    ) throws {
        switch initialization {
        case .size where trainsAdapter:
            throw CommandError(
                .wrongUsage,
                "an adapter needs a trained model, but --init is a size; name a model"
            )
        case .model(let model):
            if trainsAdapter, let adapter = model.adapter {
                throw CommandError(
                    .wrongUsage,
                    "--init names the adapter (LoRA) '\(adapter.path)'; to continue training it, "
                        + "name its base model with --init and the adapter with --adapter"
                )
            }
            source = .model(model)
            configuration = model.configuration
            remark = configuration.trainingRemark
        case .size(let descriptor):
            source = .randomWeights
            (configuration, remark) = try Self.sizes(descriptor, tokens)
        }
        try tokens.check(vocabularySize: configuration.vocabularySize)
    }

    /// The sizes in a descriptor, and where that of the vocabulary comes from.
    private static func sizes(
        _ descriptor: ModelDescriptor,
        _ tokens: KnownTokens
    ) throws -> (any ModelConfiguration, remark: String?) {
        let vocabulary = tokens.vocabulary(unlessKnown: descriptor.usualVocabulary)
        let configuration = try descriptor.configuration(vocabularySize: vocabulary.size)
        if descriptor.givesVocabulary { return (configuration, nil) }
        let remark = vocabulary.source.map {
            "vocabulary of \(vocabulary.size.grouped) tokens, \($0)"
        }
        return (configuration, remark)
    }

    /// Checks that training fits in this machine's memory.
    func requireMemory(
        _ batch: BatchOptions,
        _ adapter: AdapterOptions,
        _ optimizer: OptimizerKind,
        _ parallel: DataParallel,
        sequenceLength: Int,
        threadCount: Int,
        processCount: Int
    ) throws {
        let precision = batch.precision.elementType
        var frozenWeights = 0
        if adapter.areGiven, case .model(let model) = source {
            frozenWeights = try AdaptedModel.weightByteCount(model.weights, precision: precision)
        }
        let memory = try Trainer.memory(
            configuration,
            batchSize: batch.batchSize,
            sequenceLength: sequenceLength,
            recomputation: batch.recompute,
            precision: precision,
            adapter: adapter.shape(of: configuration),
            frozenWeights: frozenWeights,
            optimizer: optimizer,
            threadCount: threadCount,
            processCount: processCount,
            parallel: parallel
        )
        let available = Machine.memoryByteCount
        guard memory.total > available else { return }
        let trained = memory.parameters.total.formattedAsBytes
        let parts =
            adapter.areGiven
            ? "\(memory.frozenWeights.formattedAsBytes) for the model's weights, \(trained) for "
                + "the adapter, its gradients and moments"
            : "\(trained) for weights, gradients and moments"
        throw CommandError(
            .wrongUsage,
            "training this model takes \(memory.total.formattedAsBytes) of memory (\(parts), "
                + "\(memory.activations.formattedAsBytes) for activations), but only "
                + "\(available.formattedAsBytes) is available; choose a smaller model, "
                + "--batch-size or --sequence-length, or --recompute block"
        )
    }

    /// Makes or reads the model, with an adapter if one is trained.
    func make(
        _ adapter: AdapterOptions,
        precision: ElementType,
        seed: UInt64,
        ops: Ops
    ) throws -> TransformerModel {
        switch source {
        case .model(let model):
            guard let adapter = try adapter.make(of: configuration, seed: seed, ops: ops) else {
                return try configuration.makeTrainableModel(
                    model.mergedWeights(ops: ops),
                    ops: ops
                )
            }
            return try configuration.makeAdaptedModel(
                model.weights,
                adapter,
                // An absolute path, so that it is found from elsewhere too.
                baseName: FileSystem.absolute(model.path).string,
                precision: precision,
                ops: ops
            )
        case .randomWeights:
            var generator = MersenneTwister(seed: seed)
            return try configuration.makeTrainableModel(using: &generator, ops: ops)
        }
    }
}
