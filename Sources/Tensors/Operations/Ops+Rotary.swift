// RMS normalization and rotary positions: what a Llama has instead of layer normalization and
// position embeddings.

import CKernels

extension Ops {
    /// Divides each row by the root of its mean square, then scales it (Zhang & Sennrich 2019).
    /// - Parameters:
    ///   - out: `(N, C)`, float32 or bfloat16, overwritten; may be `inp`.
    ///   - rstd: `(N)`, overwritten with the reciprocals of those roots, which the backward pass
    ///     needs; or nil.
    ///   - inp: `(N, C)`.
    ///   - weight: `(C)`.
    ///   - epsilon: What is added to the mean square.
    package func rmsnormForward(
        out: Tensor,
        rstd: Tensor? = nil,
        inp: Tensor,
        weight: Tensor,
        epsilon: Float
    ) {
        let (N, C) = Self.sizes2(inp, "inp")
        Self.expect(out, inp.shape, as: .floats, "out")
        Self.expect(weight, [C], "weight")
        if let rstd { Self.expect(rstd, [N], "rstd") }
        run {
            table.rmsnorm_forward(
                $0,
                out.mutableArray,
                rstd?.mutableFloatPointer,
                inp.floatPointer,
                weight.floatPointer,
                epsilon,
                N,
                C
            )
        }
        keepAlive(out, rstd, inp, weight)
    }

    /// Backpropagates through RMS normalization.
    /// - Parameters:
    ///   - dinp: `(N, C)`, accumulated into.
    ///   - dweight: `(C)`, accumulated into; nil where the weight is frozen.
    ///   - dout: `(N, C)`.
    ///   - inp: `(N, C)`, as in the forward pass.
    ///   - weight: `(C)`.
    ///   - rstd: `(N)`, as the forward pass wrote it.
    package func rmsnormBackward(
        dinp: Tensor,
        dweight: Tensor?,
        dout: Tensor,
        inp: Tensor,
        weight: Tensor,
        rstd: Tensor
    ) {
        let (N, C) = Self.sizes2(inp, "inp")
        Self.expect(dinp, [N, C], "dinp")
        Self.expect(dout, [N, C], "dout")
        Self.expect(weight, [C], "weight")
        Self.expect(rstd, [N], "rstd")
        if let dweight { Self.expect(dweight, [C], "dweight") }
        run(channels: C) {
            table.rmsnorm_backward(
                $0,
                dinp.mutableFloatPointer,
                dweight?.mutableFloatPointer,
                dout.floatPointer,
                inp.floatPointer,
                weight.floatPointer,
                rstd.floatPointer,
                N,
                C
            )
        }
        keepAlive(dinp, dweight, dout, inp, weight, rstd)
    }

    /// The rotations of positions, for ``ropeForward(_:rotations:)``.
    /// - Parameters:
    ///   - rotations: `(N, HS)`, overwritten with the cosine and sine of `position * frequency` for
    ///     each pair; HS is even.
    ///   - positions: `(N)` int32.
    ///   - frequencies: HS / 2 of them: the angle a pair turns from one position to the next, in
    ///     radians.
    package func ropeRotations(_ rotations: Tensor, positions: Tensor, frequencies: [Double]) {
        let (N, HS) = Self.sizes2(rotations, "rotations")
        Self.expect(positions, [N], as: .int32, "positions")
        precondition(
            frequencies.count * 2 == HS,
            "\(frequencies.count) frequencies for pairs in rows of \(HS)"
        )
        run {
            table.rope_rotations(
                $0,
                rotations.mutableFloatPointer,
                positions.tokenPointer,
                frequencies,
                N,
                HS
            )
        }
        keepAlive(rotations, positions)
    }

    /// Turns each pair (2i, 2i + 1) of every head by pair i of its row's rotations.
    ///
    /// These are the rotary positions of Su et al. 2021 ("RoFormer"), with the pairs of llama2.c
    /// and Meta; Hugging Face pairs i with i + HS / 2.
    /// - Parameters:
    ///   - x: N rows of NH * HS columns, float32 or bfloat16, in place.
    ///   - rotations: `(N, HS)`.
    package func ropeForward(_ x: TensorColumns, rotations: Tensor) {
        let (N, width) = Self.sizes2(x.tensor, as: .floats, "x")
        let HS = Self.checkRotations(rotations, of: x, rows: N, width)
        let start = x.mutableArray
        run {
            table.rope_forward(
                $0,
                start,
                width,
                rotations.floatPointer,
                N,
                x.columns.count / HS,
                HS
            )
        }
        keepAlive(x.tensor, rotations)
    }

    /// Turns gradients back: backpropagates through ``ropeForward(_:rotations:)``.
    /// - Parameters:
    ///   - dx: N rows of NH * HS columns, float32, in place: the gradient of the rotated rows
    ///     becomes that of the original ones.
    ///   - rotations: `(N, HS)`, as in the forward pass.
    package func ropeBackward(_ dx: TensorColumns, rotations: Tensor) {
        let (N, width) = Self.sizes2(dx.tensor, "dx")
        let HS = Self.checkRotations(rotations, of: dx, rows: N, width)
        let start = dx.mutablePointer
        run {
            table.rope_backward(
                $0,
                start,
                width,
                rotations.floatPointer,
                N,
                dx.columns.count / HS,
                HS
            )
        }
        keepAlive(dx.tensor, rotations)
    }

    /// Stops the program unless rotations fit the columns of x; returns the size of a head.
    private static func checkRotations(
        _ rotations: Tensor,
        of x: TensorColumns,
        rows N: Int,
        _ width: Int
    ) -> Int {
        let (rows, HS) = sizes2(rotations, "rotations")
        precondition(
            rows == N && HS % 2 == 0 && x.columns.count % HS == 0 && !x.columns.isEmpty
                && x.columns.lowerBound >= 0 && x.columns.upperBound <= width,
            "rotations \(rotations.shape) of columns \(x.columns) of x \(x.tensor.shape)"
        )
        return HS
    }
}
