// GPT-2s whose predictions differ widely from token to token, for the tests of generation.

import LanguageModels
import RandomNumbers
import Tensors

/// A model with random matrices larger than training starts with: its greedy tokens wander through
/// the vocabulary, where a fresh model would repeat itself.
func livelyModel(
    contextLength: Int,
    channels: Int = 24,
    headCount: Int = 2,
    ops: Ops? = nil
) throws -> GPT2 {
    var generator = MersenneTwister(seed: 11)
    let configuration = try GPT2Configuration(
        contextLength: contextLength,
        vocabularySize: 61,
        layerCount: 2,
        headCount: headCount,
        channels: channels
    )
    let model = try GPT2(
        randomWeights: configuration,
        using: &generator,
        ops: ops ?? Ops(threadCount: 2)
    )
    for name in ["wte", "wpe", "qkvw", "attprojw", "fcw", "fcprojw"] {
        model.parameters[name].withUnsafeMutableElements(as: Float.self) { weights in
            for index in weights.indices { weights[index] *= 10 }
        }
    }
    return model
}

/// The logits of every position by one pass over all tokens, as in training.
func wholePass(_ model: GPT2, _ tokens: [Int32]) throws -> [[Float]] {
    let workspace = try TrainingWorkspace(
        model,
        batchSize: 1,
        sequenceLength: tokens.count,
        training: nil
    )
    return try model.allLogits(inputs: tokens, workspace: workspace)
}

/// The index of the largest logit.
func best(_ logits: some Collection<Float>) -> Int32? {
    zip(0..., logits).max { $0.1 < $1.1 }.map { Int32($0.0) }
}

/// The largest difference between two rows of logits; infinite if one of them is NaN.
func largestDifference(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    guard a.count == b.count, !a.isEmpty else { return .infinity }
    return zip(a, b).reduce(0) { largest, pair in
        // `max` would ignore NaN.
        let difference = abs(pair.0 - pair.1)
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}
