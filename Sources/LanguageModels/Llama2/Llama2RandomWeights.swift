// Weights of a Llama 2 that nobody has trained: for tests, and to measure speed without a download.

import Tensors

extension MemoryWeights<Llama2Configuration> {
    /// Draws weights.
    ///
    /// Matrices are drawn from a normal distribution of standard deviation 0.02, those that write
    /// into the residual stream scaled by 1 / sqrt(2L), as llama2.c's trainer does; norms are 1.
    /// - Parameters:
    ///   - configuration: The sizes.
    ///   - generator: Where the randomness comes from; moved on.
    /// - Throws: `TensorError` when memory is short.
    public init(
        randomWeights configuration: Llama2Configuration,
        using generator: inout MersenneTwister
    ) throws {
        let deviation: Float = 0.02
        let residual = deviation / Float(2 * configuration.layerCount).squareRoot()
        try self.init(configuration) { weight in
            let tensor = try Tensor(zeros: weight.shape)
            tensor.withUnsafeMutableElements(as: Float.self) { elements in
                if weight.role == .norm {
                    elements.update(repeating: 1)
                } else {
                    var span = elements.mutableSpan
                    let writesResidual = [.wo, .w2].contains(weight.llama2Kind)
                    generator.fillNormal(
                        &span,
                        standardDeviation: writesResidual ? residual : deviation
                    )
                }
            }
            return tensor
        }
    }
}
