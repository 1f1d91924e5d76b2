// What training takes of memory, known before any of it is asked for; and the memory of a trainer's
// passes, which is most of it, and which nothing needs between them.

import LanguageModels
import Tensors

extension Trainer {
    /// The memory of a training run, in bytes.
    package struct Memory: Sendable, Equatable {
        /// The weights, or an adapter in their place, with their gradients and moments.
        package let parameters: ParameterMemory
        /// Weights that are read but not trained, because an adapter is.
        package let frozenWeights: Int
        /// The activations of a micro-batch, and gradients that threads have of their own.
        package let activations: Int
        /// Muon's products; 0 with AdamW, which needs none.
        package let products: Int
        /// Gradients in flight between processes; 0 for a single process.
        package let exchange: Int

        /// All of it.
        package var total: Int {
            parameters.total + frozenWeights + activations + products + exchange
        }
    }

    /// The memory of what a run keeps for each parameter, in bytes.
    package struct ParameterMemory: Sendable, Equatable {
        /// The weights, which are float32 whatever the precision.
        package let weights: Int
        /// The matrices rounded for the passes, with bfloat16.
        package let roundedWeights: Int
        /// How many processes share the moments.
        private let momentProcessCount: Int

        /// The gradients.
        package var gradients: Int { weights }
        /// AdamW's two moments; what Muon updates has the second too, unused.
        package var moments: Int { 2 * weights / momentProcessCount }
        /// All of it.
        package var total: Int { weights + gradients + moments + roundedWeights }

        /// Takes the bytes of the weights, and how many processes share their moments.
        package init(weights: Int, roundedWeights: Int = 0, momentProcessCount: Int = 1) {
            self.weights = weights
            self.roundedWeights = roundedWeights
            self.momentProcessCount = momentProcessCount
        }
    }

    /// The memory that training a model takes.
    /// - Parameters:
    ///   - configuration: The sizes of the model.
    ///   - batchSize: B: sequences per micro-batch.
    ///   - sequenceLength: T: tokens per sequence.
    ///   - recomputation: What the backward pass recomputes.
    ///   - precision: The type of the matrices and activations in a pass.
    ///   - adapter: What is trained in place of the weights.
    ///   - frozenWeights: The bytes of the weights then, which `AdaptedModel` knows. Pages of a
    ///     file count, since every step reads them all: without memory for them, each step would
    ///     wait for the disk.
    ///   - optimizer: What updates the parameters.
    ///   - threadCount: That of the ``Ops`` that train: threads that each go through a small model
    ///     with their own sequences have their own gradients.
    ///   - processCount: How many processes train together.
    ///   - parallel: How they divide the work.
    /// - Returns: Bytes, in parts.
    /// - Throws: ``ModelError`` for a batch the model cannot take.
    package static func memory(
        _ configuration: any ModelConfiguration,
        batchSize: Int,
        sequenceLength: Int,
        recomputation: Recomputation,
        precision: ElementType = .float32,
        adapter: LowRankShape? = nil,
        frozenWeights: Int = 0,
        optimizer: OptimizerKind = .adamw,
        threadCount: Int,
        processCount: Int = 1,
        parallel: DataParallel = DataParallel()
    ) throws -> Memory {
        let layout = adapter?.parameterLayout ?? configuration.parameterLayout
        let parameters = ParameterMemory(
            weights: layout.byteCount,
            roundedWeights: precision == .bfloat16 && adapter == nil
                ? RoundedWeights.byteCount(configuration.parameterLayout) : 0,
            momentProcessCount: parallel.shardsOptimizer ? processCount : 1
        )
        let exchange =
            processCount > 1 ? GradientExchange.byteCount(layout.elementCount, parallel) : 0
        // Sizes that no machine has would overflow on the way.
        let values = [
            batchSize, sequenceLength, configuration.widestActivation, configuration.layerCount,
        ].reduce(1.0) { $0 * Double($1) }
        guard values < 0x1p55 else {
            return Memory(
                parameters: parameters,
                frozenWeights: frozenWeights,
                activations: .max / 2,
                products: 0,
                exchange: exchange
            )
        }
        return Memory(
            parameters: parameters,
            frozenWeights: frozenWeights,
            activations: try TrainingWorkspace.byteCount(
                configuration,
                batchSize: batchSize,
                sequenceLength: sequenceLength,
                training: recomputation,
                precision: precision,
                adapter: adapter,
                threadCount: threadCount
            ),
            products: optimizer == .muon
                ? Muon.byteCount(configuration, threadCount: threadCount) : 0,
            exchange: exchange
        )
    }
}

/// A workspace of one shape that can be released and allocated again.
struct PassMemory {
    private let model: TransformerModel
    private let settings: TrainingSettings
    /// Nil while something else uses its memory.
    private var workspace: TrainingWorkspace?
    /// Bytes that it takes.
    let byteCount: Int

    /// Takes the memory.
    /// - Throws: ``ModelError`` for a batch the model cannot take, or ``TensorError``.
    init(_ model: TransformerModel, _ settings: TrainingSettings) throws {
        self.model = model
        self.settings = settings
        let workspace = try Self.make(model, settings)
        self.workspace = workspace
        byteCount = workspace.byteCount
    }

    /// The workspace, allocated again if it was released.
    /// - Throws: ``TensorError`` when memory has run short.
    mutating func take() throws -> TrainingWorkspace {
        let workspace = try self.workspace ?? Self.make(model, settings)
        self.workspace = workspace
        return workspace
    }

    /// Frees the memory until a pass needs it.
    mutating func giveUp() { workspace = nil }

    private static func make(
        _ model: TransformerModel,
        _ settings: TrainingSettings
    ) throws -> TrainingWorkspace {
        try TrainingWorkspace(
            model,
            batchSize: settings.batchSize,
            sequenceLength: settings.sequenceLength,
            training: settings.recomputation
        )
    }
}
