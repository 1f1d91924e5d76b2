// The random weights a GPT-2 starts its life with (Radford et al. 2019).

import RandomNumbers
import Tensors

extension GPT2 {
    /// Fills the parameters as GPT-2 was initialized.
    ///
    /// Weights are drawn from a normal distribution of standard deviation 0.02, those that write
    /// into the residual stream scaled by 1 / sqrt(2L); biases are 0 and layernorm weights 1. The
    /// rows that pad the vocabulary stay 0.
    /// - Parameter generator: Where the randomness comes from; moved on.
    func initialize(using generator: inout MersenneTwister) {
        func tensor(_ kind: GPT2Weight) -> Tensor { parameters[kind.rawValue] }
        let deviation: Float = 0.02
        let residual = deviation / Float(2 * configuration.layerCount).squareRoot()
        let vocabulary = tensor(.wte)[0..<configuration.vocabularySize]
        let weights = [
            (vocabulary, deviation), (tensor(.wpe), deviation), (tensor(.qkvw), deviation),
            (tensor(.attprojw), residual),
            (tensor(.fcw), deviation), (tensor(.fcprojw), residual),
        ]
        for (weight, standardDeviation) in weights {
            ops.fill(weight) {
                generator.fillNormal(&$0, standardDeviation: standardDeviation)
            }
        }
        for weight in [tensor(.ln1w), tensor(.ln2w), tensor(.lnfw)] {
            ops.fill(weight) { $0.update(repeating: 1) }
        }
    }
}
