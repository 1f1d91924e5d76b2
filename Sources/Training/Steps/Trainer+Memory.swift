// What training takes of memory, known before any of it is asked for; and the memory of a trainer's
// passes, which is most of it, and which nothing needs between them.

import LanguageModels
import Tensors

extension Trainer {
    /// The memory of a training run, in bytes.
    public struct Memory: Sendable, Equatable {
        /// Of the weights, or of an adapter in their place, and their gradients and moments.
        public let parameters: ParameterMemory
        /// Of weights that are read and not trained, because an adapter is.
        public let frozenWeights: Int
        /// Of the activations of a micro-batch, and of gradients that threads have of their own.
        public let activations: Int
        /// Of Muon's products; 0 with AdamW, which needs none.
        public let products: Int
        /// Of gradients on their way between processes; 0 for a process alone.
        public let exchange: Int

        /// All of it.
        public var total: Int {
            parameters.total + frozenWeights + activations + products + exchange
        }
    }

    /// The memory of the numbers that a run has for each parameter, in bytes.
    public struct ParameterMemory: Sendable, Equatable {
        /// Of the weights, which are float32 whatever the precision.
        public let weights: Int
        /// Of the matrices rounded for the passes, at bfloat16.
        public let roundedWeights: Int
        /// How many processes share the moments.
        private let momentProcessCount: Int

        /// Of the gradients.
        public var gradients: Int { weights }
        /// Of AdamW's two moments; the second is there, unused, for what Muon updates.
        public var moments: Int { 2 * weights / momentProcessCount }
        /// All of it.
        public var total: Int { weights + gradients + moments + roundedWeights }

        /// Takes the bytes of the weights, and how many processes share their moments.
        public init(weights: Int, roundedWeights: Int = 0, momentProcessCount: Int = 1) {
            self.weights = weights
            self.roundedWeights = roundedWeights
            self.momentProcessCount = momentProcessCount
        }
    }

    /// What training a model takes.
    /// - Parameters:
    ///   - configuration: The sizes of the model.
    ///   - batchSize: B: sequences in a micro-batch.
    ///   - sequenceLength: T: tokens in a sequence.
    ///   - recomputation: What the backward pass computes again.
    ///   - precision: The type of the matrices and activations in a pass.
    ///   - adapter: What is trained in place of the weights.
    ///   - frozenWeights: The bytes of the weights then, which are `AdaptedModel`'s to know. Pages
    ///     of a file count, since every step reads them all: without memory for them, each step
    ///     would wait for the disk.
    ///   - optimizer: What updates the parameters.
    ///   - threadCount: Of the ``Ops`` that train: threads that go through a small model each with
    ///     its own sequences have gradients of their own.
    ///   - processCount: How many processes train together.
    ///   - parallel: What they leave to each other.
    /// - Returns: Bytes, in parts.
    /// - Throws: ``ModelError`` for a batch the model cannot take.
    public static func memory(
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

/// A workspace of one shape that can be given up and taken again.
struct PassMemory {
    private let model: TransformerModel
    private let settings: TrainingSettings
    /// Nil while something else has its place.
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

    /// The workspace, made again where it was given up.
    /// - Throws: ``TensorError`` when memory has become short.
    mutating func take() throws -> TrainingWorkspace {
        let workspace = try self.workspace ?? Self.make(model, settings)
        self.workspace = workspace
        return workspace
    }

    /// Frees the memory until a pass takes it.
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
