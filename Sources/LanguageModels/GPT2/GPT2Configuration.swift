// The sizes of a GPT-2, checked. The names people know them by are in
// GPT2Configuration+Descriptor.swift.

import FileIO

/// The sizes that define a GPT-2: every value of this type is one that a model can have.
public struct GPT2Configuration: Sendable, Equatable {
    /// The forms of GELU, which differ by less than 0.0005; the raw value is Hugging Face's name.
    public enum Activation: String, Sendable {
        /// OpenAI's, with tanh.
        case tanh = "gelu_new"
        /// With the error function, as nanoGPT's models are trained. It is for inference: training
        /// is with ``tanh``.
        case exact = "gelu"
    }

    /// maxT: the longest sequence the model has positions for.
    public let contextLength: Int
    /// V: tokens the model knows.
    public let vocabularySize: Int
    /// Vp: V rounded up to a multiple of 128, the rows of the embedding; rows from V on are zero.
    public let paddedVocabularySize: Int
    /// L: transformer blocks.
    public let layerCount: Int
    /// NH: attention heads in a block.
    public let headCount: Int
    /// C: the width of the residual stream.
    public let channels: Int

    public var widestActivation: Int { 4 * channels }

    /// What feed-forward networks have between their two layers.
    public let activation: Activation

    /// HS: channels of one head.
    public var headSize: Int { channels / headCount }

    /// GPT-2's own vocabulary: 256 bytes, 50,000 merges and the end of a text.
    public static let gpt2VocabularySize = 50257
    /// GPT-2's own context.
    public static let gpt2ContextLength = 1024
    /// The padded vocabulary is a multiple of this, which keeps rows aligned.
    static let vocabularyMultiple = 128

    /// Checks sizes and pads the vocabulary.
    /// - Throws: ``ModelError/invalidConfiguration(reason:)``.
    public init(
        contextLength: Int = gpt2ContextLength,
        vocabularySize: Int = gpt2VocabularySize,
        layerCount: Int,
        headCount: Int,
        channels: Int,
        activation: Activation = .tanh
    ) throws {
        // Bounds far above any GPT-2, so that a damaged header can neither overflow a product nor
        // ask for memory nobody has.
        let bounds: [(String, Int, Int)] = [
            ("the context", contextLength, 1 << 20),
            ("the vocabulary", vocabularySize, 1 << 24),
            ("the number of layers", layerCount, 1 << 12),
            ("the number of heads", headCount, 1 << 12),
            ("the number of channels", channels, 1 << 17),
        ]
        for (name, value, maximum) in bounds where value < 1 || value > maximum {
            throw ModelError.invalidConfiguration(
                reason: "\(name) is \(value) and must be between 1 and \(maximum)"
            )
        }
        guard channels % headCount == 0 else {
            throw ModelError.invalidConfiguration(
                reason: "\(counted(channels, "channel")) cannot be divided among \(headCount) heads"
            )
        }
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        let multiple = Self.vocabularyMultiple
        paddedVocabularySize = (vocabularySize + multiple - 1) / multiple * multiple
        self.layerCount = layerCount
        self.headCount = headCount
        self.channels = channels
        self.activation = activation
    }

    private init(_ other: GPT2Configuration, activation: Activation) {
        contextLength = other.contextLength
        vocabularySize = other.vocabularySize
        paddedVocabularySize = other.paddedVocabularySize
        layerCount = other.layerCount
        headCount = other.headCount
        channels = other.channels
        self.activation = activation
    }

    /// The same sizes with the activation that training has.
    var trainable: GPT2Configuration { GPT2Configuration(self, activation: .tanh) }
}
