// What containers call the weights of a GPT-2, and how they lie there: one table for each.

extension GPT2Configuration {
    /// Hugging Face's names.
    ///
    /// Its four linear layers of a block are stored as (in, out). Buffers of old versions hold the
    /// mask of attention.
    /// - Parameter prefix: What stands before all names: `transformer.` or nothing.
    /// - Returns: Where each weight is.
    func huggingFaceNaming(prefix: String) -> WeightNaming {
        naming(prefix: prefix) { weight, name in
            .tensor(name, weight.role == .matrix ? .transposed : .asItIs)
        }
    }

    /// The names that Hugging Face's programs write.
    public var huggingFaceNaming: WeightNaming { huggingFaceNaming(prefix: "transformer.") }

    /// nanoGPT's names, which are Hugging Face's; linear layers are stored as (out, in).
    /// - Parameters:
    ///   - prefix: What stands before all names: `transformer.`, and perhaps more before that.
    ///   - hasBiases: Whether biases are stored; else they are zero.
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
            return place(weight, prefix + block + weight.gpt2Kind.huggingFaceName)
        }
    }
}

extension GPT2Weight {
    /// The name in Hugging Face's files, within the block where there are layers.
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

extension ModelWeight {
    /// The kind of a GPT-2's weight.
    /// - Precondition: it is one.
    var gpt2Kind: GPT2Weight {
        guard let kind = GPT2Weight(rawValue: name) else {
            preconditionFailure("\(self) is no weight of a GPT-2")
        }
        return kind
    }
}
