// Attention in a pass: what of the lane it obeys, its documents and what it drops, is the same for
// every family.

import Tensors

/// The queries, keys and values of a block, or their gradients.
struct AttentionColumns {
    let q: TensorColumns
    let k: TensorColumns
    let v: TensorColumns

    /// Each in a tensor of its own, (N, NH * HS) or (N, NKV * HS).
    init(q: Tensor, k: Tensor, v: Tensor) {
        self.q = TensorColumns(q)
        self.k = TensorColumns(k)
        self.v = TensorColumns(v)
    }

    /// Side by side in one, (N, 3C).
    init(together qkv: Tensor) {
        let C = qkv.shape[1] / 3
        q = TensorColumns(qkv, 0..<C)
        k = TensorColumns(qkv, C..<2 * C)
        v = TensorColumns(qkv, 2 * C..<3 * C)
    }
}

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

    /// The way back: fills the gradients of `columns` from that of `out`.
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
