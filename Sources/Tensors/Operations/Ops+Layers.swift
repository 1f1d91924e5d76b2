// Embedding, normalization and linear layers.

import CKernels

extension Ops {
    /// Looks up the embeddings of tokens and adds those of positions, if the model has them.
    /// - Parameters:
    ///   - out: `(B, T, C)`, overwritten.
    ///   - tokens: `(B, T)` int32, each in `0 ..< V`; checked by the caller.
    ///   - positions: `(B, T)` int32, each in `0 ..< maxT`, checked by the caller too; nil for 0,
    ///     1, 2 and so on.
    ///   - wte: `(V, C)`, float32 or bfloat16.
    ///   - wpe: `(maxT, C)`, with `maxT >= T` where positions count up, float32 or bfloat16; nil if
    ///     the model has none.
    package func encoderForward(
        out: Tensor,
        tokens: Tensor,
        positions: Tensor? = nil,
        wte: Tensor,
        wpe: Tensor?
    ) {
        let (B, T, C) = Self.sizes3(out, "out")
        Self.expect(tokens, [B, T], as: .int32, "tokens")
        Self.expect(wte, [wte.shape[0], C], as: .floats, "wte")
        Self.checkPositions(positions, wpe, as: .floats, B, T, C)
        run {
            table.encoder_forward(
                $0,
                out.mutableFloatPointer,
                tokens.tokenPointer,
                positions?.tokenPointer,
                wte.array,
                wpe.array,
                B,
                T,
                C
            )
        }
        keepAlive(out, tokens, positions, wte, wpe)
    }

    /// Backpropagates through the embeddings.
    /// - Parameters:
    ///   - dwte: `(V, C)`, accumulated into.
    ///   - dwpe: `(maxT, C)`, accumulated into; nil if the model has no position embeddings.
    ///   - dout: `(B, T, C)`.
    ///   - tokens: `(B, T)` int32, as in the forward pass.
    ///   - positions: `(B, T)` int32 or nil, as in the forward pass.
    package func encoderBackward(
        dwte: Tensor,
        dwpe: Tensor?,
        dout: Tensor,
        tokens: Tensor,
        positions: Tensor? = nil
    ) {
        let (B, T, C) = Self.sizes3(dout, "dout")
        Self.expect(tokens, [B, T], as: .int32, "tokens")
        Self.expect(dwte, [dwte.shape[0], C], "dwte")
        Self.checkPositions(positions, dwpe, as: .float32, B, T, C)
        run {
            table.encoder_backward(
                $0,
                dwte.mutableFloatPointer,
                dwpe?.mutableFloatPointer,
                dout.floatPointer,
                tokens.tokenPointer,
                positions?.tokenPointer,
                B,
                T,
                C
            )
        }
        keepAlive(dwte, dwpe, dout, tokens, positions)
    }

    /// Stops the program unless positions and their embeddings fit B sequences of T tokens.
    @inline(__always)
    private static func checkPositions(
        _ positions: Tensor?,
        _ wpe: Tensor?,
        as types: ElementTypes,
        _ B: Int,
        _ T: Int,
        _ C: Int
    ) {
        if let positions { expect(positions, [B, T], as: .int32, "positions") }
        guard let wpe else { return }
        expect(wpe, [wpe.shape[0], C], as: types, "wpe")
        precondition(
            positions != nil || T <= wpe.shape[0],
            "\(T) positions, wpe has \(wpe.shape[0])"
        )
    }

    /// Normalizes each row of the last axis to mean 0 and variance 1, then scales and shifts it.
    ///
    /// Epsilon is 1e-5 (Ba et al. 2016).
    /// - Parameters:
    ///   - out: `(N, C)`, float32 or bfloat16, overwritten.
    ///   - mean: `(N)`, overwritten; the backward pass needs it.
    ///   - rstd: `(N)`, overwritten; reciprocal standard deviation.
    ///   - inp: `(N, C)`.
    ///   - weight: `(C)`.
    ///   - bias: `(C)`.
    package func layernormForward(
        out: Tensor,
        mean: Tensor,
        rstd: Tensor,
        inp: Tensor,
        weight: Tensor,
        bias: Tensor
    ) {
        let (N, C) = Self.sizes2(inp, "inp")
        Self.expect(out, [N, C], as: .floats, "out")
        Self.expect(mean, [N], "mean")
        Self.expect(rstd, [N], "rstd")
        Self.expect(weight, [C], "weight")
        Self.expect(bias, [C], "bias")
        run(channels: C) {
            table.layernorm_forward(
                $0,
                out.mutableArray,
                mean.mutableFloatPointer,
                rstd.mutableFloatPointer,
                inp.floatPointer,
                weight.floatPointer,
                bias.floatPointer,
                N,
                C
            )
        }
        keepAlive(out, mean, rstd, inp, weight, bias)
    }

