// The random weights that llama2.c's trainer begins with.

import Tensors

extension Llama2 {
    /// Fills the parameters as llama2.c does.
    ///
    /// Matrices are drawn from a normal distribution of standard deviation 0.02, `wo` and `w3` of
    /// that / sqrt(2L): its trainer means the two that write into the residual stream, and scales
    /// the wrong one of the feed-forward network. Norms are 1.
    /// - Parameter generator: Where the randomness comes from; moved on.
    func initialize(using generator: inout MersenneTwister) {
        let deviation: Float = 0.02
        let smaller = deviation / Float(2 * configuration.layerCount).squareRoot()
        for kind in configuration.weightKinds {
            let tensor = parameters[kind.rawValue]
            if kind.isNorm {
                ops.fill(tensor) { $0.update(repeating: 1) }
            } else {
                let deviation = [.wo, .w3].contains(kind) ? smaller : deviation
                ops.fill(tensor) { generator.fillNormal(&$0, standardDeviation: deviation) }
            }
        }
    }
}
