// The sizes of a GPT-2, checked, and the names people know them by.

import FileIO

/// The sizes that define a GPT-2: every value of this type is one that a model can have.
public struct GPT2Configuration: Sendable, Equatable {
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
        channels: Int
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
    }
}

extension GPT2Configuration {
    /// The sizes that have names: those of llm.c's descriptors and of the published models.
    public static let named: [(name: String, layers: Int, heads: Int, channels: Int)] = [
        ("d6", 6, 6, 384),
        ("d12", 12, 12, 768), ("gpt2", 12, 12, 768),
        ("d24", 24, 16, 1024), ("gpt2-medium", 24, 16, 1024),
        ("d36", 36, 20, 1280), ("gpt2-large", 36, 20, 1280),
        ("d48", 48, 25, 1600), ("gpt2-xl", 48, 25, 1600),
    ]

    /// Reads a size as the command line gives it.
    /// - Parameters:
    ///   - descriptor: A name of ``named``, or `layers=4,heads=4,channels=128,context=256` in any
    ///     order, of which `context` may be left out.
    ///   - vocabularySize: V.
    /// - Throws: ``ModelError`` for an unknown name, key or impossible size.
    public init(descriptor: String, vocabularySize: Int = gpt2VocabularySize) throws {
        if let size = Self.named.first(where: { $0.name == descriptor }) {
            try self.init(
                vocabularySize: vocabularySize,
                layerCount: size.layers,
                headCount: size.heads,
                channels: size.channels
            )
            return
        }
        var values: [Substring: Int] = [:]
        for part in descriptor.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let value = Int(pair[1]),
                values.updateValue(value, forKey: pair[0]) == nil
            else {
                throw ModelError.unknownDescriptor(found: descriptor)
            }
        }
        let context = values.removeValue(forKey: "context") ?? Self.gpt2ContextLength
        guard let layers = values.removeValue(forKey: "layers"),
            let heads = values.removeValue(forKey: "heads"),
            let channels = values.removeValue(forKey: "channels"),
            values.isEmpty
        else {
            throw ModelError.unknownDescriptor(found: descriptor)
        }
        try self.init(
            contextLength: context,
            vocabularySize: vocabularySize,
            layerCount: layers,
            headCount: heads,
            channels: channels
        )
    }

    /// Whether `text` looks like a size rather than the name of a file.
    public static func isDescriptor(_ text: String) -> Bool {
        named.contains { $0.name == text } || (text.contains("=") && !text.contains("/"))
    }
}