    /// Backpropagates through layer normalization.
    /// - Parameters:
    ///   - dinp: `(N, C)`, accumulated into.
    ///   - dweight: `(C)`, accumulated into; nil where the weight is frozen.
    ///   - dbias: `(C)`, the same.
    ///   - dout: `(N, C)`.
    ///   - inp: `(N, C)`, as in the forward pass.
    ///   - weight: `(C)`.
    ///   - mean: `(N)`, as the forward pass wrote it.
    ///   - rstd: `(N)`, as the forward pass wrote it.
    package func layernormBackward(
        dinp: Tensor,
        dweight: Tensor?,
        dbias: Tensor?,
        dout: Tensor,
        inp: Tensor,
        weight: Tensor,
        mean: Tensor,
        rstd: Tensor
    ) {
        let (N, C) = Self.sizes2(inp, "inp")
        for (tensor, name) in [(dinp, "dinp"), (dout, "dout")] as [(Tensor, StaticString)] {
            Self.expect(tensor, [N, C], name)
        }
        Self.expect(weight, [C], "weight")
        if let dweight { Self.expect(dweight, [C], "dweight") }
        if let dbias { Self.expect(dbias, [C], "dbias") }
        for tensor in [mean, rstd] { Self.expect(tensor, [N], "mean or rstd") }
        run(channels: C) {
            table.layernorm_backward(
                $0,
                dinp.mutableFloatPointer,
                dweight?.mutableFloatPointer,
                dbias?.mutableFloatPointer,
                dout.floatPointer,
                inp.floatPointer,
                weight.floatPointer,
                mean.floatPointer,
                rstd.floatPointer,
                N,
                C
            )
        }
        keepAlive(dinp, dweight, dbias, dout, inp, weight, mean, rstd)
    }

    /// Applies a linear layer and, in the same pass over memory, what follows it.
    /// - Parameters:
    ///   - out: `(N, OC)`, overwritten with `inp * weight^T + bias + residual`.
    ///   - geluOut: `(N, OC)`, overwritten with `gelu(out)`; nil where no GELU follows.
    ///   - inp: `(N, C)`.
    ///   - weight: `(OC, C)`, in any of ``ElementType/weightTypes``.
    ///   - bias: `(OC)`, or nil.
    ///   - residual: `(N, OC)`, or nil.
    package func matmulForward(
        out: Tensor,
        geluOut: Tensor? = nil,
        inp: Tensor,
        weight: Tensor,
        bias: Tensor? = nil,
        residual: Tensor? = nil
    ) {
        let (N, C) = Self.sizes2(inp, as: .floats, "inp")
        let (OC, _) = Self.sizes2(weight, as: .weights, "weight")
        Self.expect(out, [N, OC], as: .floats, "out")
        Self.expect(weight, [OC, C], as: .weights, "weight")
        precondition(
            out.elementType == .float32 || C <= CK_MAX_ROUNDED_SUM,
            "sums of \(C) products, rounded to \(out.elementType)"
        )
        if let bias { Self.expect(bias, [OC], "bias") }
        if let geluOut { Self.expect(geluOut, [N, OC], as: .floats, "geluOut") }
        if let residual { Self.expect(residual, [N, OC], "residual") }
        var matrix = weight.matrix
        run {
            table.matmul_forward(
                $0,
                out.mutableArray,
                geluOut.mutableArray,
                inp.array,
                &matrix,
                bias?.floatPointer,
                residual?.floatPointer,
                N
            )
        }
        keepAlive(out, geluOut, inp, weight, bias, residual)
    }

    /// Backpropagates a linear layer to its input.
    /// - Parameters:
    ///   - dinp: `(N, C)`: `dout * weight`, overwritten or added to.
    ///   - dout: `(N, OC)`.
    ///   - weight: `(OC, C)`, in any of ``ElementType/weightTypes``.
    ///   - geluInp: `(N, C)`, the input of a GELU that fed this layer, to backpropagate through it
    ///     in the same pass; or nil.
    ///   - accumulate: Whether to add to what `dinp` holds, before backpropagating through the
    ///     GELU.
    package func matmulBackwardInput(
        dinp: Tensor,
        dout: Tensor,
        weight: Tensor,
        geluInp: Tensor? = nil,
        accumulate: Bool = false
    ) {
        let (N, C) = Self.sizes2(dinp, "dinp")
        let (OC, _) = Self.sizes2(weight, as: .weights, "weight")
        Self.expect(dout, [N, OC], "dout")
        Self.expect(weight, [OC, C], as: .weights, "weight")
        if let geluInp { Self.expect(geluInp, [N, C], as: .floats, "geluInp") }
        var matrix = weight.matrix
        run {
            table.matmul_backward_input(
                $0,
                dinp.mutableFloatPointer,
                dout.floatPointer,
                &matrix,
                geluInp.array,
                N,
                accumulate
            )
        }
        keepAlive(dinp, dout, weight, geluInp)
    }

    /// Backpropagates a linear layer to its weight and bias.
    /// - Parameters:
    ///   - dweight: `(OC, C)`: `dout^T * inp`, accumulated into or overwritten.
    ///   - dbias: `(OC)`, accumulated into; nil where there is no bias.
    ///   - dout: `(N, OC)`.
    ///   - inp: `(N, C)`, as in the forward pass.
    ///   - accumulate: Whether to add to what `dweight` holds.
    package func matmulBackwardWeight(
        dweight: Tensor,
        dbias: Tensor? = nil,
        dout: Tensor,
        inp: Tensor,
        accumulate: Bool
    ) {
        let (N, C) = Self.sizes2(inp, as: .floats, "inp")
        let (_, OC) = Self.sizes2(dout, "dout")
        Self.expect(dweight, [OC, C], "dweight")
        Self.expect(dout, [N, OC], "dout")
        if let dbias { Self.expect(dbias, [OC], "dbias") }
        run {
            table.matmul_backward_weight(
                $0,
                dweight.mutableFloatPointer,
                dbias?.mutableFloatPointer,
                dout.floatPointer,
                inp.array,
                N,
                C,
                OC,
                accumulate
            )
        }
        keepAlive(dweight, dbias, dout, inp)
    }
}
