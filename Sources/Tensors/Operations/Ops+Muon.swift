// Muon's arithmetic for one matrix, nearly all of it matrix products. It consists of existing
// operations, and of loops that pass over the matrix once before the products and once after.

/// What one update of Muon needs besides the matrix.
package struct MuonStep: Sendable, Equatable {
    /// The learning rate of this step, as for AdamW.
    package var learningRate: Float
    /// Decay rate of the running mean of the gradients.
    package var momentum: Float
    /// Decoupled weight decay.
    package var weightDecay: Float
    /// Multiplies every gradient, to clip their norm.
    package var gradientScale: Float

    /// Describes an update.
    package init(
        learningRate: Float,
        momentum: Float,
        weightDecay: Float,
        gradientScale: Float
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.gradientScale = gradientScale
    }
}

/// The working memory of Muon's updates, used by one object at a time.
package struct MuonWorkspace {
    fileprivate let matrices: [Tensor]
    fileprivate let squares: [Tensor]

    /// The memory needed for matrices of up to these sizes.
    /// - Parameters:
    ///   - largestCount: Elements of the largest matrix.
    ///   - largestSide: The largest of the matrices' shorter sides.
    /// - Returns: Bytes.
    package static func byteCount(largestCount: Int, largestSide: Int) -> Int {
        2 * (largestCount + largestSide * largestSide) * ElementType.float32.byteWidth
    }

    /// Allocates the memory for matrices of up to these sizes.
    /// - Parameters:
    ///   - largestCount: Elements of the largest matrix.
    ///   - largestSide: The largest of the matrices' shorter sides.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package init(largestCount: Int, largestSide: Int) throws {
        matrices = try (0..<2).map { _ in try Tensor(zeros: [largestCount]) }
        squares = try (0..<2).map { _ in try Tensor(zeros: [largestSide * largestSide]) }
    }
}

extension Ops {
    /// One update of Muon, with Nesterov's momentum (Jordan and others 2024).
    ///
    /// The update is the momentum made nearly orthogonal, scaled to the usual length of an AdamW
    /// update: a root mean square of 0.2 per element (Liu and others 2025). So one learning rate
    /// serves both.
    /// - Parameters:
    ///   - params: `(R, C)`, updated.
    ///   - grads: `(R, C)`.
    ///   - m: `(R, C)`, the running mean of the gradients, updated.
    ///   - working: `(R, C)` in bfloat16, overwritten with the new parameters rounded; or nil.
    ///   - workspace: Large enough for the matrix.
    ///   - step: The rates.
    package func muon(
        params: Tensor,
        grads: Tensor,
        m: Tensor,
        working: Tensor? = nil,
        workspace: MuonWorkspace,
        step: MuonStep
    ) {
        let (R, C) = Self.sizes2(params, "params")
        for tensor in [grads, m] { Self.expect(tensor, [R, C], "grads or m") }
        if let working { Self.expect(working, [R, C], as: .bfloat16, "working") }
        let update = workspace.matrices[0][0..<R * C].reshaped([R, C])
        let (momentum, scale) = (step.momentum, step.gradientScale)
        update.withUnsafeMutableElements(as: Float.self) { update in
            m.withUnsafeMutableElements(as: Float.self) { m in
                grads.withUnsafeElements(as: Float.self) { grads in
                    for i in 0..<R * C {
                        let gradient = grads[i] * scale
                        m[i] += (gradient - m[i]) * (1 - momentum)
                        update[i] = gradient + (m[i] - gradient) * momentum
                    }
                }
            }
        }
        let direction = orthogonalized(update, workspace)
        let rate = step.learningRate * 0.2 * Float(max(R, C)).squareRoot()
        let kept = 1 - step.learningRate * step.weightDecay
        params.withUnsafeMutableElements(as: Float.self) { params in
            direction.withUnsafeElements(as: Float.self) { direction in
                for i in 0..<R * C { params[i] = params[i] * kept - rate * direction[i] }
            }
        }
        if let working { store(params, in: working) }
    }

    /// Makes the singular values of a matrix nearly 1, between about 0.7 and 1.2, by five steps of
    /// Newton and Schulz's iteration with Jordan's coefficients, which lift small values fast.
    /// - Parameters:
    ///   - matrix: `(R, C)`, the workspace's first matrix; overwritten.
    ///   - workspace: Holds the products.
    /// - Returns: `(R, C)`, one of the workspace's two matrices.
    private func orthogonalized(_ matrix: Tensor, _ workspace: MuonWorkspace) -> Tensor {
        let (R, C) = Self.sizes2(matrix, "matrix")
        let side = min(R, C)
        // The norm is at least the largest singular value, which must not exceed 1; it is 0 only if
        // all gradients were.
        let norm = max(Float(sumOfSquares(matrix).squareRoot()), 1e-7)
        scale(TensorColumns(matrix), by: 1 / norm)
        var (x, next) = (matrix, workspace.matrices[1][0..<R * C].reshaped([R, C]))
        let square = workspace.squares[0][0..<side * side].reshaped([side, side])
        let polynomial = workspace.squares[1][0..<side * side].reshaped([side, side])
        for _ in 0..<5 {
            // On the shorter side: x x^T of a wide matrix, x^T x of a tall one, both symmetric.
            if R > C {
                matmulBackwardWeight(dweight: square, dout: x, inp: x, accumulate: false)
            } else {
                matmulForward(out: square, inp: x, weight: x)
            }
            matmulForward(out: polynomial, inp: square, weight: square)
            polynomial.withUnsafeMutableElements(as: Float.self) { polynomial in
                square.withUnsafeElements(as: Float.self) { square in
                    for i in 0..<side * side {
                        polynomial[i] = 2.0315 * polynomial[i] - 4.7750 * square[i]
                    }
                    for i in 0..<side { polynomial[i * side + i] += 3.4445 }
                }
            }
            if R > C {
                matmulForward(out: next, inp: x, weight: polynomial)
            } else {
                matmulBackwardInput(dinp: next, dout: polynomial, weight: x)
            }
            (x, next) = (next, x)
        }
        return x
    }
}
