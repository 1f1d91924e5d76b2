// The model: sizes, weights and what computes with them. Reading and writing files, the forward and
// the backward pass are in the extensions beside this file.

import TensorFiles
import Tensors

/// A GPT-2 language model.
///
/// The architecture is that of Radford et al. 2019: layer normalisation before each sublayer,
/// learned positions, the tanh form of GELU, and a head tied to the embedding.
///
/// The model holds weights only. A pass through it needs working memory, which the caller makes
/// once for a batch shape: ``GPT2Workspace``.
public final class GPT2 {
    /// The model's sizes; its activation is ``GPT2Configuration/Activation/tanh``, whatever that of
    /// the model was that it began with.
    public let configuration: GPT2Configuration
    /// The weights in float32, which training changes in place.
    public let parameters: GPT2Parameters
    /// The rounded copies that the passes read at bfloat16; nil at float32.
    package private(set) var workingWeights: GPT2WorkingWeights?
    /// What the passes read.
    private(set) var weights: GPT2Tensors
    /// What runs the arithmetic, and allocates.
    public let ops: Ops

    /// A model with all weights zero, to be filled from a file.
    init(zeros configuration: GPT2Configuration, ops: Ops) throws {
        try ops.reserve(channels: configuration.channels)
        self.configuration = configuration.trainable
        self.ops = ops
        parameters = try GPT2Parameters(configuration, ops: ops)
        weights = parameters.tensors
    }

    /// A model with the random weights GPT-2's training started from.
    /// - Parameters:
    ///   - configuration: The sizes.
    ///   - generator: Where the randomness comes from; moved on.
    ///   - ops: What runs the arithmetic.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public convenience init(
        randomWeights configuration: GPT2Configuration,
        using generator: inout MersenneTwister,
        ops: Ops
    ) throws {
        try self.init(zeros: configuration, ops: ops)
        parameters.initialize(configuration, using: &generator, ops: ops)
    }

    /// The type of the matrices and activations in a pass: float32 or bfloat16.
    ///
    /// A ``GPT2Workspace`` is made for one of them.
    public var precision: ElementType { workingWeights == nil ? .float32 : .bfloat16 }

    /// Chooses the type that the passes compute in.
    ///
    /// The weights themselves remain float32.
    /// - Parameter precision: float32 or bfloat16.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public func setPrecision(_ precision: ElementType) throws {
        precondition(ElementType.floatTypes.contains(precision), "a GPT-2 at \(precision)")
        guard precision == .bfloat16 else {
            workingWeights = nil
            weights = parameters.tensors
            return
        }
        let working = try workingWeights ?? GPT2WorkingWeights(configuration, ops: ops)
        workingWeights = working
        weights = GPT2Tensors { working.tensor($0) ?? parameters.set[$0] }
        parametersDidChange()
    }

    /// Rounds the weights again where the passes read rounded ones.
    ///
    /// It is to be called after the weights were changed by other means than the optimiser's, or
    /// by reading a file.
    public func parametersDidChange() {
        workingWeights?.round(parameters, ops: ops)
    }

    /// Checks that every token is in the vocabulary.
    /// - Throws: ``ModelError/tokenOutsideVocabulary(token:index:vocabularySize:)``.
    func checkTokens(_ tokens: some Collection<Int32>) throws {
        try ModelError.checkTokens(tokens, vocabularySize: configuration.vocabularySize)
    }
}

extension GPT2: ModelWeights {
    public var format: ModelFormat { .memory }

    /// None: there are no files.
    public var tensors: [StoredTensor] { [] }

    /// A weight in float32, as it is now and in the model's own memory.
    public func tensor(_ weight: ModelWeight) -> Tensor { parameters.part(weight) }
}

// Its weights change during training without synchronisation.
@available(*, unavailable) extension GPT2: Sendable {}
