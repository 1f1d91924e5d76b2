// A model's dimensions, for programs that show or store them.

import FileIO
import LanguageModels
import Training

/// The dimensions of a model.
public struct ModelSizes: Sendable, Equatable, Codable {
    /// The family: `gpt2` or `llama2`.
    public let family: String
    /// Tokens in the vocabulary (V).
    public let vocabularySize: Int
    /// The most tokens it attends to at once (maxT).
    public let contextLength: Int
    /// Transformer blocks (L).
    public let layerCount: Int
    /// Attention heads in a block (NH); in a Llama, query heads.
    public let headCount: Int
    /// The width of the residual stream (C).
    public let channels: Int
    /// The number of weights, without the padding of the vocabulary.
    public let parameterCount: Int

    init(_ configuration: some ModelConfiguration) {
        family = type(of: configuration).familyName
        vocabularySize = configuration.vocabularySize
        contextLength = configuration.contextLength
        layerCount = configuration.layerCount
        headCount = configuration.headCount
        channels = configuration.channels
        parameterCount = configuration.parameterCount
    }

    /// Reads the dimensions of a model, without its weights.
    /// - Parameters:
    ///   - path: A model's file or directory, or the directory of a training run.
    ///   - checkpoint: Which checkpoint of a run to open; nil is the latest.
    /// - Throws: ``UnexpectedFileError`` when there is no model at the path, ``OpeningError``, or
    ///   the error of a damaged file.
    public init(ofModelAt path: FilePath, checkpoint: CheckpointSelection? = nil) throws {
        self.init(try ModelSource(path, checkpoint: checkpoint).configuration)
    }
}
