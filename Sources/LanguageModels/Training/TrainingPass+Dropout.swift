// What a pass drops at random in training: of the embeddings, of attention's probabilities, and of
// what attention and the feed-forward network add to the residual stream. Those are the places of
// Hugging Face's and nanoGPT's GPT-2, and other families have the same.

import Tensors

/// Where a pass drops numbers.
///
/// The raw values decide which: they never change, since runs go on from checkpoints.
enum DropoutSite: Int {
    case embedding = 0
    case attentionProbabilities = 1
    case attentionOutput = 2
    case feedForwardOutput = 3
}

extension TrainingPass {
    /// What is dropped at a place of a block; nil for nothing.
    func dropout(_ site: DropoutSite, layer: Int = 0) -> Dropout? {
        lane.dropout?.choice(layer).choice(site.rawValue)
    }

    /// Drops of the embeddings, or as much of their gradients.
    func dropEmbeddings(_ residual: Tensor) {
        guard let dropout = dropout(.embedding) else { return }
        ops.dropout(out: residual, inp: residual, dropout, first: firstElement)
    }

    /// A linear layer, some of whose output is dropped before it is added to the residual stream.
    func forwardBranch(
        _ site: DropoutSite,
        _ place: ModelWeight,
        layer: Int,
        out: Tensor,
        inp: Tensor,
        weight: Tensor,
        bias: Tensor? = nil,
        residual: Tensor
    ) {
        let dropout = dropout(site, layer: layer)
        forward(
            place,
            out: out,
            inp: inp,
            weight: weight,
            bias: bias,
            residual: dropout == nil ? residual : nil
        )
        guard let dropout else { return }
        ops.dropout(out: out, inp: out, residual: residual, dropout, first: firstElement)
    }

    /// The gradient of such a layer's output: that of the residual stream, of which as much is
    /// dropped.
    func branchGradient(_ site: DropoutSite, layer: Int, _ dresidual: Tensor) -> Tensor {
        guard let dropout = dropout(site, layer: layer) else { return dresidual }
        guard let dropped = lane.droppedGradient else {
            preconditionFailure("a lane that drops has memory for it")
        }
        ops.dropout(out: dropped, inp: dresidual, dropout, first: firstElement)
        return dropped
    }

    /// The number of the residual stream's first element, as the whole batch counts them: what is
    /// dropped does not depend on how it is dealt out.
    private var firstElement: Int { lane.rows.lowerBound * sizes.channels }
}
