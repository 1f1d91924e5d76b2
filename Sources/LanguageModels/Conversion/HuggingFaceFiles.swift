// What config.json says about each family: enough for Hugging Face's programs to load the model
// with nothing else.

import Tensors

extension GPT2Configuration: HuggingFaceConfiguration {
    /// Nothing: every size has its place.
    var differencesFromHuggingFace: [String] { [] }

    func huggingFaceFile(
        _ tokens: ModelTokens,
        type: ElementType
    ) -> [(key: String, value: String)] {
        [
            ("architectures", #"["GPT2LMHeadModel"]"#),
            ("model_type", #""gpt2""#),
            ("vocab_size", "\(vocabularySize)"),
            ("n_positions", "\(contextLength)"),
            ("n_ctx", "\(contextLength)"),
            ("n_embd", "\(channels)"),
            ("n_layer", "\(layerCount)"),
            ("n_head", "\(headCount)"),
            ("n_inner", "null"),
            ("activation_function", "\"\(activation.rawValue)\""),
            ("layer_norm_epsilon", "1e-05"),
            ("scale_attn_weights", "true"),
            ("scale_attn_by_inverse_layer_idx", "false"),
            ("reorder_and_upcast_attn", "false"),
            ("initializer_range", "0.02"),
            ("attn_pdrop", "0.1"),
            ("embd_pdrop", "0.1"),
            ("resid_pdrop", "0.1"),
            ("tie_word_embeddings", "true"),
        ] + Self.commonEntries(tokens, type)
    }
}

extension Llama2Configuration: HuggingFaceConfiguration {
    /// Frequency divisors that follow no rule.
    var differencesFromHuggingFace: [String] {
        if case .perPair = ropeScaling {
            ["rotary positions with a divisor for each pair ('\(ropeScaling.name)')"]
        } else {
            []
        }
    }

    func huggingFaceFile(
        _ tokens: ModelTokens,
        type: ElementType
    ) -> [(key: String, value: String)] {
        [
            ("architectures", #"["LlamaForCausalLM"]"#),
            ("model_type", #""llama""#),
            ("vocab_size", "\(vocabularySize)"),
            ("max_position_embeddings", "\(contextLength)"),
            ("hidden_size", "\(channels)"),
            ("intermediate_size", "\(hiddenChannels)"),
            ("num_hidden_layers", "\(layerCount)"),
            ("num_attention_heads", "\(headCount)"),
            ("num_key_value_heads", "\(keyValueHeadCount)"),
            ("head_dim", "\(headSize)"),
            ("hidden_act", #""silu""#),
            ("rms_norm_eps", "\(normEpsilon)"),
            ("rope_theta", "\(ropeTheta)"),
            ("rope_scaling", ropeScaling.huggingFaceText ?? "null"),
            ("attention_bias", "false"),
            ("attention_dropout", "0.0"),
            ("mlp_bias", "false"),
            ("pretraining_tp", "1"),
            ("initializer_range", "0.02"),
            ("tie_word_embeddings", "\(!hasSeparateClassifier)"),
        ] + Self.commonEntries(tokens, type)
    }
}

extension ModelConfiguration {
    /// The entries of every family.
    fileprivate static func commonEntries(
        _ tokens: ModelTokens,
        _ type: ElementType
    ) -> [(key: String, value: String)] {
        func number(_ id: Int?) -> String { id.map(String.init) ?? "null" }
        let ends = tokens.endOfText
        return [
            // Null if unknown: the family's default ids may not be in this vocabulary.
            ("bos_token_id", number(tokens.beginOfText)),
            (
                "eos_token_id",
                ends.count > 1
                    ? "[\(ends.map(String.init).joined(separator: ", "))]" : number(ends.first)
            ),
            ("pad_token_id", number(tokens.padding)),
            ("torch_dtype", "\"\(type.rawValue)\""),
            ("use_cache", "true"),
        ]
    }
}

extension RotaryScaling {
    /// The value of `rope_scaling`; nil if there is none.
    fileprivate var huggingFaceText: String? {
        switch self {
        case .none, .perPair: nil
        case .linear(let factor): #"{"rope_type": "linear", "factor": \#(factor)}"#
        case .llama3(let factor, let low, let high, let originalContextLength):
            #"{"rope_type": "llama3", "factor": \#(factor), "low_freq_factor": \#(low), "#
                + #""high_freq_factor": \#(high), "#
                + #""original_max_position_embeddings": \#(originalContextLength)}"#
        }
    }
}
