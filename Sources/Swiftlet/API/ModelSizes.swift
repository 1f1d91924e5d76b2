// The sizes of a model, as a program shows or stores them.

import FileIO
import LanguageModels
import Training

/// How large a model is.
public struct ModelSizes: Sendable, Equatable, Codable {
    /// The family: `gpt2` or `llama2`.
    public let family: String
    /// Tokens that the model knows.
    public let vocabularySize: Int
    /// The most tokens that it can look at.
    public let contextLength: Int
    /// Transformer blocks.
    public let layerCount: Int
    /// Attention heads in a block; of a Llama, those of queries.
    public let headCount: Int
    /// The width of the residual stream.
    public let channels: Int
    /// All weights, without what pads a vocabulary.
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

    /// Looks at a model without reading its weights.
    /// - Parameters:
    ///   - path: A model's file or directory, or the directory of a training run.
    ///   - checkpoint: Which model of a run is meant; nil for the latest.
    /// - Throws: ``UnexpectedFileError`` when there is no model at the path, ``OpeningError``, or
    ///   what says what is wrong with a file.
    public init(ofModelAt path: FilePath, checkpoint: CheckpointSelection? = nil) throws {
        self.init(try ModelSource(path, checkpoint: checkpoint).configuration)
    }
}
