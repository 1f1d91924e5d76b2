// GGUF's names for the weights of both families, and what a family's models say about themselves
// there, besides the sizes that all have. All weights are laid out as models compute with them:
// rotary positions turn neighbors, like llama2.c's, and linear layers are (out, in).

import TensorFiles

extension GPT2Configuration {
    /// GGUF's names.
    var ggufNaming: WeightNaming {
        ggufNaming { GPT2Weight(of: $0).ggufName }
    }
}

extension Llama2Configuration {
    /// GGUF's names.
    var ggufNaming: WeightNaming {
        ggufNaming { Llama2Weight(of: $0).ggufName }
    }
}

/// Names of tensors that are not weights of a model, but matter.
enum GGUFTensorNames {
    /// A head with weights of its own.
    static let output = "output.weight"
    static let tokenEmbedding = "token_embd.weight"
    /// What divides the frequencies of rotary positions.
    static let ropeDivisors = "rope_freqs.weight"
}

extension ModelConfiguration {
    fileprivate func ggufNaming(_ name: (ModelWeight) -> String) -> WeightNaming {
        WeightNaming(
            self,
            blockPrefix: "blk.",
            // Old files repeat in each block what all blocks share.
            buffers: [".attn_rot_embd.weight", ".rope_freqs.weight"]
        ) { weight in
            .tensor((weight.layer.map { "blk.\($0)." } ?? "") + name(weight))
        }
    }
}

extension GPT2Weight {
    /// The name, relative to the block for weights of a layer.
    fileprivate var ggufName: String {
        switch self {
        case .wte: GGUFTensorNames.tokenEmbedding
        case .wpe: "position_embd.weight"
        case .ln1w: "attn_norm.weight"
        case .ln1b: "attn_norm.bias"
        case .qkvw: "attn_qkv.weight"
        case .qkvb: "attn_qkv.bias"
        case .attprojw: "attn_output.weight"
        case .attprojb: "attn_output.bias"
        case .ln2w: "ffn_norm.weight"
        case .ln2b: "ffn_norm.bias"
        case .fcw: "ffn_up.weight"
        case .fcb: "ffn_up.bias"
        case .fcprojw: "ffn_down.weight"
        case .fcprojb: "ffn_down.bias"
        case .lnfw: "output_norm.weight"
        case .lnfb: "output_norm.bias"
        }
    }
}

extension Llama2Weight {
    /// The name, relative to the block for weights of a layer.
    fileprivate var ggufName: String {
        switch self {
        case .tokenEmbedding: GGUFTensorNames.tokenEmbedding
        case .attentionNorm: "attn_norm.weight"
        case .wq: "attn_q.weight"
        case .wk: "attn_k.weight"
        case .wv: "attn_v.weight"
        case .wo: "attn_output.weight"
        case .feedForwardNorm: "ffn_norm.weight"
        case .w1: "ffn_gate.weight"
        case .w2: "ffn_down.weight"
        case .w3: "ffn_up.weight"
        case .finalNorm: "output_norm.weight"
        case .classifier: GGUFTensorNames.output
        }
    }
}

/// What is specific to a family, or to one of its models.
struct GGUFDescription {
    /// The prefix of keys.
    let architecture: String
    /// The names of weights.
    let naming: WeightNaming
    /// Keys, without the architecture's prefix.
    let keys: [(String, GGUFValue)]
    /// What divides the frequencies of rotary positions, if it is a tensor.
    let ropeDivisors: [Float]?
}

/// A configuration that GGUF can hold.
protocol GGUFDescribed {
    func ggufDescription() -> GGUFDescription
}

extension GPT2Configuration: GGUFDescribed {
    func ggufDescription() -> GGUFDescription {
        GGUFDescription(
            architecture: Self.ggufArchitecture,
            naming: ggufNaming,
            keys: [
                ("feed_forward_length", .uint32(UInt32(hiddenChannels))),
                ("attention.layer_norm_epsilon", .float32(1e-5)),
            ],
            ropeDivisors: nil
        )
    }
}

extension Llama2Configuration: GGUFDescribed {
    func ggufDescription() -> GGUFDescription {
        var keys: [(String, GGUFValue)] = [
            ("feed_forward_length", .uint32(UInt32(hiddenChannels))),
            ("attention.head_count_kv", .uint32(UInt32(keyValueHeadCount))),
            ("attention.layer_norm_rms_epsilon", .float32(normEpsilon)),
            ("rope.dimension_count", .uint32(UInt32(headSize))),
            ("rope.freq_base", .float32(ropeTheta)),
        ]
        if headSize * headCount != channels {
            keys.append(("attention.key_length", .uint32(UInt32(headSize))))
            keys.append(("attention.value_length", .uint32(UInt32(headSize))))
        }
        var divisors: [Float]?
        switch ropeScaling {
        case .none: break
        case .linear(let factor):
            keys.append(("rope.scaling.type", .string("linear")))
            keys.append(("rope.scaling.factor", .float32(Float(factor))))
        case .llama3, .perPair:
            divisors = ropeScaling.divisors(theta: ropeTheta, headSize: headSize)
        }
        return GGUFDescription(
            architecture: Self.ggufArchitecture,
            naming: ggufNaming,
            keys: keys,
            ropeDivisors: divisors
        )
    }
}
