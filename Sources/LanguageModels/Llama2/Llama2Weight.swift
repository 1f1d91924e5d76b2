// The weights of a Llama 2 by name and shape: data that every reader and writer of its files takes
// from here, so that none of them can drift from the others.

/// A kind of weight; the raw value is its name in llama2.c.
public enum Llama2Weight: String, Sendable, CaseIterable {
    case tokenEmbedding = "tok_emb"
    case attentionNorm = "rms_att"
    case wq
    case wk
    case wv
    case wo
    case feedForwardNorm = "rms_ffn"
    case w1
    case w2
    case w3
    case finalNorm = "rms_final"
    /// Only where the token embedding is not used in its place.
    case classifier = "wcls"

    /// Whether every layer has one.
    public var isLayered: Bool {
        switch self {
        case .tokenEmbedding, .finalNorm, .classifier: false
        default: true
        }
    }

    /// Whether it scales channels, instead of being a matrix; such weights are never quantised.
    public var isNorm: Bool {
        [.attentionNorm, .feedForwardNorm, .finalNorm].contains(self)
    }

    /// The shape of one of them, matrices as (out, in).
    public func shape(in configuration: Llama2Configuration) -> [Int] {
        let C = configuration.channels
        switch self {
        case .tokenEmbedding, .classifier: return [configuration.vocabularySize, C]
        case .attentionNorm, .feedForwardNorm, .finalNorm: return [C]
        case .wq, .wo: return [C, C]
        case .wk, .wv: return [configuration.keyValueChannels, C]
        case .w1, .w3: return [configuration.hiddenChannels, C]
        case .w2: return [C, configuration.hiddenChannels]
        }
    }
}
