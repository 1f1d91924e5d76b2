// The pass of a Llama 2 over new tokens of cached sequences.

import Inference
import Tensors

/// Memory for passes of one shape.
public final class Llama2DecoderWorkspace {
    let tokens: Tensor  // (N) int32
    let positions: Tensor  // (N) int32
    let rotations: Tensor  // (N, HS)
    let residual: Tensor  // (N, C)
    let residual2: Tensor  // (N, C)
    let normalized: Tensor  // (N, C)
    let q: Tensor  // (N, C)
    let k: Tensor  // (N, NKV * HS)
    let v: Tensor  // (N, NKV * HS)
    let atty: Tensor  // (N, C)
    let gate: Tensor  // (N, H)
    let up: Tensor  // (N, H)
    /// The rows whose next token is predicted, and what the last block computes for them alone.
    let predicted: Tensor?  // (P) int32
    let predictedResidual: Tensor?  // (P, C)
    let predictedAtty: Tensor?  // (P, C)
    let logits: Tensor?  // (P, V)

    init(_ configuration: Llama2Configuration, rowCount N: Int, predictedCount P: Int) throws {
        let (C, V) = (configuration.channels, configuration.vocabularySize)
        let (H, KV) = (configuration.hiddenChannels, configuration.keyValueChannels)
        let set = try TensorLayout(
            [
                TensorSpecification("tokens", [N], dtype: .int32),
                TensorSpecification("positions", [N], dtype: .int32),
                TensorSpecification("rotations", [N, configuration.headSize]),
                TensorSpecification("residual", [N, C]),
                TensorSpecification("residual2", [N, C]),
                TensorSpecification("normalized", [N, C]),
                TensorSpecification("q", [N, C]),
                TensorSpecification("k", [N, KV]),
                TensorSpecification("v", [N, KV]),
                TensorSpecification("atty", [N, C]),
                TensorSpecification("gate", [N, H]),
                TensorSpecification("up", [N, H]),
                TensorSpecification("predicted", [P], dtype: .int32),
                TensorSpecification("predictedResidual", [P, C]),
                TensorSpecification("predictedAtty", [P, C]),
                TensorSpecification("logits", [P, V]),
            ],
            alignment: 64
        ).allocate()
        tokens = set["tokens"]
        positions = set["positions"]
        rotations = set["rotations"]
        residual = set["residual"]
        residual2 = set["residual2"]
        normalized = set["normalized"]
        q = set["q"]
        k = set["k"]
        v = set["v"]
        atty = set["atty"]
        gate = set["gate"]
        up = set["up"]
        predicted = P > 0 ? set["predicted"] : nil
        predictedResidual = P > 0 ? set["predictedResidual"] : nil
        predictedAtty = P > 0 ? set["predictedAtty"] : nil
        logits = P > 0 ? set["logits"] : nil
    }
}

extension Llama2Decoder {
    public func makeDecodingWorkspace(
        rowCount: Int,
        predictedCount: Int
    ) throws -> Llama2DecoderWorkspace {
        try Llama2DecoderWorkspace(
            configuration,
            rowCount: rowCount,
            predictedCount: predictedCount
        )
    }

    public func decode(
        _ chunk: TokenChunk,
        cache: KVCache,
        workspace: Llama2DecoderWorkspace
    ) -> Tensor? {
        embed(chunk, workspace)
        for layer in weights.layers.indices.dropLast() {
            let weights = weights.layers[layer]
            attend(weights, cache.parts(layer: layer, of: chunk), workspace)
            transform(weights, atty: workspace.atty, residual: workspace.residual, workspace)
        }
        return finish(chunk, cache, workspace)
    }

    /// The embeddings of the tokens, into the residual, and the rotations of their positions, which
    /// are the same for all blocks.
    private func embed(_ chunk: TokenChunk, _ workspace: Llama2DecoderWorkspace) {
        workspace.tokens.copy(from: chunk.tokens)
        workspace.positions.copy(from: chunk.positions)
        ops.lookUp(
            out: workspace.residual,
            weight: weights.tokenEmbedding,
            rows: workspace.tokens
        )
        ops.ropeRotations(
            workspace.rotations,
            positions: workspace.positions,
            theta: configuration.ropeTheta
        )
    }

    /// The first half of a block up to attention's output.
    private func attend(
        _ weights: Llama2DecoderWeights.Layer,
        _ parts: [CachePart],
        _ workspace: Llama2DecoderWorkspace
    ) {
        normalize(workspace.normalized, workspace.residual, weights.attentionNorm)
        ops.linear(
            [
                LinearLayer(out: workspace.q, weight: weights.wq),
                LinearLayer(out: workspace.k, weight: weights.wk),
                LinearLayer(out: workspace.v, weight: weights.wv),
            ],
            inp: workspace.normalized
        )
        ops.ropeForward(workspace.q, rotations: workspace.rotations)
        ops.ropeForward(workspace.k, rotations: workspace.rotations)
        ops.cachedAttention(
            out: workspace.atty,
            q: TensorColumns(workspace.q),
            k: TensorColumns(workspace.k),
            v: TensorColumns(workspace.v),
            parts: parts,
            headCount: configuration.headCount
        )
    }

    /// The rest of a block for the rows of `atty` and `residual`, which it adds to.
    private func transform(
        _ weights: Llama2DecoderWeights.Layer,
        atty: Tensor,
        residual: Tensor,
        _ workspace: Llama2DecoderWorkspace
    ) {
        let rows = 0..<residual.shape[0]
        let residual2 = workspace.residual2[rows]
        let normalized = workspace.normalized[rows]
        let (gate, up) = (workspace.gate[rows], workspace.up[rows])
        ops.linear(out: residual2, inp: atty, weight: weights.wo, residual: residual)
        normalize(normalized, residual2, weights.feedForwardNorm)
        ops.linear(
            [
                LinearLayer(out: gate, weight: weights.w1),
                LinearLayer(out: up, weight: weights.w3),
            ],
            inp: normalized
        )
        ops.swigluForward(out: gate, gate: gate, up: up)
        ops.linear(out: residual, inp: gate, weight: weights.w2, residual: residual2)
    }

    /// The last block, whose keys and values are kept of all rows but whose result only the rows
    /// need whose next token is predicted; then their logits.
    private func finish(
        _ chunk: TokenChunk,
        _ cache: KVCache,
        _ workspace: Llama2DecoderWorkspace
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
        let normalized = workspace.normalized[0..<residual.shape[0]]
        normalize(normalized, residual, weights.finalNorm)
        ops.linear(out: logits, inp: normalized, weight: weights.classifier)
        return logits
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
