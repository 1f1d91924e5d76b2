// Weights that are in no file: made here, or put together from others.

import TensorFiles
import Tensors

/// The weights of a model in memory.
public struct MemoryWeights<Configuration: ModelConfiguration>: ModelWeights {
    public let configuration: Configuration
    private let values: [ModelWeight: Tensor]

    /// Makes all weights of a model.
    /// - Parameters:
    ///   - configuration: The model's sizes.
    ///   - make: Gives a weight, in its shape; called for each, in order.
    /// - Throws: What `make` throws.
    public init(
        _ configuration: Configuration,
        _ make: (ModelWeight) throws -> Tensor
    ) rethrows {
        self.configuration = configuration
        var values: [ModelWeight: Tensor] = [:]
        for weight in configuration.weights {
            let tensor = try make(weight)
            precondition(
                tensor.shape == weight.shape,
                "a tensor \(tensor.shape) as \(weight), which is \(weight.shape)"
            )
            values[weight] = tensor
        }
        self.values = values
    }

    public var format: ModelFormat { .memory }

    /// None: there are no files.
    public var tensors: [StoredTensor] { [] }

    public func tensor(_ weight: ModelWeight) -> Tensor {
        guard let tensor = values[weight] else { preconditionFailure("no weight \(weight)") }
        return tensor
    }
}
