// A Llama 2 that continues sequences: weights in any type, keys and values in a cache.

import Inference
import Tensors

/// A Llama 2 for generation.
///
/// Its weights are read-only and, where a file stores them in the format asked for, the file's own
/// pages: such a model opens at once, and processes that run it share them.
public final class Llama2Decoder: LanguageModel {
    /// The model's sizes.
    public let configuration: Llama2Configuration
    /// How weight matrices are stored; nil where each is as its file has it.
    public let precision: ElementType?
    /// How keys and values are stored.
    public let cachePrecision: ElementType
    let weights: Llama2DecoderWeights
    /// How far rotary positions turn each pair from a position to the next.
    let ropeFrequencies: [Double]
    public let ops: Ops
    let weightFiles: [any Storage]

    /// Takes weights from files of any format, or from memory.
    /// - Parameters:
    ///   - weights: The weights, whose files must not be changed while the model is in use.
    ///   - precision: How to store weight matrices; other formats than the file's are made here.
    ///     nil keeps each matrix as its file has it. At ``ElementType/q8_0`` the integers of
    ///     llama2.c's version 2 are kept as they are in matrices whose columns, and whose groups,
    ///     are multiples of 32; in others they are rounded anew. The embedding of a model with a
    ///     classifier of its own stays as the file has it; but a copy of float32 that is not the
    ///     file's own pages is rounded to bfloat16 at all types but ``ElementType/float32``.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Throws: What reading the weights throws, or ``TensorError``.
    public init(
        _ weights: some ModelWeights<Llama2Configuration>,
        precision: ElementType? = nil,
        cachePrecision: ElementType = .float32,
        ops: Ops
    ) throws {
        Self.checkTypes(precision, cachePrecision)
        configuration = weights.configuration
        self.precision = precision
        self.cachePrecision = cachePrecision
        self.ops = ops
        self.weights = try Llama2DecoderWeights(weights, precision: precision, ops: ops)
        weightFiles = self.weights.files
        ropeFrequencies = configuration.ropeFrequencies
        try ops.reserve(channels: configuration.widestActivation)
    }

    public var vocabularySize: Int { configuration.vocabularySize }
    public var contextLength: Int { configuration.contextLength }
    var cacheShape: KVCacheShape {
        KVCacheShape(
            layerCount: configuration.layerCount,
            headCount: configuration.keyValueHeadCount,
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
@available(*, unavailable) extension Llama2Decoder: Sendable {}

extension Llama2Configuration: ModelConfiguration {
    public static let familyName = "llama2"
    public static let familyTitle = "Llama"
    public static let usualVocabulary = (size: llama2VocabularySize, owner: "Llama 2")

    public func makeModel<Weights: ModelWeights<Llama2Configuration>>(
        _ weights: Weights,
        precision: ElementType?,
        cachePrecision: ElementType,
        ops: Ops
    ) throws -> any InspectableModel {
        try Llama2Decoder(weights, precision: precision, cachePrecision: cachePrecision, ops: ops)
    }
}
