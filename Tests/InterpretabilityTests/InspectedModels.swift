// Small models of both families, with random weights, for questions about their passes.

import Inference
import LanguageModels
import RandomNumbers
import Tensors

/// What a test inspects.
enum InspectedModel: String, CaseIterable, Sendable {
    /// L3 NH3 HS5, an odd head size.
    case gpt2
    /// L3 NH6 HS6, with three query heads per head of keys.
    case llama

    static let vocabularySize = 29
    /// More than a pass computes at once.
    static let contextLength = 300

    /// The model, after `changing` was applied to its weights.
    ///
    /// They are larger than those of a new one, so that no part is close to linear.
    func make(
        precision: ElementType? = .float32,
        cachePrecision: ElementType = .float32,
        contextLength: Int = Self.contextLength,
        threadCount: Int = 1,
        changing change: (ModelWeight, inout [Float]) -> Void = { _, _ in }
    ) throws -> any InspectableModel {
        let ops = try Ops(threadCount: threadCount)
        switch self {
        case .gpt2:
            return try GPT2Decoder(
                Self.random(
                    GPT2Configuration(
                        contextLength: contextLength,
                        vocabularySize: Self.vocabularySize,
                        layerCount: 3,
                        headCount: 3,
                        channels: 15
                    ),
                    change
                ),
                precision: precision,
                cachePrecision: cachePrecision,
                ops: ops
            )
        case .llama:
            return try Llama2Decoder(
                Self.random(
                    Llama2Configuration(
                        contextLength: contextLength,
                        vocabularySize: Self.vocabularySize,
                        layerCount: 3,
                        headCount: 6,
                        keyValueHeadCount: 2,
                        channels: 36,
                        hiddenChannels: 44,
                        hasSeparateClassifier: true
                    ),
                    change
                ),
                precision: precision,
                cachePrecision: cachePrecision,
                ops: ops
            )
        }
    }

    private static func random<Configuration: ModelConfiguration>(
        _ configuration: Configuration,
        _ change: (ModelWeight, inout [Float]) -> Void
    ) throws -> MemoryWeights<Configuration> {
        var generator = MersenneTwister(seed: 3)
        return try MemoryWeights(configuration) { weight in
            var elements = [Float](repeating: 0, count: weight.count)
            for i in elements.indices {
                elements[i] = generator.nextFloat() - (weight.role == .norm ? 0 : 0.5)
            }
            change(weight, &elements)
            return try Tensor(elements, shape: weight.shape)
        }
    }
}

/// Random tokens of these models' vocabulary.
func randomTokens(_ count: Int, seed: UInt64 = 9) -> [Int32] {
    var generator = MersenneTwister(seed: seed)
    return (0..<count).map { _ in
        Int32(generator.next32() % UInt32(InspectedModel.vocabularySize))
    }
}
