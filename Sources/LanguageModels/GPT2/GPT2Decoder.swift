// A GPT-2 that continues sequences: weights in any type, keys and values in a cache.

import FileIO
import Inference
import Tensors

/// A GPT-2 for generation.
///
/// Its weights are read-only and, where a file stores them in the format asked for, the file's own
/// pages: processes that run the same model share them.
public final class GPT2Decoder: LanguageModel {
    /// The model's sizes.
    public let configuration: GPT2Configuration
    /// How weight matrices are stored; nil where each is as its file has it.
    public let precision: ElementType?
    /// How keys and values are stored.
    public let cachePrecision: ElementType
    let weights: GPT2DecoderWeights
    public let ops: Ops
    let weightFiles: [any Storage]

    /// Takes weights from files of any format, or from memory.
    ///
    /// Those of a ``GPT2`` are the model's own memory where they are matrices in the type asked
    /// for, and copies else: after a step of training, make another decoder.
    /// - Parameters:
    ///   - weights: The weights, whose files must not be changed while the model is in use.
    ///   - precision: How to store weight matrices, one of ``ElementType/weightTypes``; others than
    ///     the file's are made here. nil keeps each matrix as its file has it. Norms, biases and
    ///     positions are float32 always.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Throws: What reading the weights throws, or ``TensorError``.
    public init(
        _ weights: some ModelWeights<GPT2Configuration>,
        precision: ElementType? = nil,
        cachePrecision: ElementType = .float32,
        ops: Ops
    ) throws {
        Self.checkTypes(precision, cachePrecision)
        configuration = weights.configuration
        self.weights = try GPT2DecoderWeights(weights, precision: precision, ops: ops)
        weightFiles = self.weights.files
        self.precision = precision
        self.cachePrecision = cachePrecision
        self.ops = ops
        try ops.reserve(channels: configuration.widestActivation)
    }

    /// Reads an llm.c model file, of version 3 or 5.
    /// - Throws: ``FileIOError``, ``TensorFileError``, ``ModelError`` or ``TensorError``.
    public convenience init(
        llmcCheckpoint path: FilePath,
        precision: ElementType? = .float32,
        cachePrecision: ElementType = .float32,
        ops: Ops
    ) throws {
        try self.init(
            LLMCFile(path),
            precision: precision,
            cachePrecision: cachePrecision,
            ops: ops
        )
    }

    /// Generates with the weights of a model as they are now.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public convenience init(
        _ model: GPT2,
        precision: ElementType? = .float32,
        cachePrecision: ElementType = .float32
    ) throws {
        try self.init(
            model,
            precision: precision,
            cachePrecision: cachePrecision,
            ops: model.ops
        )
    }

    public var vocabularySize: Int { configuration.vocabularySize }
    public var contextLength: Int { configuration.contextLength }
    var cacheShape: KVCacheShape {
        KVCacheShape(
            layerCount: configuration.layerCount,
            headCount: configuration.headCount,
            headSize: configuration.headSize
        )
    }

    public var weightBytesPerToken: Int { weights.bytesPerToken }
    public var cacheBytesPerToken: Int { cacheShape.bytesPerToken(cachePrecision) }

    public func makeSession(
        sequenceCount: Int,
        tokenCapacity: Int
    ) -> any DecodingSession {
        makeCachedSession(sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
    }

    public func makeHookedSession(
        sequenceCount: Int,
        tokenCapacity: Int
    ) -> any HookedSession {
        makeCachedSession(sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
    }
}

// Its operations own scratch memory.
@available(*, unavailable) extension GPT2Decoder: Sendable {}

extension GPT2Configuration: ModelConfiguration {
    public static let familyName = "gpt2"
    public static let familyTitle = "GPT-2"
    public static let usualVocabulary = (size: gpt2VocabularySize, owner: "GPT-2")

    public func makeModel<Weights: ModelWeights<GPT2Configuration>>(
        _ weights: Weights,
        precision: ElementType?,
        cachePrecision: ElementType,
        ops: Ops
    ) throws -> any InspectableModel {
        try GPT2Decoder(weights, precision: precision, cachePrecision: cachePrecision, ops: ops)
    }
}
