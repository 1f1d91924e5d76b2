// The random weights that llama2.c's trainer begins with: to train from, and for tests and
// measurements that need no trained model.

import RandomNumbers
import Tensors

extension Llama2Configuration {
    /// Draws the elements of a weight, or of all layers of its kind, as llama2.c does.
    ///
    /// Matrices are drawn from a normal distribution of standard deviation 0.02, `wo` and `w3` of
    /// that / sqrt(2L): its trainer means the two that write into the residual stream, and scales
    /// the wrong one of the feed-forward network. Norms are 1.
    fileprivate func draw(
        _ elements: inout MutableSpan<Float>,
        of kind: Llama2Weight,
        using generator: inout MersenneTwister
    ) {
        if kind.isNorm { return elements.update(repeating: 1) }
        let deviation: Float = 0.02
        let isSmaller = [.wo, .w3].contains(kind)
        generator.fillNormal(
            &elements,
            standardDeviation: isSmaller
                ? deviation / Float(2 * layerCount).squareRoot() : deviation
        )
    }
}

extension Llama2 {
    /// Fills the parameters as llama2.c does.
    /// - Parameter generator: Where the randomness comes from; moved on.
    func initialize(using generator: inout MersenneTwister) {
        for kind in configuration.weightKinds {
            ops.fill(parameters[kind.rawValue]) {
                configuration.draw(&$0, of: kind, using: &generator)
            }
        }
    }
}

extension MemoryWeights<Llama2Configuration> {
    /// Draws weights as llama2.c does.
    /// - Parameters:
    ///   - configuration: The sizes.
    ///   - generator: Where the randomness comes from; moved on.
    /// - Throws: `TensorError` when memory is short.
    public init(
        randomWeights configuration: Llama2Configuration,
        using generator: inout MersenneTwister
    ) throws {
        try self.init(configuration) { weight in
            let tensor = try Tensor(zeros: weight.shape)
            tensor.withUnsafeMutableElements(as: Float.self) { elements in
                var span = elements.mutableSpan
                configuration.draw(&span, of: weight.llama2Kind, using: &generator)
            }
            return tensor
        }
    }
}
