// The sizes of a Llama, checked, and a list of them as text, for models with random weights. They
// are read from files in Llama2CHeader.swift, MetaLlama2.swift and
// Llama2Configuration+HuggingFace.swift.

import FileIO

/// The sizes that define a Llama.
///
/// Every value of this type is valid.
///
/// The whole family is described this way: Llama 2, Llama 3, SmolLM2, TinyLlama and others differ
/// only in sizes and in how rotary positions are scaled.
package struct Llama2Configuration: Sendable, Equatable {
    /// maxT: the longest sequence the model was made for.
    package let contextLength: Int
    /// V: the number of tokens in the vocabulary.
    package let vocabularySize: Int
    /// L: transformer blocks.
    package let layerCount: Int
    /// NH: heads of queries in a block.
    package let headCount: Int
    /// NKV: heads of keys and values in a block; NH / NKV query heads share each.
    package let keyValueHeadCount: Int
    /// HS: channels of one head; often C / NH.
    package let headSize: Int
    /// C: the width of the residual stream.
    package let channels: Int
    /// H: the width of the feed-forward network.
    package let hiddenChannels: Int
    /// Whether the classifier has weights of its own, instead of the token embedding.
    package let hasSeparateClassifier: Bool
    /// The base of the rotary positions' wavelengths.
    package let ropeTheta: Float
    /// How the frequencies that follow from theta are changed.
    package let ropeScaling: RotaryScaling
    /// What RMSNorm adds to the mean of squares.
    package let normEpsilon: Float

    private static let mostChannels = 1 << 17

    /// The angle by which rotary positions turn each pair of a head from one position to the next,
    /// in radians.
    package var ropeFrequencies: [Double] {
        ropeScaling.frequencies(theta: ropeTheta, headSize: headSize)
    }

    /// Checks sizes; a head size of nil is C / NH.
    /// - Throws: ``ModelError/invalidConfiguration(reason:)``.
    package init(
        contextLength: Int,
        vocabularySize: Int,
        layerCount: Int,
        headCount: Int,
        keyValueHeadCount: Int,
        headSize: Int? = nil,
        channels: Int,
        hiddenChannels: Int,
        hasSeparateClassifier: Bool,
        ropeTheta: Float = llama2Theta,
        ropeScaling: RotaryScaling = .none,
        normEpsilon: Float = llama2Epsilon
    ) throws {
        try ModelError.checkBounds([
            ("the context", contextLength, 1 << 20),
            ("the vocabulary", vocabularySize, 1 << 24),
            ("the number of layers", layerCount, 1 << 12),
            ("the number of heads", headCount, 1 << 12),
            ("the number of key and value heads", keyValueHeadCount, headCount),
            ("the number of channels", channels, Self.mostChannels),
            ("the number of hidden channels", hiddenChannels, 1 << 20),
        ])
        if let headSize {
            guard headSize > 0, headSize % 2 == 0, headSize <= Self.mostChannels / headCount else {
                throw ModelError.invalidConfiguration(
                    reason: "heads have \(counted(headSize, "channel")), which must be pairs that "
                        + "rotary positions turn, and at most \(Self.mostChannels) in all heads"
                )
            }
        } else if channels % headCount != 0 || channels / headCount % 2 != 0 {
            throw ModelError.invalidConfiguration(
                reason: "\(counted(channels, "channel")) cannot be divided among "
                    + "\(counted(headCount, "head")) in pairs, which rotary positions turn"
            )
        }
        let headSize = headSize ?? channels / headCount
        guard headCount % keyValueHeadCount == 0 else {
            throw ModelError.invalidConfiguration(
                reason: "\(counted(headCount, "head")) cannot share "
                    + "\(counted(keyValueHeadCount, "head")) of keys and values evenly"
            )
        }
        for (name, value) in [("theta", ropeTheta), ("epsilon", normEpsilon)] {
            guard value.isFinite, value > 0 else {
                throw ModelError.invalidConfiguration(
                    reason: "\(name) is \(value) and must be above 0"
                )
            }
        }
        try ropeScaling.check(headSize: headSize)
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.channels = channels
        self.hiddenChannels = hiddenChannels
        self.hasSeparateClassifier = hasSeparateClassifier
        self.ropeTheta = ropeTheta
        self.ropeScaling = ropeScaling
        self.normEpsilon = normEpsilon
    }
}

extension Llama2Configuration: ModelConfiguration {
    package typealias Kind = Llama2Weight
    package typealias Blocks = Llama2DecoderBlocks

    package static let familyName = "llama2"
    package static let familyTitle = "Llama"
    package static let usualVocabulary = (size: llama2VocabularySize, owner: "Llama 2")
}

extension Llama2Configuration {
    private static let descriptorPrefix = "llama2:"

    /// V of Llama 2.
    package static let llama2VocabularySize = 32_000

    /// Whether `text` looks like the size of a Llama 2.
    package static func isDescriptor(_ text: String) -> Bool { text.hasPrefix(descriptorPrefix) }

    /// The sizes that `text` names.
    ///
    /// - Parameters:
    ///   - text: `llama2:` and, in any order, `layers=6,heads=6,channels=288`; and, to differ from
    ///     Llama 2's, `kv-heads` (as many as heads), `hidden` (by Meta's rule, in multiples of 32),
    ///     `vocabulary` (32,000), `context` (4,096) and `separate` (1 for a classifier with weights
    ///     of its own, else 0).
    ///   - vocabularySize: The vocabulary, if the descriptor gives none.
    /// - Throws: ``ModelError`` for an unknown key or impossible size.
    package init(descriptor text: String, vocabularySize: Int = llama2VocabularySize) throws {
        func unknown(_ problem: String) -> ModelError {
            ModelError.unknownDescriptor(
                found: text,
                problem: problem,
                hint: "the size of a Llama 2 is a list such as "
                    + "llama2:layers=6,heads=6,channels=288,hidden=768,context=256"
            )
        }
        guard Self.isDescriptor(text) else { throw unknown("it does not begin with llama2:") }
        let parts = text.dropFirst(Self.descriptorPrefix.count)
            .split(separator: ",", omittingEmptySubsequences: false)
        let sizes = try SizeList(parts, example: "layers=6", unknown)
        let needed = ["layers", "heads", "channels"]
        let values = try sizes.required(needed, unknown)
        let (layers, heads, channels) = (values[0], values[1], values[2])
        let others = ["kv-heads", "hidden", "vocabulary", "context", "separate"]
        if let key = sizes.keys.subtracting(needed + others).min() {
            throw unknown("it has no '\(key)'")
        }
        guard 0...1 ~= sizes["separate"] ?? 0 else { throw unknown("'separate' is 0 or 1") }
        try self.init(
            contextLength: sizes["context"] ?? Self.llama2ContextLength,
            vocabularySize: sizes["vocabulary"] ?? vocabularySize,
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: sizes["kv-heads"] ?? heads,
            channels: channels,
            hiddenChannels: sizes["hidden"]
                ?? Self.hiddenChannels(channels: channels, multiplier: nil, multiple: 32),
            hasSeparateClassifier: sizes["separate"] == 1
        )
    }
}
