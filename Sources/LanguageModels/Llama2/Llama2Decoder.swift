// A Llama that continues sequences: what its blocks compute in a pass over new tokens.

import Tensors

/// A Llama for generation.
package typealias Llama2Decoder = BlockDecoder<Llama2DecoderBlocks>

/// The blocks of a Llama: RMSNorm, rotary positions, shared keys and values, and SwiGLU.
package final class Llama2DecoderBlocks: DecoderBlocks {
    private let configuration: Llama2Configuration
    private let weights: Llama2Tensors
    /// The angle by which rotary positions turn each pair from one position to the next.
    private let ropeFrequencies: [Double]
    private let ops: Ops

    package init(_ configuration: Llama2Configuration, weights: TensorSource, ops: Ops) {
        self.configuration = configuration
        self.weights = Llama2Tensors(configuration, weights)
        ropeFrequencies = configuration.ropeFrequencies
        self.ops = ops
    }

    package func embed(_ rows: PassRows, _ own: Llama2DecoderWorkspace) {
        ops.lookUp(out: rows.residual, weight: weights.tokenEmbedding, rows: rows.tokens)
        // The same for all blocks.
        ops.ropeRotations(
            own.rotations,
            positions: rows.positions,
            frequencies: ropeFrequencies
        )
    }

    package func attentionInputs(
        block: Int,
        _ rows: PassRows,
        _ own: Llama2DecoderWorkspace
    ) -> AttentionColumns {
        ops.linear(
            [
                LinearLayer(out: own.q, weight: weights.wq[block]),
                LinearLayer(out: own.k, weight: weights.wk[block]),
                LinearLayer(out: own.v, weight: weights.wv[block]),
            ],
            inp: normalize(rows.residual, weights.attentionNorm[block], rows)
        )
        let inputs = AttentionColumns(q: own.q, k: own.k, v: own.v)
        ops.ropeForward(inputs.q, rotations: own.rotations)
        ops.ropeForward(inputs.k, rotations: own.rotations)
        return inputs
    }

    package func addAttention(block: Int, out: Tensor, atty: Tensor, residual: Tensor) {
        ops.linear(out: out, inp: atty, weight: weights.wo[block], residual: residual)
    }

    package func neurons(
        block: Int,
        residual: Tensor,
        _ rows: PassRows,
        _ own: Llama2DecoderWorkspace
    ) -> Tensor {
        let first = 0..<residual.shape[0]
        let (gate, up) = (own.gate[first], own.up[first])
        ops.linear(
            [
                LinearLayer(out: gate, weight: weights.w1[block]),
                LinearLayer(out: up, weight: weights.w3[block]),
            ],
            inp: normalize(residual, weights.feedForwardNorm[block], rows)
        )
        ops.swigluForward(out: gate, gate: gate, up: up)
        return gate
    }

    package func addNeurons(block: Int, out: Tensor, neurons: Tensor, residual: Tensor) {
        ops.linear(out: out, inp: neurons, weight: weights.w2[block], residual: residual)
    }

    package func classify(
        logits: Tensor,
        residual: Tensor,
        _ rows: PassRows,
        _ own: Llama2DecoderWorkspace
    ) {
        ops.linear(
            out: logits,
            inp: normalize(residual, weights.finalNorm, rows),
            weight: weights.classifier
        )
    }

    /// Divides rows by the roots of their mean squares, into the first rows of `rows.normalized`.
    private func normalize(_ inp: Tensor, _ weight: Tensor, _ rows: PassRows) -> Tensor {
        let out = rows.normalized[0..<inp.shape[0]]
        ops.rmsnormForward(
            out: out,
            inp: inp,
            weight: weight,
            epsilon: configuration.normEpsilon
        )
        return out
    }
}

extension Llama2DecoderBlocks {
    package func workspaceLayout(rowCount N: Int) -> [TensorSpecification] {
        let (A, KV) = (configuration.attentionChannels, configuration.keyValueChannels)
        let H = configuration.hiddenChannels
        return [
            TensorSpecification("rotations", [N, configuration.headSize]),
            TensorSpecification("q", [N, A]),
            TensorSpecification("k", [N, KV]),
            TensorSpecification("v", [N, KV]),
            TensorSpecification("gate", [N, H]),
            TensorSpecification("up", [N, H]),
        ]
    }

    package func makeWorkspace(_ set: TensorSet) -> Llama2DecoderWorkspace {
        Llama2DecoderWorkspace(set)
    }
}

/// What a pass needs besides what all families need.
package final class Llama2DecoderWorkspace {
    fileprivate let rotations: Tensor  // (N, HS)
    fileprivate let q: Tensor  // (N, NH * HS)
    fileprivate let k: Tensor  // (N, NKV * HS)
    fileprivate let v: Tensor  // (N, NKV * HS)
    fileprivate let gate: Tensor  // (N, H)
    fileprivate let up: Tensor  // (N, H)

    fileprivate init(_ set: TensorSet) {
        rotations = set["rotations"]
        q = set["q"]
        k = set["k"]
        v = set["v"]
        gate = set["gate"]
        up = set["up"]
    }
}
