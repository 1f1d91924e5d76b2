// RMS normalisation and rotary positions, for inference.

import CKernels

extension Ops {
    /// Divides each row by the root of its mean square, then scales it (Zhang & Sennrich 2019).
    /// - Parameters:
    ///   - out: `(N, C)`, overwritten; may be `inp`.
    ///   - inp: `(N, C)`.
    ///   - weight: `(C)`.
    ///   - epsilon: What is added to the mean square.
    public func rmsnormForward(out: Tensor, inp: Tensor, weight: Tensor, epsilon: Float) {
        let (N, C) = Self.sizes2(inp, "inp")
        Self.expect(out, inp.shape, "out")
        Self.expect(weight, [C], "weight")
        run {
            table.rmsnorm_forward(
                $0,
                out.mutableFloatPointer,
                inp.floatPointer,
                weight.floatPointer,
                epsilon,
                N,
                C
            )
        }
        keepAlive(out, inp, weight)
    }

    /// The rotations of positions, for ``ropeForward(_:rotations:)``.
    /// - Parameters:
    ///   - rotations: `(N, HS)`, overwritten with the cosine and sine of `position * frequency` for
    ///     each pair; HS is even.
    ///   - positions: `(N)` int32.
    ///   - frequencies: HS / 2 of them: how far a pair turns from a position to the next, in
    ///     radians.
    public func ropeRotations(_ rotations: Tensor, positions: Tensor, frequencies: [Double]) {
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
    /// These are the rotary positions of Su et al. 2021 ("RoFormer"), with pairs as llama2.c and
    /// Meta have them; Hugging Face pairs i with i + HS / 2.
    /// - Parameters:
    ///   - x: `(N, NH * HS)`, in place.
    ///   - rotations: `(N, HS)`.
    public func ropeForward(_ x: Tensor, rotations: Tensor) {
        let (N, width) = Self.sizes2(x, "x")
        let (rows, HS) = Self.sizes2(rotations, "rotations")
        precondition(
            rows == N && HS % 2 == 0 && width % HS == 0,
            "rotations \(rotations.shape) of x \(x.shape)"
        )
        run {
            table.rope_forward($0, x.mutableFloatPointer, rotations.floatPointer, N, width / HS, HS)
        }
        keepAlive(x, rotations)
    }
}
