// A GPT-2 that continues sequences: weights in any type, keys and values in a cache.

import FileIO
import Inference
import TensorFiles
import Tensors

/// A GPT-2 for generation.
///
/// Its weights are read-only and, where a file stores them in the format asked for, the file's own
/// pages: processes that run the same model share them.
public final class GPT2Decoder: LanguageModel {
    /// The model's sizes.
    public let configuration: GPT2Configuration
    /// How weight matrices are stored.
    public let precision: ElementType
    /// How keys and values are stored.
    public let cachePrecision: ElementType
    let weights: GPT2DecoderWeights
    let ops: Ops
    let weightFiles: [any Storage]

    /// Reads an llm.c model file, of version 3 or 5.
    /// - Parameters:
    ///   - path: The file, which must not be changed while the model is in use.
    ///   - precision: How to store weight matrices, one of ``ElementType/weightTypes``; others than
    ///     the file's are made here.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Throws: ``FileIOError``, ``TensorFileError``, ``ModelError`` or ``TensorError``.
    public init(
        llmcCheckpoint path: FilePath,
        precision: ElementType = .float32,
        cachePrecision: ElementType = .float32,
        ops: Ops
    ) throws {
        Self.checkTypes(precision, cachePrecision)
        let file = try MappedFile(path)
        var reader = BinaryReader(file)
        let header = try GPT2CheckpointHeader(&reader)
        let layout = header.configuration.parameterLayout
        configuration = header.configuration
        weights = try GPT2DecoderWeights(configuration, precision: precision, ops: ops) { name in
            header.tensor(name, of: layout, in: file)
        }
        weightFiles = weights.files
        self.precision = precision
        self.cachePrecision = cachePrecision
        self.ops = ops
        try ops.reserve(channels: configuration.channels)
    }

    /// Generates with the weights of a model as they are now.
    ///
    /// At float32 matrices are the model's own memory, and vectors are copies: after a step of
    /// training, make another one.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(
        _ model: GPT2,
        precision: ElementType = .float32,
        cachePrecision: ElementType = .float32
    ) throws {
        Self.checkTypes(precision, cachePrecision)
        configuration = model.configuration
        ops = model.ops
        self.precision = precision
        self.cachePrecision = cachePrecision
        weights = try GPT2DecoderWeights(configuration, precision: precision, ops: ops) { name in
            model.parameters.set[name]
        }
        weightFiles = weights.files
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

    public func makeSession(
        sequenceCount: Int,
        tokenCapacity: Int
    ) -> any DecodingSession {
        CachedSession(
            self,
            sequenceCount: sequenceCount,
            tokenCapacity: tokenCapacity,
            precision: cachePrecision
        )
    }
}

// Its operations own scratch memory.
@available(*, unavailable) extension GPT2Decoder: Sendable {}

extension GPT2CheckpointHeader {
    /// A tensor where it lies in the file.
    fileprivate func tensor(
        _ name: String,
        of layout: TensorLayout,
        in file: MappedFile
    ) -> Tensor {
        guard let index = layout.specifications.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("no tensor is called '\(name)'")
        }
        let specification = layout.specifications[index]
        // The layout counts bytes of float32.
        let first = layout.byteOffsets[index] / ElementType.float32.byteWidth
        return Tensor(
            file,
            byteOffset: LLMCHeader.byteCount + first * elementType.byteWidth,
            shape: specification.shape,
            elementType: elementType
        )
    }
}
