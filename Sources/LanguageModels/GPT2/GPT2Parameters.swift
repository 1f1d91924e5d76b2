// The sixteen tensors of a GPT-2, in the order llm.c keeps them in memory and in files.

import Tensors

extension GPT2Configuration {
    /// The parameters: name, shape and whether weight decay applies.
    ///
    /// A tensor holds all its layers; linear weights are (out, in). The head is tied to `wte`.
    public var parameterLayout: TensorLayout {
        let (L, C) = (layerCount, channels)
        let shapes: [(name: String, shape: [Int])] = [
            ("wte", [paddedVocabularySize, C]),
            ("wpe", [contextLength, C]),
            ("ln1w", [L, C]),
            ("ln1b", [L, C]),
            ("qkvw", [L, 3 * C, C]),
            ("qkvb", [L, 3 * C]),
            ("attprojw", [L, C, C]),
            ("attprojb", [L, C]),
            ("ln2w", [L, C]),
            ("ln2b", [L, C]),
            ("fcw", [L, 4 * C, C]),
            ("fcb", [L, 4 * C]),
            ("fcprojw", [L, C, 4 * C]),
            ("fcprojb", [L, C]),
            ("lnfw", [C]),
            ("lnfb", [C]),
        ]
        return TensorLayout(
            shapes.map { name, shape in
                TensorSpecification(name, shape, decays: GPT2Tensors.matrices.contains(name))
            }
        )
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

    let tensors: GPT2Tensors

    /// Allocates zeros.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(_ configuration: GPT2Configuration, ops: Ops) throws {
        let set = try ops.allocate(configuration.parameterLayout)
        self.set = set
        tensors = GPT2Tensors { set[$0] }
    }
}
