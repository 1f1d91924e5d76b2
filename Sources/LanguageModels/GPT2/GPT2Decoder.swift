// A GPT-2 that continues sequences: weights in any type, keys and values in a cache, and what its
// blocks compute in a pass over new tokens.

import FileIO
import Inference
import Tensors

/// A GPT-2 for generation.
///
/// Its weights are read-only and, if the file stores them in the requested format, the file's own
/// pages, which processes running the same model share.
package final class GPT2Decoder: LanguageModel {
    /// The model's sizes.
    package let configuration: GPT2Configuration
    /// How weight matrices are stored; nil keeps each as in its file.
    package let precision: ElementType?
    /// How keys and values are stored.
    package let cachePrecision: ElementType
    let weights: GPT2DecoderWeights
    package let ops: Ops
    let weightFiles: [any Storage]

    /// Takes weights from files of any format, or from memory.
    ///
    /// Matrices of a ``GPT2`` in the requested type are used in the model's own memory, and
    /// everything else is copied: make another decoder after a step of training.
    /// - Parameters:
    ///   - weights: The weights, whose files must not change while the model is in use.
    ///   - precision: How to store weight matrices, one of ``ElementType/weightTypes``; types other
    ///     than the file's are converted. nil keeps each matrix as in its file. Norms, biases and
    ///     positions are always float32.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Throws: What reading the weights throws, or ``TensorError``.
    package init(
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
    package convenience init(
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

    /// A decoder with the weights of a model as they are now.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package convenience init(
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

    package var vocabularySize: Int { configuration.vocabularySize }
    package var contextLength: Int { configuration.contextLength }
    var cacheShape: KVCacheShape {
        KVCacheShape(
            layerCount: configuration.layerCount,
            headCount: configuration.headCount,
            headSize: configuration.headSize
        )
    }

    package var weightBytesPerToken: Int { weights.bytesPerToken }
    package var cacheBytesPerToken: Int { cacheShape.bytesPerToken(cachePrecision) }

    package func makeSession(
        sequenceCount: Int,
        tokenCapacity: Int
    ) -> any DecodingSession {
        makeCachedSession(sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
    }

    package func makeHookedSession(
        sequenceCount: Int,
        tokenCapacity: Int
    ) -> any HookedSession {
        makeCachedSession(sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
    }
}

// Its operations own scratch memory.
@available(*, unavailable) extension GPT2Decoder: Sendable {}

extension GPT2Configuration: ModelConfiguration {
    package static let familyName = "gpt2"
    package static let familyTitle = "GPT-2"
    package static let usualVocabulary = (size: gpt2VocabularySize, owner: "GPT-2")

    package func makeModel<Weights: ModelWeights<GPT2Configuration>>(
        _ weights: Weights,
        precision: ElementType?,
        cachePrecision: ElementType,
        ops: Ops
    ) throws -> any InspectableModel {
        try GPT2Decoder(weights, precision: precision, cachePrecision: cachePrecision, ops: ops)
    }
}

extension GPT2Decoder: BlockDecoder {
    package var layerCount: Int { configuration.layerCount }
    package var headCount: Int { configuration.headCount }
    package var headSize: Int { configuration.headSize }
    package var channels: Int { configuration.channels }
    package var hiddenChannels: Int { 4 * configuration.channels }

    func makeDecodingWorkspace(
        rowCount: Int,
        predictedCount: Int
    ) throws -> GPT2DecoderWorkspace {
        try GPT2DecoderWorkspace(
            configuration,
            rowCount: rowCount,
            predictedCount: predictedCount,
            ops: ops
        )
    }

    func rows(of workspace: GPT2DecoderWorkspace) -> PassRows { workspace.rows }

    func embed(_ workspace: GPT2DecoderWorkspace) {
        let rows = workspace.rows
        ops.lookUp(out: rows.residual, weight: weights.wte, rows: rows.tokens)
        ops.lookUp(out: workspace.normalized, weight: weights.wpe, rows: rows.positions)
        ops.residualForward(out: rows.residual, a: rows.residual, b: workspace.normalized)
    }

    func attend(
        block: Int,
        _ parts: [CachePart],
        _ workspace: GPT2DecoderWorkspace,
        hooks: ChunkHooks?
    ) throws {
        let weights = weights.layers[block]
        let C = configuration.channels
        normalize(workspace.rows.residual, weights.ln1w, weights.ln1b, workspace)
        ops.linear(
            out: workspace.qkv,
            inp: workspace.normalized,
            weight: weights.qkvw,
            bias: weights.qkvb
        )
        let q = TensorColumns(workspace.qkv, 0..<C)
        ops.cachedAttention(
            out: workspace.rows.atty,
            q: q,
            k: TensorColumns(workspace.qkv, C..<2 * C),
            v: TensorColumns(workspace.qkv, 2 * C..<3 * C),
            parts: parts,
            headCount: headCount
        )
        try hooks?.visitPatterns(layer: block, q: q, parts: parts, headCount: headCount)
    }

    func transform(
        block: Int,
        atty: Tensor,
        residual: Tensor,
        _ workspace: GPT2DecoderWorkspace,
        hooks: ChunkHooks?
    ) throws {
        let weights = weights.layers[block]
        let rows = 0..<residual.shape[0]
        let residual2 = workspace.residual2[rows]
        ops.linear(
            out: residual2,
            inp: atty,
            weight: weights.attprojw,
            bias: weights.attprojb,
            residual: residual
        )
        try hooks?.visit(.residualMid(layer: block), residual2)
        normalize(residual2, weights.ln2w, weights.ln2b, workspace)
        let fchGelu = workspace.fchGelu[rows]
        ops.linear(
            out: fchGelu,
            inp: workspace.normalized[rows],
            weight: weights.fcw,
            bias: weights.fcb,
            gelu: configuration.activation == .tanh
        )
        if configuration.activation == .exact { ops.exactGeluForward(out: fchGelu, inp: fchGelu) }
        try hooks?.visit(.mlpPost(layer: block), fchGelu)
        ops.linear(
            out: residual,
            inp: fchGelu,
            weight: weights.fcprojw,
            bias: weights.fcprojb,
            residual: residual2
        )
    }

    func classify(logits: Tensor, residual: Tensor, _ workspace: GPT2DecoderWorkspace) {
        normalize(residual, weights.lnfw, weights.lnfb, workspace)
        ops.linear(
            out: logits,
            inp: workspace.normalized[0..<residual.shape[0]],
            weight: weights.wte
        )
    }

    /// The layernorm of some rows, into the first rows of `workspace.normalized`.
    private func normalize(
        _ inp: Tensor,
        _ weight: Tensor,
        _ bias: Tensor,
        _ workspace: GPT2DecoderWorkspace
    ) {
        let rows = 0..<inp.shape[0]
        ops.layernormForward(
            out: workspace.normalized[rows],
            mean: workspace.mean[rows],
            rstd: workspace.rstd[rows],
            inp: inp,
            weight: weight,
            bias: bias
        )
    }
}

/// Memory for passes of one shape.
final class GPT2DecoderWorkspace {
    let rows: PassRows
    let residual2: Tensor  // (N, C)
    let normalized: Tensor  // (N, C)
    let mean: Tensor  // (N)
    let rstd: Tensor  // (N)
    let qkv: Tensor  // (N, 3C)
    let fchGelu: Tensor  // (N, 4C)

    init(_ configuration: GPT2Configuration, rowCount N: Int, predictedCount P: Int, ops: Ops)
        throws
    {
        let C = configuration.channels
        let (rows, all) = try PassRows.allocate(
            rowCount: N,
            predictedCount: P,
            channels: C,
            attentionChannels: C,
            vocabularySize: configuration.vocabularySize,
            beside: [
                TensorSpecification("residual2", [N, C]),
                TensorSpecification("normalized", [N, C]),
                TensorSpecification("mean", [N]),
                TensorSpecification("rstd", [N]),
                TensorSpecification("qkv", [N, 3 * C]),
                TensorSpecification("fchGelu", [N, 4 * C]),
            ],
            ops: ops
        )
        self.rows = rows
        residual2 = all["residual2"]
        normalized = all["normalized"]
        mean = all["mean"]
        rstd = all["rstd"]
        qkv = all["qkv"]
        fchGelu = all["fchGelu"]
    }
}
