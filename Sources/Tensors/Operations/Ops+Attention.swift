// Attention over whole sequences, forward and backward: the work of a layer in training; and what
// attention looks at, for those who want to see it.

import CKernels

extension Ops {
    /// Causal multi-head attention with a running softmax.
    ///
    /// The method is that of Dao et al. 2022, "FlashAttention".
    /// - Parameters:
    ///   - out: `(B, T, NH * HS)`, float32 or bfloat16, overwritten.
    ///   - lse: `(B, NH, T)`, overwritten: logarithm of each row's softmax denominator, before
    ///     dropout.
    ///   - q: `B * T` rows of `NH * HS` columns, of the type of `out`, as are the others.
    ///   - k: As many rows of `NKH * HS` columns.
    ///   - v: The same.
    ///   - NH: The heads of q, a multiple of NKH: NH / NKH query heads share each head of keys and
    ///     values (Ainslie et al. 2023, "GQA").
    ///   - starts: `(B, T)` int32: the first position that each token sees, for sequences of
    ///     several documents that must not see each other. At most its own position, and never less
    ///     than the previous token's. Nil where each token sees all before it.
    ///   - dropout: Dropout of the probabilities; nil for none.
    ///   - firstSequence: The index of the first of the B sequences in the whole batch, so that
    ///     dropout does not depend on how a batch is divided.
    package func attentionForward(
        out: Tensor,
        lse: Tensor,
        q: TensorColumns,
        k: TensorColumns,
        v: TensorColumns,
        headCount NH: Int,
        starts: Tensor? = nil,
        dropout: Dropout? = nil,
        firstSequence: Int = 0
    ) {
        var inputs = Self.inputs(q, k, v, lse, NH, starts, dropout, firstSequence)
        let (T, C) = (inputs.T, NH * inputs.HS)
        Self.expect(out, [inputs.B, T, C], as: ElementTypes(q.tensor.elementType), "out")
        run(channels: inputs.HS) {
            table.attention_forward($0, out.mutableArray, lse.mutableFloatPointer, &inputs)
        }
        keepAlive(out, lse, q.tensor, k.tensor, v.tensor, starts)
    }

    /// Backpropagates through attention.
    ///
    /// The arguments of the forward pass must be the same here, dropout included.
    /// - Parameters:
    ///   - dq: `B * T` rows of `NH * HS` columns, float32, overwritten.
    ///   - dk: As many rows of `NKH * HS` columns, overwritten.
    ///   - dv: The same.
    ///   - dout: `(B, T, NH * HS)`.
    ///   - out: `(B, T, NH * HS)`, float32 or bfloat16, as the forward pass wrote it.
    ///   - lse: `(B, NH, T)`, as the forward pass wrote it.
    ///   - q: As in the forward pass, like everything that follows.
    ///   - k: The same.
    ///   - v: The same.
    ///   - NH: The same.
    ///   - starts: The same.
    ///   - dropout: The same.
    ///   - firstSequence: The same.
    package func attentionBackward(
        dq: TensorColumns,
        dk: TensorColumns,
        dv: TensorColumns,
        dout: Tensor,
        out: Tensor,
        lse: Tensor,
        q: TensorColumns,
        k: TensorColumns,
        v: TensorColumns,
        headCount NH: Int,
        starts: Tensor? = nil,
        dropout: Dropout? = nil,
        firstSequence: Int = 0
    ) {
        var inputs = Self.inputs(q, k, v, lse, NH, starts, dropout, firstSequence)
        let (B, T, C) = (inputs.B, inputs.T, NH * inputs.HS)
        let shared = inputs.NKH * inputs.HS
        Self.expect(dout, [B, T, C], "dout")
        Self.expect(out, [B, T, C], as: ElementTypes(q.tensor.elementType), "out")
        Self.expect(dq, rows: B * T, width: C, "dq")
        Self.expect(dk, rows: B * T, width: shared, "dk")
        Self.expect(dv, rows: B * T, width: shared, "dv")
        var gradients = ck_attention_gradients(
            dq: dq.mutablePointer,
            dk: dk.mutablePointer,
            dv: dv.mutablePointer,
            ld_q: dq.tensor.shape[1],
            ld_k: dk.tensor.shape[1],
            ld_v: dv.tensor.shape[1]
        )
        run(channels: inputs.HS) {
            table.attention_backward(
                $0,
                &gradients,
                dout.floatPointer,
                out.array,
                lse.floatPointer,
                &inputs
            )
        }
        keepAlive(dq.tensor, dk.tensor, dv.tensor, dout, out, lse)
        keepAlive(q.tensor, k.tensor, v.tensor, starts)
    }

