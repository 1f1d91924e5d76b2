// A Llama 2 that continues sequences: weights in any type, keys and values in a cache, and what its
// blocks compute in a pass over new tokens.

import Inference
import Tensors

/// A Llama 2 for generation.
///
/// Its weights are read-only and, if the file stores them in the requested format, the file's own
/// pages: such a model opens at once, and processes running it share them.
package final class Llama2Decoder: LanguageModel {
    /// The model's sizes.
    package let configuration: Llama2Configuration
    /// How weight matrices are stored; nil keeps each as in its file.
    package let precision: ElementType?
    /// How keys and values are stored.
    package let cachePrecision: ElementType
    let weights: Llama2DecoderWeights
    /// The angle by which rotary positions turn each pair from one position to the next.
    let ropeFrequencies: [Double]
    package let ops: Ops
    let weightFiles: [any Storage]

    /// Takes weights from files of any format, or from memory.
    /// - Parameters:
    ///   - weights: The weights, whose files must not change while the model is in use.
    ///   - precision: How to store weight matrices; types other than the file's are converted. nil
    ///     keeps each matrix as in its file. At ``ElementType/q8_0``, the integers of llama2.c's
    ///     version 2 are kept in matrices whose columns and groups are multiples of 32, and rounded
    ///     again in others. The embedding of a model with a classifier of its own stays as in the
    ///     file; but a float32 copy that is not the file's own pages is rounded to bfloat16 at all
    ///     types except ``ElementType/float32``.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Throws: What reading the weights throws, or ``TensorError``.
    package init(
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

    package var vocabularySize: Int { configuration.vocabularySize }
    package var contextLength: Int { configuration.contextLength }
    var cacheShape: KVCacheShape {
        KVCacheShape(
            layerCount: configuration.layerCount,
            headCount: configuration.keyValueHeadCount,
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
@available(*, unavailable) extension Llama2Decoder: Sendable {}

extension Llama2Configuration: ModelConfiguration {
    package static let familyName = "llama2"
    package static let familyTitle = "Llama"
    package static let usualVocabulary = (size: llama2VocabularySize, owner: "Llama 2")

    package func makeModel<Weights: ModelWeights<Llama2Configuration>>(
        _ weights: Weights,
        precision: ElementType?,
        cachePrecision: ElementType,
        ops: Ops
    ) throws -> any InspectableModel {
        try Llama2Decoder(weights, precision: precision, cachePrecision: cachePrecision, ops: ops)
    }
}

extension Llama2Decoder: BlockDecoder {
    package var layerCount: Int { configuration.layerCount }
    package var headCount: Int { configuration.headCount }
    package var headSize: Int { configuration.headSize }
    package var channels: Int { configuration.channels }
    package var hiddenChannels: Int { configuration.hiddenChannels }

    func makeDecodingWorkspace(
        rowCount: Int,
        predictedCount: Int
    ) throws -> Llama2DecoderWorkspace {
        try Llama2DecoderWorkspace(
            configuration,
            rowCount: rowCount,
            predictedCount: predictedCount,
            ops: ops
        )
    }

    func rows(of workspace: Llama2DecoderWorkspace) -> PassRows { workspace.rows }

    func embed(_ workspace: Llama2DecoderWorkspace) {
        let rows = workspace.rows
        ops.lookUp(out: rows.residual, weight: weights.tokenEmbedding, rows: rows.tokens)
        // The same for all blocks.
        ops.ropeRotations(
            workspace.rotations,
            positions: rows.positions,
            frequencies: ropeFrequencies
        )
    }

    func attend(
        block: Int,
        _ parts: [CachePart],
        _ workspace: Llama2DecoderWorkspace,
        hooks: ChunkHooks?
    ) throws {
        let weights = weights.layers[block]
        normalize(workspace.normalized, workspace.rows.residual, weights.attentionNorm)
        ops.linear(
            [
                LinearLayer(out: workspace.q, weight: weights.wq),
                LinearLayer(out: workspace.k, weight: weights.wk),
                LinearLayer(out: workspace.v, weight: weights.wv),
            ],
            inp: workspace.normalized
        )
        let (q, k) = (TensorColumns(workspace.q), TensorColumns(workspace.k))
        ops.ropeForward(q, rotations: workspace.rotations)
        ops.ropeForward(k, rotations: workspace.rotations)
        ops.cachedAttention(
            out: workspace.rows.atty,
            q: q,
            k: k,
            v: TensorColumns(workspace.v),
            parts: parts,
            headCount: headCount
        )
        try hooks?.visitPatterns(layer: block, q: q, parts: parts, headCount: headCount)
    }

    func transform(
        block: Int,
        atty: Tensor,
        residual: Tensor,
        _ workspace: Llama2DecoderWorkspace,
        hooks: ChunkHooks?
    ) throws {
        let weights = weights.layers[block]
        let rows = 0..<residual.shape[0]
        let residual2 = workspace.residual2[rows]
        let normalized = workspace.normalized[rows]
        let (gate, up) = (workspace.gate[rows], workspace.up[rows])
        ops.linear(out: residual2, inp: atty, weight: weights.wo, residual: residual)
        try hooks?.visit(.residualMid(layer: block), residual2)
        normalize(normalized, residual2, weights.feedForwardNorm)
        ops.linear(
            [
                LinearLayer(out: gate, weight: weights.w1),
                LinearLayer(out: up, weight: weights.w3),
            ],
            inp: normalized
        )
        ops.swigluForward(out: gate, gate: gate, up: up)
        try hooks?.visit(.mlpPost(layer: block), gate)
        ops.linear(out: residual, inp: gate, weight: weights.w2, residual: residual2)
    }

    func classify(logits: Tensor, residual: Tensor, _ workspace: Llama2DecoderWorkspace) {
        let normalized = workspace.normalized[0..<residual.shape[0]]
        normalize(normalized, residual, weights.finalNorm)
        ops.linear(out: logits, inp: normalized, weight: weights.classifier)
    }

    private func normalize(_ out: Tensor, _ inp: Tensor, _ weight: Tensor) {
        ops.rmsnormForward(
            out: out,
            inp: inp,
            weight: weight,
            epsilon: configuration.normEpsilon
        )
    }
}

/// Memory for passes of one shape.
final class Llama2DecoderWorkspace {
    let rows: PassRows
    let rotations: Tensor  // (N, HS)
    let residual2: Tensor  // (N, C)
    let normalized: Tensor  // (N, C)
    let q: Tensor  // (N, NH * HS)
    let k: Tensor  // (N, NKV * HS)
    let v: Tensor  // (N, NKV * HS)
    let gate: Tensor  // (N, H)
    let up: Tensor  // (N, H)

    init(_ configuration: Llama2Configuration, rowCount N: Int, predictedCount P: Int, ops: Ops)
        throws
    {
        let C = configuration.channels
        let (A, KV) = (configuration.attentionChannels, configuration.keyValueChannels)
        let H = configuration.hiddenChannels
        let (rows, all) = try PassRows.allocate(
            rowCount: N,
            predictedCount: P,
            channels: C,
            attentionChannels: A,
            vocabularySize: configuration.vocabularySize,
            beside: [
                TensorSpecification("rotations", [N, configuration.headSize]),
                TensorSpecification("residual2", [N, C]),
                TensorSpecification("normalized", [N, C]),
                TensorSpecification("q", [N, A]),
                TensorSpecification("k", [N, KV]),
                TensorSpecification("v", [N, KV]),
                TensorSpecification("gate", [N, H]),
                TensorSpecification("up", [N, H]),
            ],
            ops: ops
        )
        self.rows = rows
        rotations = all["rotations"]
        residual2 = all["residual2"]
        normalized = all["normalized"]
        q = all["q"]
        k = all["k"]
        v = all["v"]
        gate = all["gate"]
        up = all["up"]
    }
}
