// What training takes of memory, known before any of it is asked for.

import LanguageModels
import Tensors

extension Trainer {
    /// The memory of a training run, in bytes.
    public struct Memory: Sendable, Equatable {
        /// Of the weights, their gradients and moments.
        public let parameters: ParameterMemory
        /// Of the activations of a micro-batch, and of gradients that threads have of their own.
        public let activations: Int

        /// All of it.
        public var total: Int { parameters.total + activations }
    }

    /// The memory of the numbers that a run has for each parameter, in bytes.
    public struct ParameterMemory: Sendable, Equatable {
        /// Of the weights, which are float32 whatever the precision.
        public let weights: Int
        /// Of the matrices rounded for the passes, at bfloat16.
        public let roundedWeights: Int

        /// Of the gradients.
        public var gradients: Int { weights }
        /// Of AdamW's two moments.
        public var moments: Int { 2 * weights }
        /// All of it.
        public var total: Int { weights + gradients + moments + roundedWeights }

        /// Takes the bytes of the weights.
        public init(weights: Int, roundedWeights: Int = 0) {
            self.weights = weights
            self.roundedWeights = roundedWeights
        }
    }

    /// What training a model takes.
    /// - Parameters:
    ///   - configuration: The sizes of the model.
    ///   - batchSize: B: sequences in a micro-batch.
    ///   - sequenceLength: T: tokens in a sequence.
    ///   - recomputation: What the backward pass computes again.
    ///   - precision: The type of the matrices and activations in a pass.
    ///   - adapter: What is trained in place of the weights, which are then not counted: they lie
    ///     in their file, or are copies that are smaller.
    ///   - threadCount: Of the ``Ops`` that train: threads that go through a small model each with
    ///     its own sequences have gradients of their own.
    /// - Returns: Bytes, in two parts.
    /// - Throws: ``ModelError`` for a batch the model cannot take.
    public static func memory(
        _ configuration: any ModelConfiguration,
        batchSize: Int,
        sequenceLength: Int,
        recomputation: Recomputation,
        precision: ElementType = .float32,
        adapter: LowRankShape? = nil,
        threadCount: Int
    ) throws -> Memory {
        let parameters = ParameterMemory(
            weights: (adapter?.parameterLayout ?? configuration.parameterLayout).byteCount,
            roundedWeights: precision == .bfloat16 && adapter == nil
                ? RoundedWeights.byteCount(configuration.parameterLayout) : 0
        )
        // Sizes that no machine has would overflow on the way.
        let values = [batchSize, sequenceLength, configuration.channels, configuration.layerCount]
            .reduce(1.0) { $0 * Double($1) }
        guard values < 0x1p55 else { return Memory(parameters: parameters, activations: .max / 2) }
        return Memory(
            parameters: parameters,
            activations: try TrainingWorkspace.byteCount(
                configuration,
                batchSize: batchSize,
                sequenceLength: sequenceLength,
                training: recomputation,
                precision: precision,
                adapter: adapter,
                threadCount: threadCount
            )
        )
    }
}
