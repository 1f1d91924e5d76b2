// What the blocks of a Llama compute in training, forwards: embedding, blocks, final normalization.

import Tensors

/// A pass of a Llama over the sequences of one lane of a workspace.
struct Llama2Pass: TrainingPass {
    let configuration: Llama2Configuration
    /// What the pass reads.
    let weights: Llama2Tensors
    let lane: TrainingLane
    /// What it keeps.
    let activations: Llama2Activations
    /// How far rotary positions turn each pair from a position to the next.
    private let ropeFrequencies: [Double]

    init(_ configuration: Llama2Configuration, weights: Llama2Tensors, lane: TrainingLane) {
        self.configuration = configuration
        self.weights = weights
        self.lane = lane
        activations = Llama2Activations(configuration, lane)
        ropeFrequencies = configuration.ropeFrequencies
        // Where rows are whole, they never change.
        let T = lane.sequenceLength
        lane.ops.write((0..<lane.rowCount).map { Int32($0 % T) }, to: activations.positions)
    }

    var sizes: any ModelConfiguration { configuration }
    var classifier: Tensor { weights.classifier }

    /// The activations of block `layer`: its own, or those all blocks share.
    func block(_ layer: Int) -> Llama2BlockActivations {
        activations.blocks[activations.blocks.count == 1 ? 0 : layer]
    }

    /// Divides rows by the roots of their mean squares, into `lane.normalized`.
    func normalize(_ inp: Tensor, _ weight: Tensor, rstd: Tensor) {
        ops.rmsnormForward(
            out: lane.normalized,
            rstd: rstd,
            inp: inp,
            weight: weight,
            epsilon: configuration.normEpsilon
        )
    }
}

extension Llama2Pass {
    func embed() {
        embed(weights.tokenEmbedding, positions: nil)
        // The same for all blocks.
        ops.ropeRotations(
            activations.rotations,
            positions: lane.positions?.reshaped([lane.rowCount]) ?? activations.positions,
            frequencies: ropeFrequencies
        )
    }

    func normalizeOutput() {
        normalize(
            lane.residual(configuration.layerCount),
            weights.finalNorm,
            rstd: activations.finalRstd
        )
    }

    func forwardBlockInside(_ layer: Int) {
        let block = block(layer)
        let residual = lane.residual(layer)
        normalize(residual, weights.attentionNorm[layer], rstd: block.attentionRstd)
        project(.wq, layer, out: block.q)
        project(.wk, layer, out: block.k)
        project(.wv, layer, out: block.v)
        ops.ropeForward(TensorColumns(block.q), rotations: activations.rotations)
        ops.ropeForward(TensorColumns(block.k), rotations: activations.rotations)
        attend(
            layer,
            AttentionColumns(q: block.q, k: block.k, v: block.v),
            out: block.atty,
            lse: block.lse
        )
        forwardBranch(
            .attentionOutput,
            configuration.weight(.wo, layer: layer),
            layer: layer,
            out: block.residual2,
            inp: rows(of: block.atty),
            weight: weights.wo[layer],
            residual: residual
        )
        normalize(block.residual2, weights.feedForwardNorm[layer], rstd: block.feedForwardRstd)
        project(.w1, layer, out: block.gate)
        project(.w3, layer, out: block.up)
        ops.swigluForward(out: block.hidden, gate: block.gate, up: block.up)
    }

    func forwardBlockOutput(_ layer: Int) {
        let block = block(layer)
        forwardBranch(
            .feedForwardOutput,
            configuration.weight(.w2, layer: layer),
            layer: layer,
            out: lane.residual(layer + 1),
            inp: block.hidden,
            weight: weights.w2[layer],
            residual: block.residual2
        )
    }

    /// A linear layer of a block that reads `lane.normalized`.
    private func project(_ kind: Llama2Weight, _ layer: Int, out: Tensor) {
        forward(
            configuration.weight(kind, layer: layer),
            out: out,
            inp: lane.normalized,
            weight: weights.matrices(kind)[layer]
        )
    }

    /// What attention gives, (B, T, NH * HS), as (N, NH * HS).
    func rows(of atty: Tensor) -> Tensor {
        atty.reshaped([lane.rowCount, configuration.attentionChannels])
    }
}
