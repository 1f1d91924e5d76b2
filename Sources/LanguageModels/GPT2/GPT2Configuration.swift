// The sizes of a GPT-2, checked, and the same as text: the usual names, and lists.

import FileIO

/// The sizes that define a GPT-2.
///
/// Every value of this type is valid.
package struct GPT2Configuration: Sendable, Equatable {
    /// The forms of GELU, which differ by less than 0.0005; the raw value is Hugging Face's name.
    package enum Activation: String, Sendable {
        /// OpenAI's, with tanh.
        case tanh = "gelu_new"
        /// With the error function, as nanoGPT's models are trained. For inference only: training
        /// uses ``tanh``.
        case exact = "gelu"
    }

    /// maxT: the longest sequence the model has positions for.
    package let contextLength: Int
    /// V: the number of tokens in the vocabulary.
    package let vocabularySize: Int
    /// Vp: V rounded up to a multiple of 128, the rows of the embedding; rows from V on are zero.
    package let paddedVocabularySize: Int
    /// L: transformer blocks.
    package let layerCount: Int
    /// NH: attention heads in a block.
    package let headCount: Int
    /// C: the width of the residual stream.
    package let channels: Int

    /// H: the width of the feed-forward network.
    package var hiddenChannels: Int { 4 * channels }

    /// The activation function of feed-forward networks.
    package let activation: Activation

    /// HS: channels of one head.
    package var headSize: Int { channels / headCount }

    /// GPT-2's own vocabulary: 256 bytes, 50,000 merges and the end of text.
    package static let gpt2VocabularySize = 50257
    /// GPT-2's own context length.
    package static let gpt2ContextLength = 1024
    /// The padded vocabulary is a multiple of this, which keeps rows aligned.
    static let vocabularyMultiple = 128

    /// Checks sizes and pads the vocabulary.
    /// - Throws: ``ModelError/invalidConfiguration(reason:)``.
    package init(
        contextLength: Int = gpt2ContextLength,
        vocabularySize: Int = gpt2VocabularySize,
        layerCount: Int,
        headCount: Int,
        channels: Int,
        activation: Activation = .tanh
    ) throws {
        try ModelError.checkBounds([
            ("the context", contextLength, 1 << 20),
            ("the vocabulary", vocabularySize, 1 << 24),
            ("the number of layers", layerCount, 1 << 12),
            ("the number of heads", headCount, 1 << 12),
            ("the number of channels", channels, 1 << 17),
        ])
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

    /// The same sizes with the activation used in training.
    package var trainable: GPT2Configuration { GPT2Configuration(self, activation: .tanh) }
}

extension GPT2Configuration: ModelConfiguration {
    package typealias Kind = GPT2Weight
    package typealias Blocks = GPT2DecoderBlocks

    package static let familyName = "gpt2"
    package static let familyTitle = "GPT-2"
    package static let usualVocabulary = (size: gpt2VocabularySize, owner: "GPT-2")
}

extension GPT2Configuration {
    /// The sizes that have names: those of llm.c's descriptors and of the published models.
    package static let named: [(name: String, layers: Int, heads: Int, channels: Int)] = [
        ("d6", 6, 6, 384),
        ("d12", 12, 12, 768), ("gpt2", 12, 12, 768),
        ("d24", 24, 16, 1024), ("gpt2-medium", 24, 16, 1024),
        ("d36", 36, 20, 1280), ("gpt2-large", 36, 20, 1280),
        ("d48", 48, 25, 1600), ("gpt2-xl", 48, 25, 1600),
    ]

    /// Reads a size in the form that the command line takes.
    /// - Parameters:
    ///   - descriptor: A name of ``named`` or `layers=4,heads=4,channels=128`, and in any order
    ///     `context=256` and `vocabulary=1024` with either.
    ///   - vocabularySize: V, if the descriptor does not give it.
    /// - Throws: ``ModelError`` for an unknown name, key or impossible size.
    package init(descriptor: String, vocabularySize: Int = gpt2VocabularySize) throws {
        let (shape, others) = try Self.sizes(inDescriptor: descriptor)
        try self.init(
            contextLength: others["context"] ?? Self.gpt2ContextLength,
            vocabularySize: others["vocabulary"] ?? vocabularySize,
            layerCount: shape.layers,
            headCount: shape.heads,
            channels: shape.channels
        )
    }

    /// The size of the vocabulary that a descriptor gives; nil if it gives none.
    /// - Throws: ``ModelError`` as ``init(descriptor:vocabularySize:)`` does for an unknown name or
    ///   key.
    package static func vocabularySize(inDescriptor descriptor: String) throws -> Int? {
        try sizes(inDescriptor: descriptor).others["vocabulary"]
    }

    /// Whether `text` looks like a size rather than the name of a file.
    package static func isDescriptor(_ text: String) -> Bool {
        guard !text.contains("/") else { return false }
        return text.contains("=") || named.contains { $0.name == text }
    }
}

extension GPT2Configuration {
    /// The sizes that a descriptor names or lists, and the context and vocabulary if it gives them.
    private static func sizes(inDescriptor descriptor: String) throws -> (
        shape: (layers: Int, heads: Int, channels: Int), others: SizeList
    ) {
        func unknown(_ problem: String) -> ModelError { .unknownSize(descriptor, problem) }
        if descriptor.hasPrefix("llama2:") { throw unknown("it is for a Llama 2, not a GPT-2") }
        let parts = descriptor.split(separator: ",", omittingEmptySubsequences: false)
        let (needed, others) = (["layers", "heads", "channels"], ["context", "vocabulary"])
        guard let first = parts.first, !first.contains("=") else {
            let sizes = try SizeList(parts, keys: needed + others, example: "layers=4", unknown)
            let values = try sizes.required(needed, unknown)
            return ((values[0], values[1], values[2]), sizes)
        }
        guard let named = named.first(where: { $0.name == first }) else {
            throw unknown("it is neither a known name nor a list")
        }
        let sizes = try SizeList(parts.dropFirst(), keys: others, example: "layers=4", unknown)
        return ((named.layers, named.heads, named.channels), sizes)
    }
}

extension ModelError {
    /// The error for text that is not the size of a GPT-2.
    fileprivate static func unknownSize(_ descriptor: String, _ problem: String) -> ModelError {
        let names = GPT2Configuration.named.map(\.name).joined(separator: ", ")
        return unknownDescriptor(
            found: descriptor,
            problem: problem,
            hint: "use one of \(names), or a list such as layers=4,heads=4,channels=128,"
                + "context=256,vocabulary=1024"
        )
    }

    /// The error for a word that is neither the size of a GPT-2 nor a file.
    static func neitherSizeNorFile(_ text: String) -> ModelError {
        unknownSize(text, "no file has this name either")
    }
}
