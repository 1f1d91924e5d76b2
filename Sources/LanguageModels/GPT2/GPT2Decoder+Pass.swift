// What the blocks of a GPT-2 compute in a pass over new tokens of cached sequences.

import Inference
import Tensors

extension GPT2Decoder: BlockDecoder {
    public var layerCount: Int { configuration.layerCount }
    public var headCount: Int { configuration.headCount }
    public var headSize: Int { configuration.headSize }
    public var channels: Int { configuration.channels }
    public var hiddenChannels: Int { 4 * configuration.channels }

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
