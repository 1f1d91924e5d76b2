// The optimiser: two moments for each parameter, and the update that uses them.

import LanguageModels
import Tensors

/// AdamW with decoupled weight decay (Loshchilov & Hutter 2019) for the parameters of a GPT-2.
public final class AdamW {
    /// Rates that stay the same over a run.
    public struct Settings: Sendable, Equatable, Codable {
        /// Decay rate of the first moment.
        public var beta1: Float = 0.9
        /// Decay rate of the second moment.
        public var beta2: Float = 0.95
        /// Added to the denominator.
        public var epsilon: Float = 1e-8
        /// Applied to the tensors whose specification says so: the weight matrices.
        public var weightDecay: Float = 0.1
        /// The global norm that larger gradients are scaled down to; 0 is no limit.
        public var gradientClip: Float = 1

        /// The defaults of GPT-2's training.
        public init() {}
    }

    private let ops: Ops
    /// The first moments: running means of the gradients.
    package let m: GPT2Parameters
    /// The second moments: running means of the gradients' squares.
    package let v: GPT2Parameters

    /// Allocates the moments, all zero.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(_ configuration: GPT2Configuration, ops: Ops) throws {
        self.ops = ops
        m = try GPT2Parameters(configuration, ops: ops)
        v = try GPT2Parameters(configuration, ops: ops)
    }

    /// The global norm of all gradients, before clipping.
    public func norm(of gradients: GPT2Parameters) -> Float {
        Float(ops.sumOfSquares(gradients.set.flat).squareRoot())
    }

    /// Updates `parameters` from their gradients.
    /// - Parameters:
    ///   - parameters: Changed in place.
    ///   - working: The rounded copies that the model multiplies with at bfloat16, written anew.
    ///   - gradients: Of the mean loss.
    ///   - norm: Of `gradients`, as ``norm(of:)`` gives it.
    ///   - learningRate: Of this update.
    ///   - step: Number of this update, from 1.
    ///   - settings: The other rates.
    package func update(
        _ parameters: GPT2Parameters,
        working: GPT2WorkingWeights? = nil,
        gradients: GPT2Parameters,
        norm: Float,
        learningRate: Float,
        step: Int,
        settings: Settings
    ) {
        let clips = settings.gradientClip > 0 && norm > settings.gradientClip
        let specifications = parameters.set.layout.specifications
        for (index, specification) in specifications.enumerated() {
            ops.adamW(
                params: parameters.set.tensors[index],
                grads: gradients.set.tensors[index],
                m: m.set.tensors[index],
                v: v.set.tensors[index],
                working: working?.tensor(specification.name),
                step: AdamWStep(
                    learningRate: learningRate,
                    beta1: settings.beta1,
                    beta2: settings.beta2,
                    epsilon: settings.epsilon,
                    weightDecay: specification.decays ? settings.weightDecay : 0,
                    step: step,
                    gradientScale: clips ? settings.gradientClip / norm : 1
                )
            )
        }
    }
}

// Its moments change with every update.
@available(*, unavailable) extension AdamW: Sendable {}
