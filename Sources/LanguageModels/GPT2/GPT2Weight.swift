// The sixteen kinds of weight of a GPT-2, by name and shape, in the order llm.c keeps them in
// memory and in files. Every reader and writer takes them from here.

import Tensors

/// A kind of weight; the raw value is its name in llm.c.
public enum GPT2Weight: String, Sendable, CaseIterable {
    case wte
    case wpe
    case ln1w
    case ln1b
    case qkvw
    case qkvb
    case attprojw
    case attprojb
    case ln2w
    case ln2b
    case fcw
    case fcb
    case fcprojw
    case fcprojb
    case lnfw
    case lnfb

    /// Whether every layer has one.
    public var isLayered: Bool {
        switch self {
        case .wte, .wpe, .lnfw, .lnfb: false
        default: true
        }
    }

    /// What it is for.
    public var role: ModelWeight.Role {
        switch self {
        case .wte: .embedding
        case .wpe: .positions
        case .qkvw, .attprojw, .fcw, .fcprojw: .matrix
        case .ln1w, .ln2w, .lnfw: .norm
        case .ln1b, .ln2b, .lnfb, .qkvb, .attprojb, .fcb, .fcprojb: .bias
        }
    }

    /// The part of the model it belongs to.
    public var part: ModelWeight.Part {
        switch self {
        case .wte, .wpe: .embeddings
        case .qkvw, .qkvb, .attprojw, .attprojb: .attention
        case .fcw, .fcb, .fcprojw, .fcprojb: .mlp
        case .ln1w, .ln1b, .ln2w, .ln2b, .lnfw, .lnfb: .norms
        }
    }

    /// The shape of one of them, matrices as (out, in); `wte` without padding.
    public func shape(in configuration: GPT2Configuration) -> [Int] {
        let C = configuration.channels
        switch self {
        case .wte: return [configuration.vocabularySize, C]
        case .wpe: return [configuration.contextLength, C]
        case .ln1w, .ln1b, .attprojb, .ln2w, .ln2b, .fcprojb, .lnfw, .lnfb: return [C]
        case .qkvw: return [3 * C, C]
        case .qkvb: return [3 * C]
        case .attprojw: return [C, C]
        case .fcw: return [4 * C, C]
        case .fcb: return [4 * C]
        case .fcprojw: return [C, 4 * C]
        }
    }
}

extension GPT2Configuration {
    /// The weight of this kind in a layer; `layer` is of no matter where a model has only one.
    public func weight(_ kind: GPT2Weight, layer: Int = 0) -> ModelWeight {
        ModelWeight(
            kind.rawValue,
            layer: kind.isLayered ? layer : nil,
            shape: kind.shape(in: self),
            role: kind.role,
            part: kind.part
        )
    }

    /// All weights, in the order of llm.c's files.
    public var weights: [ModelWeight] {
        GPT2Weight.allCases.flatMap { kind in
            (0..<(kind.isLayered ? layerCount : 1)).map { weight(kind, layer: $0) }
        }
    }

    /// The parameters as training and llm.c keep them: name, shape and whether weight decay
    /// applies.
    ///
    /// A tensor holds all its layers, and `wte` the rows that pad the vocabulary. The head is tied
    /// to `wte`.
    public var parameterLayout: TensorLayout {
        TensorLayout(
            GPT2Weight.allCases.map { kind in
                var shape = kind.shape(in: self)
                if kind == .wte { shape[0] = paddedVocabularySize }
                if kind.isLayered { shape.insert(layerCount, at: 0) }
                return TensorSpecification(
                    kind.rawValue,
                    shape,
                    decays: GPT2Tensors.matrices.contains(kind.rawValue)
                )
            }
        )
    }
}
