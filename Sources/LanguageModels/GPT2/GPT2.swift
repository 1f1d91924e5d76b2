// GPT-2 in training: its sizes and weights, the random weights that it starts from (Radford et al.
// 2019), and llm.c's files. GPT2Pass.swift defines what its blocks compute.

import FileIO
import Inference
import RandomNumbers
import TensorFiles
import Tensors

/// A GPT-2 language model.
///
/// The architecture is that of Radford et al. 2019: layer normalization before each sublayer,
/// learned positions, the tanh form of GELU, and a head tied to the embedding.
package final class GPT2: TransformerModel {
    /// The model's sizes; its activation is ``GPT2Configuration/Activation/tanh``, whatever the
    /// original model's was.
    package let configuration: GPT2Configuration

    /// A model with all weights zero, to be filled from a file.
    init(zeros configuration: GPT2Configuration, ops: Ops) throws {
        self.configuration = configuration.trainable
        try super.init(zeros: configuration.trainable, ops: ops)
    }

    /// A model with random weights, as GPT-2's training started.
    /// - Parameters:
    ///   - configuration: The sizes.
    ///   - generator: Where the randomness comes from; advanced.
    ///   - ops: What runs the arithmetic.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package convenience init(
        randomWeights configuration: GPT2Configuration,
        using generator: inout MersenneTwister,
        ops: Ops
    ) throws {
        try self.init(zeros: configuration, ops: ops)
        initialize(using: &generator)
    }

    /// A model with weights from files of any format, widened to float32.
    /// - Throws: ``FileIOError``, ``TensorFileError`` or ``TensorError``.
    package convenience init(_ weights: some ModelWeights<GPT2Configuration>, ops: Ops) throws {
        try self.init(zeros: weights.configuration, ops: ops)
        try read(weights)
    }

    override package func makeLanguageModel() throws -> any LanguageModel {
        try makeModel(ops: ops)
    }

    override package var checkpointForm: CheckpointForm { .file }

    override package func writeCheckpoint(to path: FilePath) throws {
        try writeLLMCCheckpoint(to: path, elementType: precision)
    }

    override package func readCheckpoint(from path: FilePath) throws -> Bool {
        try loadWeights(llmcCheckpoint: path)
        return try GPT2CheckpointHeader(path: path).elementType != .float32
    }
}

extension GPT2: ModelWeights {}

extension GPT2Configuration {
    package var trainingRemark: String? {
        activation == .tanh
            ? nil
            : "the model has GELU's exact form but is trained with its tanh form: at first it "
                + "predicts a little differently"
    }

    package var stackedMatrices: [String: Int] { [GPT2Weight.qkvw.rawValue: 3] }

    package var logitCount: Int { paddedVocabularySize }

    package func makePass(_ weights: TensorSource, _ lane: TrainingLane) -> any TrainingPass {
        GPT2Pass(self, weights: GPT2Tensors(weights), lane: lane)
    }

    package func makeZeroModel(ops: Ops) throws -> TransformerModel {
        try GPT2(zeros: self, ops: ops)
    }

    package func makeTrainableModel(
        using generator: inout MersenneTwister,
        ops: Ops
    ) throws -> any TransformerModel & ModelWeights {
        try GPT2(randomWeights: self, using: &generator, ops: ops)
    }
}

extension GPT2 {
    /// Fills the parameters in the way GPT-2 was initialized.
    ///
    /// Weights are drawn from a normal distribution of standard deviation 0.02, those that write
    /// into the residual stream scaled by 1 / sqrt(2L); biases are 0 and layernorm weights 1. The
    /// rows that pad the vocabulary stay 0.
    /// - Parameter generator: Where the randomness comes from; advanced.
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

extension GPT2 {
    /// Reads an llm.c model file, of version 3 or 5; bfloat16 weights are widened to float32.
    /// - Throws: ``FileIOError``, ``TensorFileError``, ``ModelError`` or ``TensorError``.
    package convenience init(llmcCheckpoint path: FilePath, ops: Ops) throws {
        try self.init(LLMCFile(path), ops: ops)
    }

    /// Replaces the weights with those of an llm.c model file of the same sizes, without a second
    /// copy of them in memory.
    /// - Throws: ``FileIOError``, ``TensorFileError``, or ``ModelError`` when the sizes differ, in
    ///   which case the weights are unchanged.
    package func loadWeights(llmcCheckpoint path: FilePath) throws {
        let file = try LLMCFile(path)
        guard file.configuration == configuration else {
            throw ModelError.mismatch(
                path: path,
                expected: configuration.sizes,
                found: file.configuration.sizes,
                hint: "use the model that the file was written from"
            )
        }
        try read(file)
        parametersDidChange()
    }

    /// Writes an llm.c model file, which appears complete or not at all.
    /// - Parameters:
    ///   - path: The file.
    ///   - elementType: float32 for version 3, bfloat16 (rounded to nearest) for version 5.
    ///   - overwrite: Whether an existing file may be replaced.
    /// - Throws: ``FileIOError``.
    package func writeLLMCCheckpoint(
        to path: FilePath,
        elementType: ElementType = .float32,
        overwrite: Bool = true
    ) throws {
        let header = GPT2CheckpointHeader(configuration: configuration, elementType: elementType)
        let file = try AtomicFile(path, overwrite: overwrite)
        try header.write(to: file)
        for tensor in parameters.tensors { try file.write(tensor, as: elementType) }
        try file.commit()
    }
}

extension GPT2Configuration {
    /// The sizes in words, for messages.
    fileprivate var sizes: String {
        "\(counted(layerCount, "layer")), \(counted(headCount, "head")), "
            + "\(counted(channels, "channel")), a context of \(contextLength) and a vocabulary of "
            + "\(vocabularySize)"
    }
}
