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

    package var widestActivation: Int { 4 * channels }

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
        // Bounds far above any GPT-2, so that a damaged header can neither overflow a product nor
        // ask for absurd amounts of memory.
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

    /// The same sizes with the activation used in training.
    var trainable: GPT2Configuration { GPT2Configuration(self, activation: .tanh) }
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
        let sizes = try SizeList(descriptor)
        func size(_ key: String) throws -> Int {
            guard let value = sizes.values[key] else {
                throw ModelError.unknownSize(descriptor, "it does not say how many \(key)")
            }
            return value
        }
        let named = sizes.named
        try self.init(
            contextLength: sizes.values["context"] ?? Self.gpt2ContextLength,
            vocabularySize: sizes.values["vocabulary"] ?? vocabularySize,
            layerCount: named?.layers ?? size("layers"),
            headCount: named?.heads ?? size("heads"),
            channels: named?.channels ?? size("channels")
        )
    }

    /// The size of the vocabulary that a descriptor gives; nil if it gives none.
    /// - Throws: ``ModelError`` as ``init(descriptor:vocabularySize:)`` does for an unknown name or
    ///   key.
    package static func vocabularySize(inDescriptor descriptor: String) throws -> Int? {
        try SizeList(descriptor).values["vocabulary"]
    }

    /// Whether `text` looks like a size rather than the name of a file.
    package static func isDescriptor(_ text: String) -> Bool {
        guard !text.contains("/") else { return false }
        return text.contains("=") || named.contains { $0.name == text }
    }
}

/// The parts of a descriptor.
private struct SizeList {
    /// The name it begins with.
    private(set) var named: (name: String, layers: Int, heads: Int, channels: Int)?
    /// The value of each key.
    private(set) var values: [String: Int] = [:]

    private static let keys = ["layers", "heads", "channels", "context", "vocabulary"]

    init(_ descriptor: String) throws {
        func unknown(_ problem: String) -> ModelError { .unknownSize(descriptor, problem) }
        if descriptor.hasPrefix("llama2:") { throw unknown("it is for a Llama 2, not a GPT-2") }
        var parts = descriptor.split(separator: ",", omittingEmptySubsequences: false)[...]
        if let first = parts.first, !first.contains("=") {
            named = GPT2Configuration.named.first { $0.name == first }
            guard named != nil else { throw unknown("it is neither a known name nor a list") }
            parts = parts.dropFirst()
        }
        let keys = named == nil ? Self.keys : Self.keys.suffix(2)
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let value = Int(pair[1]) else {
                throw unknown("'\(part)' is not a size such as layers=4")
            }
            guard keys.contains(pair[0]) else { throw unknown("it has no '\(pair[0])'") }
            guard values.updateValue(value, forKey: pair[0]) == nil else {
                throw unknown("'\(pair[0])' is given twice")
            }
        }
        guard named == nil else { return }
        let missing = Self.keys.prefix(3).filter { values[$0] == nil }
        if !missing.isEmpty {
            throw unknown("it does not say how many \(missing.joined(separator: " and "))")
        }
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
