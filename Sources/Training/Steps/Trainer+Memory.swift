// What training takes of memory, known before any of it is asked for.

import LanguageModels
import Tensors

extension Trainer {
    /// The memory of a training run, in bytes.
    public struct Memory: Sendable, Equatable {
        /// Of the weights, their gradients, both moments and, at bfloat16, rounded copies.
        public let parameters: Int
        /// Of the activations of a micro-batch, and of gradients that threads have of their own.
        public let activations: Int

        /// All of it.
        public var total: Int { parameters + activations }
    }

    /// What training a model takes.
    /// - Parameters:
    ///   - configuration: The sizes of the model.
    ///   - batchSize: B: sequences in a micro-batch.
    ///   - sequenceLength: T: tokens in a sequence.
    ///   - recomputation: What the backward pass computes again.
    ///   - precision: The type of the matrices and activations in a pass.
    ///   - threadCount: Of the ``Ops`` that train: threads that go through a small model each with
    ///     its own sequences have gradients of their own.
    /// - Returns: Bytes, in two parts.
    /// - Throws: ``ModelError`` for a batch the model cannot take.
    public static func memory(
        _ configuration: GPT2Configuration,
        batchSize: Int,
        sequenceLength: Int,
        recomputation: Recomputation,
        precision: ElementType = .float32,
        threadCount: Int
    ) throws -> Memory {
        let working =
            precision == .bfloat16 ? GPT2WorkingWeights.byteCount(configuration) : 0
        let parameters = 4 * configuration.parameterLayout.byteCount + working
        // Sizes that no machine has would overflow on the way.
        let values = [batchSize, sequenceLength, configuration.channels, configuration.layerCount]
            .reduce(1.0) { $0 * Double($1) }
        guard values < 0x1p55 else { return Memory(parameters: parameters, activations: .max / 2) }
        return Memory(
            parameters: parameters,
            activations: try GPT2Workspace.byteCount(
                configuration,
                batchSize: batchSize,
                sequenceLength: sequenceLength,
                training: recomputation,
                precision: precision,
                threadCount: threadCount
            )
        )
    }
}
