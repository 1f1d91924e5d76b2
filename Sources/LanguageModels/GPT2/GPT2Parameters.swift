// The sixteen tensors of a GPT-2, in the order llm.c keeps them in memory and in files.

import Tensors

extension GPT2Configuration {
    /// The parameters: name, shape and whether weight decay applies.
    ///
    /// A tensor holds all its layers; linear weights are (out, in). The head is tied to `wte`.
    public var parameterLayout: TensorLayout {
        let (L, C) = (layerCount, channels)
        return TensorLayout([
            TensorSpecification("wte", [paddedVocabularySize, C], decays: true),
            TensorSpecification("wpe", [contextLength, C], decays: true),
            TensorSpecification("ln1w", [L, C]),
            TensorSpecification("ln1b", [L, C]),
            TensorSpecification("qkvw", [L, 3 * C, C], decays: true),
            TensorSpecification("qkvb", [L, 3 * C]),
            TensorSpecification("attprojw", [L, C, C], decays: true),
            TensorSpecification("attprojb", [L, C]),
            TensorSpecification("ln2w", [L, C]),
            TensorSpecification("ln2b", [L, C]),
            TensorSpecification("fcw", [L, 4 * C, C], decays: true),
            TensorSpecification("fcb", [L, 4 * C]),
            TensorSpecification("fcprojw", [L, C, 4 * C], decays: true),
            TensorSpecification("fcprojb", [L, C]),
            TensorSpecification("lnfw", [C]),
            TensorSpecification("lnfb", [C]),
        ])
    }

    /// Parameters without the padding of the vocabulary, as models are usually counted.
    public var unpaddedParameterCount: Int {
        parameterLayout.elementCount - (paddedVocabularySize - vocabularySize) * channels
    }
}

/// Memory for one number a parameter: the weights, their gradients, or a moment of the optimiser.
public struct GPT2Parameters {
    /// All tensors, in file order.
    public let set: TensorSet

    let tensors: GPT2Weights

    /// Allocates zeros.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(_ configuration: GPT2Configuration, ops: Ops) throws {
        let set = try ops.allocate(configuration.parameterLayout)
        self.set = set
        tensors = GPT2Weights { set[$0] }
    }
}
