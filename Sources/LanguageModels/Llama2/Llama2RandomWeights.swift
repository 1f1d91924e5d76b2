// Weights of a Llama 2 that nobody has trained: for tests, and to measure speed without a download.

import TensorFiles
import Tensors

extension Llama2Checkpoint {
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
        var tensors: [Llama2Weight: [Tensor]] = [:]
        for weight in configuration.weights {
            let count = configuration.layers(of: weight).count
            tensors[weight] = try (0..<count).map { _ in
                let tensor = try Tensor(zeros: weight.shape(in: configuration))
                tensor.withUnsafeMutableElements(as: Float.self) { elements in
                    if weight.isNorm {
                        elements.update(repeating: 1)
                    } else {
                        var span = elements.mutableSpan
                        let writesResidual = weight == .wo || weight == .w2
                        generator.fillNormal(
                            &span,
                            standardDeviation: writesResidual ? residual : deviation
                        )
                    }
                }
                return tensor
            }
        }
        self.init(
            Llama2RandomWeights(configuration: configuration, values: tensors),
            format: .memory
        )
    }
}

/// Weights in memory.
private struct Llama2RandomWeights: Llama2WeightSource {
    let configuration: Llama2Configuration
    let values: [Llama2Weight: [Tensor]]
    var tensors: [StoredTensor] { [] }

    func tensor(_ weight: Llama2Weight, layer: Int) throws -> Tensor {
        guard let tensor = values[weight]?[layer] else {
            preconditionFailure("no weight \(weight.rawValue) of layer \(layer)")
        }
        return tensor
    }
}
