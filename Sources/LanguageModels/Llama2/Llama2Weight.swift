// The weights of a Llama 2 by name and shape: data that every reader and writer of its files takes
// from here, so that none of them can drift from the others. What containers call them is in
// Llama2Weight+Names.swift.

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

    /// Whether it scales channels, instead of being a matrix; such weights are never quantized.
    public var isNorm: Bool {
        [.attentionNorm, .feedForwardNorm, .finalNorm].contains(self)
    }

    /// What it is for.
    public var role: ModelWeight.Role {
        if isNorm { return .norm }
        return self == .tokenEmbedding ? .embedding : .matrix
    }

    /// The part of the model it belongs to.
    public var part: ModelWeight.Part {
        switch self {
        case .tokenEmbedding: .embeddings
        case .wq, .wk, .wv, .wo: .attention
        case .w1, .w2, .w3: .mlp
        case .attentionNorm, .feedForwardNorm, .finalNorm: .norms
        case .classifier: .classifier
        }
    }

    /// The shape of one of them, matrices as (out, in).
    public func shape(in configuration: Llama2Configuration) -> [Int] {
        let C = configuration.channels
        switch self {
        case .tokenEmbedding, .classifier: return [configuration.vocabularySize, C]
        case .attentionNorm, .feedForwardNorm, .finalNorm: return [C]
        case .wq: return [configuration.attentionChannels, C]
        case .wo: return [C, configuration.attentionChannels]
        case .wk, .wv: return [configuration.keyValueChannels, C]
        case .w1, .w3: return [configuration.hiddenChannels, C]
        case .w2: return [C, configuration.hiddenChannels]
        }
    }
}

extension Llama2Configuration {
    /// The kinds of weight that such a model has.
    var weightKinds: [Llama2Weight] {
        Llama2Weight.allCases.filter { $0 != .classifier || hasSeparateClassifier }
    }

    /// The layers that have a weight of this kind; one without layers counts as layer 0.
    func layers(of kind: Llama2Weight) -> Range<Int> {
        0..<(kind.isLayered ? layerCount : 1)
    }

    /// The weight of this kind in a layer; `layer` is of no matter where a model has only one.
    public func weight(_ kind: Llama2Weight, layer: Int = 0) -> ModelWeight {
        ModelWeight(
            kind.rawValue,
            layer: kind.isLayered ? layer : nil,
            shape: kind.shape(in: self),
            role: kind.role,
            part: kind.part
        )
    }

    /// All weights, in the order of llama2.c's files of version 0.
    public var weights: [ModelWeight] {
        weightKinds.flatMap { kind in layers(of: kind).map { weight(kind, layer: $0) } }
    }
}

extension ModelWeight {
    /// The kind of a Llama's weight.
    /// - Precondition: it is one.
    var llama2Kind: Llama2Weight {
        guard let kind = Llama2Weight(rawValue: name) else {
            preconditionFailure("\(self) is no weight of a Llama")
        }
        return kind
    }

    /// Its layer; 0 where there are no layers.
    var layerIndex: Int { layer ?? 0 }
}
