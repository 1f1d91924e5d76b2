// What a family's models say of themselves in GGUF, beside the sizes that all have.

import TensorFiles

/// What is particular to a family, or to a model of it.
struct GGUFDescription {
    /// What the names of keys begin with.
    let architecture: String
    /// What the weights are called.
    let naming: WeightNaming
    /// Keys without the architecture before them.
    let keys: [(String, GGUFValue)]
    /// What divides the frequencies of rotary positions, where that is a tensor.
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
                ("feed_forward_length", .uint32(UInt32(4 * channels))),
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
