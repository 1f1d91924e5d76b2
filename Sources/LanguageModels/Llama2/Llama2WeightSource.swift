// What all files of Llama 2 have in common once they are open: sizes, and weights by name and
// layer, in the order of rows and columns that llama2.c and Meta use.

import TensorFiles
import Tensors

/// Where the weights of a Llama 2 come from.
protocol Llama2WeightSource {
    /// The model's sizes.
    var configuration: Llama2Configuration { get }

    /// A weight as it is stored, or as float32 where its type is none of ours.
    ///
    /// Rows of ``Llama2Weight/wq`` and ``Llama2Weight/wk`` are in the order in which rotary
    /// positions turn neighbours.
    /// - Throws: `TensorFileError` when the file holds something else, or `TensorError` when memory
    ///   is short.
    /// - Precondition: the model has the weight, and the layer.
    func tensor(_ weight: Llama2Weight, layer: Int) throws -> Tensor

    /// What the files hold, under the names they have there.
    var tensors: [StoredTensor] { get }
}

extension Llama2Configuration {
    /// The kinds of weight that such a model has.
    var weights: [Llama2Weight] {
        Llama2Weight.allCases.filter { $0 != .classifier || hasSeparateClassifier }
    }

    /// The layers that have a weight of this kind; one without layers counts as layer 0.
    func layers(of weight: Llama2Weight) -> Range<Int> {
        0..<(weight.isLayered ? layerCount : 1)
    }

    /// All parameters.
    public var parameterCount: Int {
        weights.reduce(0) { sum, weight in
            sum + weight.shape(in: self).reduce(1, *) * layers(of: weight).count
        }
    }
}
