// Attention in a pass, and dropout of attention, of the embeddings and of what is added to the
// residual stream. The lane's documents and dropout apply in the same way for every family. The
// places of dropout are those of Hugging Face's and nanoGPT's GPT-2.

import Tensors

extension TrainingPass {
    /// Attention of a block: `out` is (B, T, NH * HS), `lse` (B, NH, T).
    func attend(_ layer: Int, _ columns: AttentionColumns, out: Tensor, lse: Tensor) {
        ops.attentionForward(
            out: out,
            lse: lse,
            q: columns.q,
            k: columns.k,
            v: columns.v,
            headCount: sizes.headCount,
            starts: lane.starts,
            dropout: dropout(.attentionProbabilities, layer: layer),
            firstSequence: lane.sequences.lowerBound
        )
    }

    /// The backward pass: fills the gradients of `columns` from the gradient of `out`.
    func attendBackward(
        _ layer: Int,
        _ columns: AttentionColumns,
        gradients: AttentionColumns,
        dout: Tensor,
        out: Tensor,
        lse: Tensor
    ) {
        ops.attentionBackward(
            dq: gradients.q,
            dk: gradients.k,
            dv: gradients.v,
            dout: dout,
            out: out,
            lse: lse,
            q: columns.q,
            k: columns.k,
            v: columns.v,
            headCount: sizes.headCount,
            starts: lane.starts,
            dropout: dropout(.attentionProbabilities, layer: layer),
            firstSequence: lane.sequences.lowerBound
        )
    }
}

/// Where a pass applies dropout.
///
/// The raw values select random numbers, and never change because runs resume from checkpoints.
enum DropoutSite: Int {
    case embedding = 0
    case attentionProbabilities = 1
    case attentionOutput = 2
    case feedForwardOutput = 3
}

extension TrainingPass {
    /// Dropout at one place of a block; nil for none.
    func dropout(_ site: DropoutSite, layer: Int = 0) -> Dropout? {
        lane.dropout?.choice(layer).choice(site.rawValue)
    }

    /// Applies dropout to the embeddings, or in the same way to their gradients.
    func dropEmbeddings(_ residual: Tensor) {
        guard let dropout = dropout(.embedding) else { return }
        ops.dropout(out: residual, inp: residual, dropout, first: firstElement)
    }

    /// A linear layer whose output goes through dropout before it is added to the residual stream.
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

    /// The gradient of such a layer's output: the residual stream's, with the same dropout applied.
    func branchGradient(_ site: DropoutSite, layer: Int, _ dresidual: Tensor) -> Tensor {
        guard let dropout = dropout(site, layer: layer) else { return dresidual }
        guard let dropped = lane.droppedGradient else {
            preconditionFailure("a lane that drops has memory for it")
        }
        ops.dropout(out: dropped, inp: dresidual, dropout, first: firstElement)
        return dropped
    }

    /// The index of the residual stream's first element in the whole batch, so that dropout does
    /// not depend on how the batch is divided.
    private var firstElement: Int { lane.rows.lowerBound * sizes.channels }
}
