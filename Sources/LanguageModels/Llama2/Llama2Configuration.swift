// The sizes of a Llama, checked. Files that give them are read in Llama2CHeader.swift,
// Llama2Configuration+Params.swift and Llama2Configuration+HuggingFace.swift, and a list of sizes
// in Llama2Configuration+Descriptor.swift.

import FileIO

/// The sizes that define a Llama: every value of this type is one that a model can have.
///
/// All of the family are described so: Llama 2, Llama 3, SmolLM2, TinyLlama and their kin differ in
/// sizes, and in how rotary positions are scaled.
public struct Llama2Configuration: Sendable, Equatable {
    /// maxT: the longest sequence the model was made for.
    public let contextLength: Int
    /// V: tokens the model knows.
    public let vocabularySize: Int
    /// L: transformer blocks.
    public let layerCount: Int
    /// NH: heads of queries in a block.
    public let headCount: Int
    /// NKV: heads of keys and values in a block, each of which NH / NKV heads of queries share.
    public let keyValueHeadCount: Int
    /// HS: channels of one head; often C / NH.
    public let headSize: Int
    /// C: the width of the residual stream.
    public let channels: Int
    /// H: the width of the feed-forward network.
    public let hiddenChannels: Int
    /// Whether the classifier has weights of its own, instead of the token embedding.
    public let hasSeparateClassifier: Bool
    /// The base of the rotary positions' wavelengths.
    public let ropeTheta: Float
    /// What is done to the frequencies that follow from theta.
    public let ropeScaling: RotaryScaling
    /// What RMSNorm adds to the mean of squares.
    public let normEpsilon: Float

    /// The width of the queries of all heads, and of what attention gives.
    public var attentionChannels: Int { headCount * headSize }

    public var widestActivation: Int { max(channels, attentionChannels, hiddenChannels) }
    /// The width of the keys, and of the values, of all heads.
    public var keyValueChannels: Int { keyValueHeadCount * headSize }

    private static let mostChannels = 1 << 17

    /// How far rotary positions turn each pair of a head from a position to the next, in radians.
    public var ropeFrequencies: [Double] {
        ropeScaling.frequencies(theta: ropeTheta, headSize: headSize)
    }

    /// Checks sizes; a head size of nil is C / NH.
    /// - Throws: ``ModelError/invalidConfiguration(reason:)``.
    public init(
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
        // Bounds far above any Llama, so that a damaged header can neither overflow a product nor
        // ask for memory nobody has.
        let bounds: [(String, Int, Int)] = [
            ("the context", contextLength, 1 << 20),
            ("the vocabulary", vocabularySize, 1 << 24),
            ("the number of layers", layerCount, 1 << 12),
            ("the number of heads", headCount, 1 << 12),
            ("the number of key and value heads", keyValueHeadCount, headCount),
            ("the number of channels", channels, Self.mostChannels),
            ("the number of hidden channels", hiddenChannels, 1 << 20),
        ]
        for (name, value, maximum) in bounds where value < 1 || value > maximum {
            throw ModelError.invalidConfiguration(
                reason: "\(name) is \(value) and must be between 1 and \(maximum)"
            )
        }
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
