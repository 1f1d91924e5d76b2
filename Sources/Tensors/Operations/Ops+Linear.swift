// Linear layers over weights of any type, for inference, and rows looked up in such weights.

import CKernels

/// One of the layers that ``Ops/linear(_:inp:)`` applies to the same input.
package struct LinearLayer {
    /// `(N, OC)`, overwritten.
    package var out: Tensor
    /// `(OC, C)`, in any of ``ElementType/weightTypes``.
    package var weight: Tensor
    /// `(OC)`, or nil.
    package var bias: Tensor?
    /// `(N, OC)`, or nil; not `out`.
    package var residual: Tensor?
    /// Whether `out` is the GELU of the sum.
    package var gelu: Bool

    /// Describes a layer.
    package init(
        out: Tensor,
        weight: Tensor,
        bias: Tensor? = nil,
        residual: Tensor? = nil,
        gelu: Bool = false
    ) {
        self.out = out
        self.weight = weight
        self.bias = bias
        self.residual = residual
        self.gelu = gelu
    }
}

extension Ops {
    /// The most rows of input for which weights are used in place; with more, they are unpacked for
    /// a matrix product.
    package static var fewRows: Int { ck_linear_few_rows() }

    /// Applies a linear layer to `inp` and, in the same pass, what follows it.
    ///
    /// Sums are float32. With up to ``fewRows`` rows, the input is rounded to 16 bits where weights
    /// are integers. With more rows, the input and the weights are rounded to bfloat16 where
    /// ``MatrixProducts/roundsToBFloat16`` says so, unless the weights are float32. See
    /// docs/numerics.md. The result has the same bits for any number of threads.
    /// - Parameters:
    ///   - out: `(N, OC)`, overwritten with `inp * weight^T + bias + residual`.
    ///   - inp: `(N, C)`; not `out`.
    ///   - weight: `(OC, C)`, in any of ``ElementType/weightTypes``.
    ///   - bias: `(OC)`, or nil.
    ///   - residual: `(N, OC)`, or nil; not `out`.
    ///   - gelu: Whether `out` is the GELU of that sum.
    package func linear(
        out: Tensor,
        inp: Tensor,
        weight: Tensor,
        bias: Tensor? = nil,
        residual: Tensor? = nil,
        gelu: Bool = false
    ) {
        let (N, C) = Self.check(out, inp, weight, bias, residual)
        withUnsafePointer(to: weight.matrix) { weight in
            let argument = ck_linear(out, weight, bias, residual, gelu)
            withUnsafePointer(to: argument) { argument in
                run { table.linear_forward($0, argument, 1, inp.floatPointer, N, C) }
            }
        }
        withExtendedLifetime(weight) {}
        keepAlive(out, inp, bias, residual)
    }

    /// Applies several linear layers to the same input, such as those for q, k and v.
    ///
    /// One team of threads does them all, which pays off where each of them is small.
    /// - Parameters:
    ///   - layers: The layers, of C columns each, with different outputs.
    ///   - inp: `(N, C)`; not one of the outputs.
    package func linear(_ layers: [LinearLayer], inp: Tensor) {
        let (N, C) = Self.sizes2(inp, "inp")
        let count = layers.count
        withUnsafeTemporaryAllocation(of: ck_matrix.self, capacity: count) { weights in
            withUnsafeTemporaryAllocation(of: ck_linear.self, capacity: count) { arguments in
                guard let firstWeight = weights.baseAddress else { return }
                // By index: copying a layer would count its references up and down.
                for i in layers.indices {
                    Self.check(
                        layers[i].out,
                        inp,
                        layers[i].weight,
                        layers[i].bias,
                        layers[i].residual
                    )
                    weights.initializeElement(at: i, to: layers[i].weight.matrix)
                    let argument = ck_linear(
                        layers[i].out,
                        firstWeight + i,
                        layers[i].bias,
                        layers[i].residual,
                        layers[i].gelu
                    )
                    arguments.initializeElement(at: i, to: argument)
                }
                run {
                    table.linear_forward($0, arguments.baseAddress, count, inp.floatPointer, N, C)
                }
            }
        }
        withExtendedLifetime((layers, inp)) {}
    }

    /// Stops the program unless the shapes of a layer fit the input's, which are returned.
    @discardableResult
    private static func check(
        _ out: Tensor,
        _ inp: Tensor,
        _ weight: Tensor,
        _ bias: Tensor?,
        _ residual: Tensor?
    ) -> (N: Int, C: Int) {
        let (N, C) = sizes2(inp, "inp")
        let (OC, weightColumns) = sizes2(weight, as: .weights, "weight")
        precondition(weightColumns == C, "weight \(weight.shape) for inp \(inp.shape)")
        expect(out, [N, OC], "out")
        precondition(out.floatPointer != inp.floatPointer, "a linear layer in place")
        if let bias { expect(bias, [OC], "bias") }
        if let residual {
            expect(residual, [N, OC], "residual")
            precondition(
                residual.floatPointer != out.floatPointer,
                "the residual of a linear layer is its output"
            )
        }
        return (N, C)
    }

    /// Looks up rows of a tensor, such as the embeddings of tokens, as floats.
    /// - Parameters:
    ///   - out: `(N, C)`, overwritten.
    ///   - weight: Rows of C columns, in any of ``ElementType/weightTypes``.
    ///   - rows: `(N)` int32, each a row of `weight`.
    package func lookUp(out: Tensor, weight: Tensor, rows: Tensor) {
        let (N, C) = Self.sizes2(out, "out")
        Self.expect(rows, [N], as: .int32, "rows")
        precondition(weight.columns == C, "rows of weight \(weight.shape) for \(out.shape)")
        rows.withUnsafeElements(as: Int32.self) { indices in
            precondition(
                indices.allSatisfy { $0 >= 0 && $0 < weight.rows },
                "a row outside 0 ..< \(weight.rows)"
            )
        }
        var argument = weight.matrix
        run { table.dequantize_rows($0, out.mutableFloatPointer, &argument, rows.tokenPointer, N) }
        withExtendedLifetime((out, weight, rows)) {}
    }
}

extension ck_linear {
    /// Only for calls that keep everything alive until they return.
    fileprivate init(
        _ out: Tensor,
        _ weight: UnsafePointer<ck_matrix>,
        _ bias: Tensor?,
        _ residual: Tensor?,
        _ gelu: Bool
    ) {
        self.init(
            out: out.mutableFloatPointer,
            weight: weight,
            bias: bias?.floatPointer,
            residual: residual?.floatPointer,
            gelu: gelu
        )
    }
}
