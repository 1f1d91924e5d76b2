// Elementwise operations, softmax and the loss.

import CKernels

extension Ops {
    /// The tanh form of GELU (Hendrycks & Gimpel 2016).
    /// - Parameters:
    ///   - out: Any shape, float32 or bfloat16, overwritten; may be `inp`.
    ///   - inp: The same shape, float32 or bfloat16.
    package func geluForward(out: Tensor, inp: Tensor) {
        Self.expect(out, out.shape, as: .floats, "out")
        Self.expect(inp, out.shape, as: .floats, "inp")
        run { table.gelu_forward($0, out.mutableArray, inp.array, out.count) }
        keepAlive(out, inp)
    }

    /// Backpropagates through GELU.
    /// - Parameters:
    ///   - dinp: Any shape, overwritten with `dout * gelu'(inp)`; may be `dout`.
    ///   - inp: The same shape, float32 or bfloat16, as in the forward pass.
    ///   - dout: The same shape.
    package func geluBackward(dinp: Tensor, inp: Tensor, dout: Tensor) {
        Self.expect(dinp, dinp.shape, "dinp")
        Self.expect(inp, dinp.shape, as: .floats, "inp")
        Self.expect(dout, dinp.shape, "dout")
        run {
            table.gelu_backward(
                $0,
                dinp.mutableFloatPointer,
                inp.array,
                dout.floatPointer,
                dinp.count
            )
        }
        keepAlive(dinp, inp, dout)
    }

    /// The exact form of GELU, `x (1 + erf(x / sqrt(2))) / 2`, which PyTorch's `GELU` has.
    /// - Parameters:
    ///   - out: Any shape, overwritten; may be `inp`.
    ///   - inp: The same shape.
    package func exactGeluForward(out: Tensor, inp: Tensor) {
        Self.expect(out, out.shape, "out")
        Self.expect(inp, out.shape, "inp")
        run { table.exact_gelu_forward($0, out.mutableFloatPointer, inp.floatPointer, out.count) }
        keepAlive(out, inp)
    }

    /// The gate of a feed-forward network: `silu(gate) * up` (Shazeer 2020, "SwiGLU").
    /// - Parameters:
    ///   - out: Any shape, float32 or bfloat16, overwritten; may be `gate` or `up`.
    ///   - gate: The same shape, float32 or bfloat16.
    ///   - up: The same shape and type as `gate`.
    package func swigluForward(out: Tensor, gate: Tensor, up: Tensor) {
        Self.expect(out, out.shape, as: .floats, "out")
        Self.expect(gate, out.shape, as: .floats, "gate")
        Self.expect(up, out.shape, as: ElementTypes(gate.elementType), "up")
        run { table.swiglu_forward($0, out.mutableArray, gate.array, up.array, out.count) }
        keepAlive(out, gate, up)
    }

    /// Backpropagates through ``swigluForward(out:gate:up:)``.
    /// - Parameters:
    ///   - dgate: Any shape, overwritten with `dout * up * silu'(gate)`; may be `dout`.
    ///   - dup: The same shape, overwritten with `dout * silu(gate)`; may be `dout`.
    ///   - gate: The same shape, float32 or bfloat16, as in the forward pass.
    ///   - up: The same shape and type as `gate`.
    ///   - dout: The same shape.
    package func swigluBackward(
        dgate: Tensor,
        dup: Tensor,
        gate: Tensor,
        up: Tensor,
        dout: Tensor
    ) {
        Self.expect(dgate, dgate.shape, "dgate")
        Self.expect(dup, dgate.shape, "dup")
        Self.expect(gate, dgate.shape, as: .floats, "gate")
        Self.expect(up, dgate.shape, as: ElementTypes(gate.elementType), "up")
        Self.expect(dout, dgate.shape, "dout")
        run {
            table.swiglu_backward(
                $0,
                dgate.mutableFloatPointer,
                dup.mutableFloatPointer,
                gate.array,
                up.array,
                dout.floatPointer,
                dgate.count
            )
        }
        keepAlive(dgate, dup, gate, up, dout)
    }

    /// Adds two tensors.
    /// - Parameters:
    ///   - out: Any shape, overwritten; may be `a` or `b`.
    ///   - a: The same shape.
    ///   - b: The same shape.
    package func residualForward(out: Tensor, a: Tensor, b: Tensor) {
        Self.expect(out, out.shape, "out")
        Self.expect(a, out.shape, "a")
        Self.expect(b, out.shape, "b")
        run {
            table.residual_forward(
                $0,
                out.mutableFloatPointer,
                a.floatPointer,
                b.floatPointer,
                out.count
            )
        }
        keepAlive(out, a, b)
    }

