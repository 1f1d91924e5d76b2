// The model that a run begins with: of which size it is, where its vocabulary comes from, and
// whether training it fits into memory. All of that is known before any memory is taken.

import Swiftlet

/// What a run knows of its tokens before it has a model.
struct KnownTokens {
    /// The tokenizer and where it lies, when there is one.
    let tokenizer: (value: BytePairTokenizer, path: FilePath)?
    /// Whether it was found by what the manifest says.
    var tokenizerIsFound = false
    /// What made the data, when that lies beside them.
    let manifest: ShardManifest.Found?

    /// The size of the vocabulary for a model whose descriptor gives none, and where it comes from,
    /// unless somebody just said it.
    var vocabulary: (size: Int, source: String?) {
        if let tokenizer { return (tokenizer.value.vocabularySize, nil) }
        guard let manifest else {
            return (
                GPT2Configuration.gpt2VocabularySize,
                "GPT-2's: neither vocabulary= nor a tokenizer nor a manifest beside the shards says "
                    + "which"
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
                "the model knows \(vocabularySize.grouped) tokens, but the data were made with a "
                    + "tokenizer of \(needed.grouped), as '\(manifest.path)' says; choose another "
                    + "model, or prepare the data with its tokenizer"
            )
        }
        if let tokenizer {
            let count = tokenizer.value.vocabularySize
            guard count <= vocabularySize else {
                throw TokenizerError.wrongCount(
                    path: tokenizer.path,
                    expected: vocabularySize,
                    found: count
                )
            }
            remarkOnMissingTokens(count, tokenizer.path, vocabularySize: vocabularySize)
        }
    }
}

/// Where the model of a run comes from.
struct StartingModel {
    private enum Source {
        case weights(any ModelWeights<GPT2Configuration>)
        case randomWeights
    }

    /// Its sizes.
    let configuration: GPT2Configuration
    /// Where its vocabulary comes from, when nobody just said it.
    let vocabularyRemark: String?
    private let source: Source

    /// Finds the model that `initialization` names, a size or a path, or that a run goes on with.
    init(
        _ initialization: ArgumentText,
        resuming checkpoint: FilePath?,
        _ tokens: KnownTokens
    ) throws {
        if let path = try checkpoint ?? Self.modelPath(initialization) {
            let weights = try openWeights(at: path, as: GPT2Configuration.self)
            source = .weights(weights)
            vocabularyRemark = nil
            configuration = weights.configuration
        } else {
            let vocabulary = tokens.vocabulary
            source = .randomWeights
            configuration = try GPT2Configuration(
                descriptor: initialization.string,
                vocabularySize: vocabulary.size
            )
            let isGiven =
                try GPT2Configuration.vocabularySize(inDescriptor: initialization.string) != nil
            vocabularyRemark =
                isGiven
                ? nil
                : vocabulary.source.map {
                    "vocabulary of \(vocabulary.size.grouped) tokens, \($0)"
                }
        }
        try tokens.check(vocabularySize: configuration.vocabularySize)
    }

    /// Where the model is; nil when `initialization` is a size.
    private static func modelPath(_ initialization: ArgumentText) throws -> FilePath? {
        if GPT2Configuration.isDescriptor(initialization.string) { return nil }
        let path = initialization.path
        // A word alone is more likely a size that does not exist than a file that does not.
        if !FileSystem.exists(path), !initialization.string.contains(where: { "./".contains($0) }) {
            throw ModelError.neitherSizeNorFile(initialization.string)
        }
        return try ModelSource(path).path
    }

    /// Checks that training fits into the memory of this machine.
    func requireMemory(
        _ batch: BatchOptions,
        sequenceLength: Int,
        threadCount: Int
    ) throws {
        let memory = try Trainer.memory(
            configuration,
            batchSize: batch.batchSize,
            sequenceLength: sequenceLength,
            recomputation: batch.recompute,
            precision: batch.precision.elementType,
            threadCount: threadCount
        )
        let available = Machine.memoryByteCount
        guard memory.total > available else { return }
        throw CommandError(
            .wrongUsage,
            "training this model takes \(memory.total.formattedAsBytes) of memory "
                + "(\(memory.parameters.formattedAsBytes) for weights, gradients and moments, "
                + "\(memory.activations.formattedAsBytes) for activations), and there are "
                + "\(available.formattedAsBytes); choose a smaller model, --batch-size or "
                + "--sequence-length, or --recompute block"
        )
    }

    /// Makes or reads the model.
    func make(seed: UInt64, ops: Ops) throws -> GPT2 {
        switch source {
        case .weights(let weights): return try GPT2(weights, ops: ops)
        case .randomWeights:
            var generator = MersenneTwister(seed: seed)
            return try GPT2(randomWeights: configuration, using: &generator, ops: ops)
        }
    }
}
