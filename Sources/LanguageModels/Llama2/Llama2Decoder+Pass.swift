// What the blocks of a Llama 2 compute in a pass over new tokens of cached sequences.

import Inference
import Tensors

extension Llama2Decoder: BlockDecoder {
    public var layerCount: Int { configuration.layerCount }
    public var headCount: Int { configuration.headCount }
    public var headSize: Int { configuration.headSize }
    public var channels: Int { configuration.channels }
    public var hiddenChannels: Int { configuration.hiddenChannels }

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
