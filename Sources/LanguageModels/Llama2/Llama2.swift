// A Llama in training: its sizes, weights and files, and the random weights of llama2.c's trainer.
// Llama2Pass.swift defines what its blocks compute.

import FileIO
import Inference
import RandomNumbers
import TensorFiles
import Tensors

/// A Llama whose weights can be trained.
package final class Llama2: TransformerModel {
    /// The model's sizes.
    package let configuration: Llama2Configuration

    /// A model with all weights zero, to be filled.
    init(zeros configuration: Llama2Configuration, ops: Ops) throws {
        self.configuration = configuration
        try super.init(zeros: configuration, ops: ops)
    }

    override package func makeLanguageModel() throws -> any LanguageModel {
        try makeModel(ops: ops)
    }

    /// llama2.c's file if it can hold the model, since llama2.c's programs then run it; otherwise a
    /// Hugging Face directory.
    override package var checkpointForm: CheckpointForm {
        configuration.differencesFromLlama2C.isEmpty ? .file : .directory
    }

    override package func writeCheckpoint(to path: FilePath) throws {
        let target: ModelConversion.Target =
            checkpointForm == .file ? .llama2c(.legacy) : .safetensors
        try ModelConversion(self, to: target, at: path, elementType: .float32)
            .write(overwrite: true, ops: ops)
    }

    override package func readCheckpoint(from path: FilePath) throws -> Bool {
        let weights = try openWeights(at: path, as: Llama2Configuration.self)
        guard weights.configuration == configuration else {
            throw ModelError.mismatch(
                path: path,
                expected: "the sizes of the run's model",
                found: "others",
                hint: "use the model that the file was written from"
            )
        }
        try read(weights)
        parametersDidChange()
        return false
    }
}

extension Llama2: ModelWeights {}

extension Llama2Configuration {
    package var trainingRemark: String? { nil }

    package var logitCount: Int { vocabularySize }

    package func makePass(_ weights: TensorSource, _ lane: TrainingLane) -> any TrainingPass {
        Llama2Pass(self, weights: Llama2Tensors(self, weights), lane: lane)
    }

    package func makeZeroModel(ops: Ops) throws -> TransformerModel {
        try Llama2(zeros: self, ops: ops)
    }

    package func makeTrainableModel(
        using generator: inout MersenneTwister,
        ops: Ops
    ) throws -> any TransformerModel & ModelWeights {
        let model = try Llama2(zeros: self, ops: ops)
        model.initialize(using: &generator)
        return model
    }
}

extension Llama2Configuration {
    /// Draws the elements of a weight, or of a kind of weight in all layers, as llama2.c does.
    ///
    /// Matrices are drawn from a normal distribution of standard deviation 0.02, `wo` and `w3` of
    /// 0.02 / sqrt(2L): the trainer means the two that write into the residual stream, but scales
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
    /// - Parameter generator: Where the randomness comes from; advanced.
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
    ///   - generator: Where the randomness comes from; advanced.
    /// - Throws: `TensorError` when memory is short.
    package init(
        randomWeights configuration: Llama2Configuration,
        using generator: inout MersenneTwister
    ) throws {
        try self.init(configuration) { weight in
            let tensor = try Tensor(zeros: weight.shape)
            tensor.withUnsafeMutableElements(as: Float.self) { elements in
                var span = elements.mutableSpan
                configuration.draw(&span, of: Llama2Weight(of: weight), using: &generator)
            }
            return tensor
        }
    }
}
