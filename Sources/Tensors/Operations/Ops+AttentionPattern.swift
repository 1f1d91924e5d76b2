// What attention looks at. Attention itself goes through the softmax in pieces and keeps none of
// it, so those who want to see it have it computed by an operation of its own.

import CKernels

extension Ops {
    /// How much each new token of a sequence attends to each position: softmax of
    /// `q k^T / sqrt(HS)` over the positions up to its own, and exactly 0 after them.
    ///
    /// A row sums to 1 within 2^-22, however long it is. The result has the same bits for any
    /// number of threads.
    /// - Parameters:
    ///   - out: `(NH, rows, past + rows)` float32, overwritten; `rows` are those of the part.
    ///   - q: N rows of NH * HS columns, as ``cachedAttention(out:q:k:v:parts:headCount:)`` has
    ///     had them.
    ///   - part: The sequence, whose keys that operation has stored; its silent rows count as the
    ///     others do.
    ///   - NH: The heads of q, a multiple of NKH.
    public func attentionPattern(
        out: Tensor,
        q: TensorColumns,
        part: CachePart,
        headCount NH: Int
    ) {
        let keys = part.keys
        let (NKH, capacity, HS) = Self.sizes3(keys, as: .floats, "keys")
        let (N, W) = Self.sizes2(q.tensor, "q")
        precondition(NH % NKH == 0, "\(NH) heads share \(NKH) heads of keys")
        Self.expect(q, rows: N, width: NH * HS, "q")
        let (rows, past) = (part.rows, part.past)
        precondition(
            !rows.isEmpty && rows.lowerBound >= 0 && rows.upperBound <= N
                && past >= 0 && past + rows.count <= capacity,
            "rows \(rows) of \(N) after \(past) of \(capacity)"
        )
        Self.expect(out, [NH, rows.count, past + rows.count], "out")
        var arguments = ck_attention_pattern_arguments(
            out: out.mutableFloatPointer,
            q: q.pointer + rows.lowerBound * W,
            ld_q: W,
            keys: keys.array,
            count: rows.count,
            past: past,
            capacity: capacity,
            NH: NH,
            NKH: NKH,
            HS: HS
        )
        run { table.attention_pattern($0, &arguments) }
        withExtendedLifetime((out, q, part)) {}
    }
}