    /// Drops elements at random, and adds the others, scaled up, to a residual stream.
    ///
    /// The backward pass is the same operation on gradients: `dropout` of `dout`, with the same key
    /// and the same index of the first element.
    /// - Parameters:
    ///   - out: Any shape, overwritten; may be `inp` or `residual`.
    ///   - inp: The same shape.
    ///   - residual: The same shape, added; or nil.
    ///   - dropout: How much is dropped, and the key that decides which elements are.
    ///   - first: The index of the first element in the whole tensor, so that dropout does not
    ///     depend on how the tensor is divided.
    package func dropout(
        out: Tensor,
        inp: Tensor,
        residual: Tensor? = nil,
        _ dropout: Dropout,
        first: Int = 0
    ) {
        Self.expect(out, out.shape, "out")
        Self.expect(inp, out.shape, "inp")
        if let residual { Self.expect(residual, out.shape, "residual") }
        precondition(
            dropout.rate >= 0 && dropout.rate < 1 && first >= 0,
            "a dropout of \(dropout.rate) from element \(first) on"
        )
        run {
            table.dropout(
                $0,
                out.mutableFloatPointer,
                inp.floatPointer,
                residual?.floatPointer,
                dropout.rate,
                dropout.key,
                UInt64(first),
                out.count
            )
        }
        keepAlive(out, inp, residual)
    }

    /// Multiplies some columns of every row by a factor; a factor of 0 turns everything into 0, NaN
    /// too.
    /// - Parameters:
    ///   - x: `(N, W)` float32, changed in those columns.
    ///   - factor: What they are multiplied by.
    package func scale(_ x: TensorColumns, by factor: Float) {
        let (N, W) = Self.sizes2(x.tensor, "x")
        let columns = x.columns
        precondition(
            columns.lowerBound >= 0 && columns.upperBound <= W,
            "columns \(columns) of \(x.tensor.shape)"
        )
        guard !columns.isEmpty else { return }
        run { table.scale_columns($0, x.mutablePointer, W, factor, N, columns.count) }
        keepAlive(x.tensor)
    }

    /// Softmax of each row over its first `vocabularySize` columns; the padding becomes zero.
    /// - Parameters:
    ///   - probs: `(N, Vp)`, overwritten; may be `logits`.
    ///   - logits: `(N, Vp)`.
    ///   - V: The vocabulary's size, at most Vp.
    package func softmaxForward(probs: Tensor, logits: Tensor, vocabularySize V: Int) {
        let (N, Vp) = Self.checkLogits(logits, V)
        Self.expect(probs, [N, Vp], "probs")
        run { table.softmax_forward($0, probs.mutableFloatPointer, logits.floatPointer, N, V, Vp) }
        keepAlive(probs, logits)
    }

    /// Cross-entropy of each row in nats.
    /// - Parameters:
    ///   - losses: `(N)`, overwritten.
    ///   - logits: `(N, Vp)`.
    ///   - targets: `(N)` int32, each in `0 ..< V`; checked by the caller.
    ///   - V: The vocabulary's size, at most Vp.
    package func crossEntropyForward(
        losses: Tensor,
        logits: Tensor,
        targets: Tensor,
        vocabularySize V: Int
    ) {
        let (N, Vp) = Self.checkLosses(losses, logits, targets, V)
        run {
            table.crossentropy_forward(
                $0,
                losses.mutableFloatPointer,
                logits.floatPointer,
                targets.tokenPointer,
                N,
                V,
                Vp
            )
        }
        keepAlive(losses, logits, targets)
    }

    /// Cross-entropy of each row, and its gradient in place of the logits.
    /// - Parameters:
    ///   - losses: `(N)`, overwritten.
    ///   - logits: `(N, Vp)`, replaced by `(softmax - onehot) * dloss`, zero in the padding.
    ///   - targets: `(N)` int32, each in `0 ..< V`; checked by the caller.
    ///   - dloss: The gradient of each row's loss, such as `1 / N` for their mean.
    ///   - V: The vocabulary's size, at most Vp.
    package func crossEntropyForwardBackward(
        losses: Tensor,
        logits: Tensor,
        targets: Tensor,
        dloss: Float,
        vocabularySize V: Int
    ) {
        let (N, Vp) = Self.checkLosses(losses, logits, targets, V)
        run {
            table.crossentropy_forward_backward(
                $0,
                losses.mutableFloatPointer,
                logits.mutableFloatPointer,
                targets.tokenPointer,
                dloss,
                N,
                V,
                Vp
            )
        }
        keepAlive(losses, logits, targets)
    }

    /// Stops the program unless rows of logits hold a vocabulary; returns their sizes.
    private static func checkLogits(_ logits: Tensor, _ V: Int) -> (N: Int, Vp: Int) {
        let (N, Vp) = sizes2(logits, "logits")
        precondition(V >= 1 && V <= Vp, "a vocabulary of \(V) in rows of \(Vp)")
        return (N, Vp)
    }

    /// Stops the program unless each row of logits has a target and a loss; returns their sizes.
    private static func checkLosses(
        _ losses: Tensor,
        _ logits: Tensor,
        _ targets: Tensor,
        _ V: Int
    ) -> (N: Int, Vp: Int) {
        let (N, Vp) = checkLogits(logits, V)
        expect(losses, [N], "losses")
        expect(targets, [N], as: .int32, "targets")
        return (N, Vp)
    }
}
