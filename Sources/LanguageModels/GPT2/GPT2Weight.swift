// The sixteen kinds of weight of a GPT-2, by name and shape, in llm.c's order in memory and in
// files. Every reader and writer takes them from here. One table per container says what it calls
// them, and how they are laid out.

/// A kind of weight, in the order of llm.c's files; the raw value is its name there.
package enum GPT2Weight: String, WeightKind {
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
    package var isLayered: Bool {
        switch self {
        case .wte, .wpe, .lnfw, .lnfb: false
        default: true
        }
    }

    /// What it is for.
    package var role: ModelWeight.Role {
        switch self {
        case .wte: .embedding
        case .wpe: .positions
        case .qkvw, .attprojw, .fcw, .fcprojw: .matrix
        case .ln1w, .ln2w, .lnfw: .norm
        case .ln1b, .ln2b, .lnfb, .qkvb, .attprojb, .fcb, .fcprojb: .bias
        }
    }

    /// The part of the model it belongs to.
    package var part: ModelWeight.Part {
        switch self {
        case .wte, .wpe: .embeddings
        case .qkvw, .qkvb, .attprojw, .attprojb: .attention
        case .fcw, .fcb, .fcprojw, .fcprojb: .mlp
        case .ln1w, .ln1b, .ln2w, .ln2b, .lnfw, .lnfb: .norms
        }
    }

    /// The shape of one weight, matrices as (out, in); `wte` without padding.
    package func shape(in configuration: GPT2Configuration) -> [Int] {
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
    /// Hugging Face's names.
    ///
    /// The four linear layers of a block are stored as (in, out). Old versions have buffers with
    /// the attention mask.
    /// - Parameter prefix: The prefix of all names: `transformer.` or nothing.
    /// - Returns: Where each weight is.
    func huggingFaceNaming(prefix: String) -> WeightNaming {
        naming(prefix: prefix) { weight, name in
            .tensor(name, weight.role == .matrix ? .transposed : .asItIs)
        }
    }

    /// The names that Hugging Face's programs write.
    package var huggingFaceNaming: WeightNaming { huggingFaceNaming(prefix: "transformer.") }

    /// nanoGPT's names, which are Hugging Face's; linear layers are stored as (out, in).
    /// - Parameters:
    ///   - prefix: The prefix of all names: `transformer.`, perhaps after something else.
    ///   - hasBiases: Whether biases are stored; otherwise they are zero.
    /// - Returns: Where each weight is.
    func nanoGPTNaming(prefix: String, hasBiases: Bool) -> WeightNaming {
        naming(prefix: prefix) { weight, name in
            weight.role == .bias && !hasBiases ? .zeros : .tensor(name)
        }
    }

    private func naming(
        prefix: String,
        _ place: (_ weight: ModelWeight, _ name: String) -> WeightPlace
    ) -> WeightNaming {
        WeightNaming(
            self,
            blockPrefix: prefix + "h.",
            buffers: [".attn.bias", ".attn.masked_bias"]
        ) { weight in
            let block = weight.layer.map { "h.\($0)." } ?? ""
            return place(weight, prefix + block + GPT2Weight(of: weight).huggingFaceName)
        }
    }
}

extension GPT2Weight {
    /// The name in Hugging Face's files, relative to the block for weights of a layer.
    fileprivate var huggingFaceName: String {
        switch self {
        case .wte: "wte.weight"
        case .wpe: "wpe.weight"
        case .ln1w: "ln_1.weight"
        case .ln1b: "ln_1.bias"
        case .qkvw: "attn.c_attn.weight"
        case .qkvb: "attn.c_attn.bias"
        case .attprojw: "attn.c_proj.weight"
        case .attprojb: "attn.c_proj.bias"
        case .ln2w: "ln_2.weight"
        case .ln2b: "ln_2.bias"
        case .fcw: "mlp.c_fc.weight"
        case .fcb: "mlp.c_fc.bias"
        case .fcprojw: "mlp.c_proj.weight"
        case .fcprojb: "mlp.c_proj.bias"
        case .lnfw: "ln_f.weight"
        case .lnfb: "ln_f.bias"
        }
    }
}
