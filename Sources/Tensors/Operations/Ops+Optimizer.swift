// The optimizer's arithmetic.

import CKernels

/// What one AdamW update needs besides the tensors.
package struct AdamWStep: Sendable, Equatable {
    /// The learning rate of this step.
    package var learningRate: Float
    /// Decay rate of the first moment.
    package var beta1: Float
    /// Decay rate of the second moment.
    package var beta2: Float
    /// Added to the denominator.
    package var epsilon: Float
    /// Decoupled weight decay; 0 for tensors that do not decay.
    package var weightDecay: Float
    /// Number of this update, from 1: the bias corrections depend on it.
    package var step: Int
    /// Multiplies every gradient, to clip their norm.
    package var gradientScale: Float

    /// Describes an update.
    package init(
        learningRate: Float,
        beta1: Float,
        beta2: Float,
        epsilon: Float,
        weightDecay: Float,
        step: Int,
        gradientScale: Float
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.step = step
        self.gradientScale = gradientScale
    }

    var configuration: ck_adamw_config {
        ck_adamw_config(
            learning_rate: learningRate,
            beta1: beta1,
            beta2: beta2,
            epsilon: epsilon,
            weight_decay: weightDecay,
            bias_correction1: biasCorrection(beta1),
            bias_correction2: biasCorrection(beta2),
            grad_scale: gradientScale
        )
    }

    /// 1 - beta^step, the power by squaring.
    ///
    /// In double throughout: a power near 1, rounded to float, would leave few digits of the
    /// difference.
    private func biasCorrection(_ beta: Float) -> Float {
        var power = 1.0
        var factor = Double(beta)
        var rest = step
        while rest > 0 {
            if rest % 2 == 1 { power *= factor }
            factor *= factor
            rest /= 2
        }
        return Float(1 - power)
    }
}

extension Ops {
    /// One update of AdamW (Loshchilov & Hutter 2019), in a single pass over memory.
    /// - Parameters:
    ///   - params: Any shape, updated.
    ///   - grads: The same shape.
    ///   - m: The same shape, the first moment, updated.
    ///   - v: The same shape, the second moment, updated.
    ///   - working: The same shape in bfloat16, overwritten with the new parameters rounded to
    ///     nearest, ties to even; nil where no rounded copy is kept.
    ///   - step: Rates and corrections.
    package func adamW(
        params: Tensor,
        grads: Tensor,
        m: Tensor,
        v: Tensor,
        working: Tensor? = nil,
        step: AdamWStep
    ) {
        Self.expect(params, params.shape, "params")
        if let working { Self.expect(working, params.shape, as: .bfloat16, "working") }
        for tensor in [grads, m, v] { Self.expect(tensor, params.shape, "grads, m or v") }
        precondition(step.step >= 1, "updates are numbered from 1, got \(step.step)")
        run {
            table.adamw(
                $0,
                params.mutableFloatPointer,
                grads.floatPointer,
                m.mutableFloatPointer,
                v.mutableFloatPointer,
                working?.mutableBFloat16Pointer,
                params.count,
                step.configuration
            )
        }
        keepAlive(params, grads, m, v, working)
    }

    /// The sum of the squares of all elements, with the same bits for any number of threads.
    ///
    /// NaN and infinity propagate.
    package func sumOfSquares(_ tensor: Tensor) -> Double {
        precondition(tensor.elementType == .float32, "the sum of squares of \(tensor.elementType)")
        defer { keepAlive(tensor) }
        return run { table.sum_of_squares($0, tensor.floatPointer, tensor.count) }
    }
}
