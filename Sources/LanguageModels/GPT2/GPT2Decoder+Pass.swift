// The pass of a GPT-2 over new tokens of cached sequences.

import Inference
import Tensors

extension GPT2Decoder {
    public func makeDecodingWorkspace(
        rowCount: Int,
        predictedCount: Int
    ) throws -> GPT2DecoderWorkspace {
        try GPT2DecoderWorkspace(
            configuration,
            rowCount: rowCount,
            predictedCount: predictedCount
        )
    }

    public func decode(
        _ chunk: TokenChunk,
        cache: KVCache,
        workspace: GPT2DecoderWorkspace
    ) -> Tensor? {
        embed(chunk, workspace)
        for layer in weights.layers.indices.dropLast() {
            let weights = weights.layers[layer]
            attend(weights, cache.parts(layer: layer, of: chunk), workspace)
            transform(weights, atty: workspace.atty, residual: workspace.residual, workspace)
        }
        return finish(chunk, cache, workspace)
    }

    /// The sum of token and position embeddings, into the residual.
    private func embed(_ chunk: TokenChunk, _ workspace: GPT2DecoderWorkspace) {
        workspace.tokens.copy(from: chunk.tokens)
        workspace.positions.copy(from: chunk.positions)
        ops.lookUp(out: workspace.residual, weight: weights.wte, rows: workspace.tokens)
        ops.lookUp(out: workspace.normalized, weight: weights.wpe, rows: workspace.positions)
        ops.residualForward(
            out: workspace.residual,
            a: workspace.residual,
            b: workspace.normalized
        )
    }

    /// The first half of a block up to attention's output.
    private func attend(
        _ weights: GPT2DecoderWeights.Layer,
        _ parts: [CachePart],
        _ workspace: GPT2DecoderWorkspace
    ) {
        let C = configuration.channels
        normalize(workspace.residual, weights.ln1w, weights.ln1b, workspace)
        ops.linear(
            out: workspace.qkv,
            inp: workspace.normalized,
            weight: weights.qkvw,
            bias: weights.qkvb
        )
        ops.cachedAttention(
            out: workspace.atty,
            q: TensorColumns(workspace.qkv, 0..<C),
            k: TensorColumns(workspace.qkv, C..<2 * C),
            v: TensorColumns(workspace.qkv, 2 * C..<3 * C),
            parts: parts,
            headCount: configuration.headCount
        )
    }

    /// The rest of a block for the rows of `atty` and `residual`, which it adds to.
    private func transform(
        _ weights: GPT2DecoderWeights.Layer,
        atty: Tensor,
        residual: Tensor,
        _ workspace: GPT2DecoderWorkspace
    ) {
        let rows = 0..<residual.shape[0]
        let residual2 = workspace.residual2[rows]
        ops.linear(
            out: residual2,
            inp: atty,
            weight: weights.attprojw,
            bias: weights.attprojb,
            residual: residual
        )
        normalize(residual2, weights.ln2w, weights.ln2b, workspace)
        ops.linear(
            out: workspace.fchGelu[rows],
            inp: workspace.normalized[rows],
            weight: weights.fcw,
            bias: weights.fcb,
            gelu: true
        )
        ops.linear(
            out: residual,
            inp: workspace.fchGelu[rows],
            weight: weights.fcprojw,
            bias: weights.fcprojb,
            residual: residual2
        )
    }

    /// The last block, whose keys and values are kept of all rows but whose result only the rows
    /// need whose next token is predicted; then their logits.
    private func finish(
        _ chunk: TokenChunk,
        _ cache: KVCache,
        _ workspace: GPT2DecoderWorkspace
    ) -> Tensor? {
        let last = weights.layers.count - 1
        let parts = cache.parts(layer: last, of: chunk, onlyPredicted: true)
        attend(weights.layers[last], parts, workspace)
        guard let predicted = workspace.predicted, let residual = workspace.predictedResidual,
            let atty = workspace.predictedAtty, let logits = workspace.logits
        else { return nil }
        predicted.copy(from: chunk.predictedRows)
        ops.lookUp(out: residual, weight: WeightMatrix(workspace.residual), rows: predicted)
        ops.lookUp(out: atty, weight: WeightMatrix(workspace.atty), rows: predicted)
        transform(weights.layers[last], atty: atty, residual: residual, workspace)
        normalize(residual, weights.lnfw, weights.lnfb, workspace)
        ops.linear(
            out: logits,
            inp: workspace.normalized[0..<residual.shape[0]],
            weight: weights.wte
        )
        return logits
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