    /// Checks what both passes read.
    private static func inputs(
        _ q: TensorColumns,
        _ k: TensorColumns,
        _ v: TensorColumns,
        _ lse: Tensor,
        _ NH: Int,
        _ starts: Tensor?,
        _ dropout: Dropout?,
        _ firstSequence: Int
    ) -> ck_attention_inputs {
        let (B, heads, T) = sizes3(lse, "lse")
        let (C, shared) = (q.columns.count, k.columns.count)
        precondition(
            heads == NH && C > 0 && C % NH == 0,
            "\(C) channels in \(NH) of \(heads) heads"
        )
        let HS = C / NH
        precondition(
            shared > 0 && shared % HS == 0 && C % shared == 0,
            "\(C) columns of q share \(shared) of k, in heads of \(HS)"
        )
        let types = ElementTypes(q.tensor.elementType)
        precondition(ElementTypes.floats.contains(types), "q: \(q.tensor.elementType)")
        expect(q, rows: B * T, width: C, as: types, "q")
        expect(k, rows: B * T, width: shared, as: types, "k")
        expect(v, rows: B * T, width: shared, as: types, "v")
        if let starts { check(starts: starts, B, T) }
        let rate = dropout?.rate ?? 0
        precondition(
            rate >= 0 && rate < 1 && firstSequence >= 0,
            "a dropout of \(rate) from sequence \(firstSequence) on"
        )
        return ck_attention_inputs(
            q: q.array,
            k: k.array,
            v: v.array,
            ld_q: q.tensor.shape[1],
            ld_k: k.tensor.shape[1],
            ld_v: v.tensor.shape[1],
            B: B,
            T: T,
            NH: NH,
            NKH: shared / HS,
            HS: HS,
            starts: starts?.tokenPointer,
            dropout: rate,
            dropout_key: dropout?.key ?? 0,
            first_sequence: firstSequence
        )
    }

    /// Stops the program unless each token of B sequences sees itself, and none sees what an
    /// earlier one does not: kernels skip everything before, and would read what does not exist.
    private static func check(starts: Tensor, _ B: Int, _ T: Int) {
        expect(starts, [B, T], as: .int32, "starts")
        let pointer = starts.tokenPointer
        for b in 0..<B {
            var earlier: Int32 = 0
            for t in 0..<T {
                let start = pointer[b * T + t]
                precondition(
                    start >= earlier && start <= t,
                    "starts: position \(t) of sequence \(b) sees those from \(start) on, "
                        + "the one before it from \(earlier) on"
                )
                earlier = start
            }
        }
    }
}

extension Ops {
    /// How much each new token of a sequence attends to each position: softmax of
    /// `q k^T / sqrt(HS)` over the positions up to its own, and exactly 0 after them.
    ///
    /// A row sums to 1 within 2^-22, however long it is. The result has the same bits for any
    /// number of threads.
    /// - Parameters:
    ///   - out: `(NH, rows, past + rows)` float32, overwritten; `rows` are those of the part.
    ///   - q: N rows of NH * HS columns, as given to
    ///     ``cachedAttention(out:q:k:v:parts:headCount:)``.
    ///   - part: The sequence, whose keys that operation has stored; silent rows count like the
    ///     others.
    ///   - NH: The heads of q, a multiple of NKH.
    package func attentionPattern(
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
