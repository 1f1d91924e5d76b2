// Hugging Face's config.json. What it may ask for that Llama 2 has not is refused, as the model
// would say something else.

import FileIO
import TensorFiles

extension Llama2Configuration {
    /// Reads Hugging Face's `config.json` of a Llama.
    /// - Throws: ``ModelError`` when the sizes are no Llama's; `TensorFileError` when the file is
    ///   another model's or damaged; `FileIOError` when it is missing.
    public init(huggingFaceFile path: FilePath) throws {
        let config = try MappedFile(path).withIntactBytes {
            try JSONContent.decode(Config.self, from: $0, of: path)
        }
        if let reason = config.differenceFromLlama2 {
            throw TensorFileError.unsupported(
                path: path,
                reason: reason,
                hint: "use a model of the Llama 2 architecture"
            )
        }
        guard let channels = config.hidden_size, let hiddenChannels = config.intermediate_size,
            let layerCount = config.num_hidden_layers, let headCount = config.num_attention_heads,
            let vocabularySize = config.vocab_size
        else {
            throw TensorFileError.malformed(
                path: path,
                what: "its JSON",
                expected: "a model's sizes",
                found: "without one of hidden_size, intermediate_size, num_hidden_layers, "
                    + "num_attention_heads and vocab_size"
            )
        }
        // What is left out has the value that Hugging Face's program gives it.
        self = try ModelError.naming(path) {
            try Llama2Configuration(
                contextLength: config.max_position_embeddings ?? 2048,
                vocabularySize: vocabularySize,
                layerCount: layerCount,
                headCount: headCount,
                keyValueHeadCount: config.num_key_value_heads ?? headCount,
                channels: channels,
                hiddenChannels: hiddenChannels,
                hasSeparateClassifier: !(config.tie_word_embeddings ?? false),
                ropeTheta: config.rope_theta ?? config.rope_parameters?.rope_theta
                    ?? config.rope_scaling?.rope_theta ?? 10_000,
                normEpsilon: config.rms_norm_eps ?? 1e-6
            )
        }
        guard config.head_dim == nil || config.head_dim == headSize else {
            throw TensorFileError.unsupported(
                path: path,
                reason: "its heads have \(config.head_dim ?? 0) channels instead of \(headSize)",
                hint: "use a model of the Llama 2 architecture"
            )
        }
    }
}

/// The file's content; keys it may have besides are of no interest.
private struct Config: Decodable {
    let model_type: String?
    let hidden_size: Int?
    let intermediate_size: Int?
    let num_hidden_layers: Int?
    let num_attention_heads: Int?
    let num_key_value_heads: Int?
    let head_dim: Int?
    let vocab_size: Int?
    let max_position_embeddings: Int?
    let rms_norm_eps: Float?
    let rope_theta: Float?
    let rope_scaling: RotaryPositions?
    /// Where newer versions have both of these.
    let rope_parameters: RotaryPositions?
    let tie_word_embeddings: Bool?
    let attention_bias: Bool?
    let mlp_bias: Bool?
    let hidden_act: String?

    struct RotaryPositions: Decodable {
        let rope_theta: Float?
        let rope_type: String?
        let type: String?
        let factor: Double?
        let attention_factor: Double?
        let original_max_position_embeddings: Int?

        /// The kind, if it changes anything of a model with this context.
        func scaling(contextLength: Int?) -> String? {
            let kind = rope_type ?? type ?? "default"
            // What a factor of 1 means is known of these kinds only: others have lists of factors.
            let isIdentity =
                switch kind {
                case "default": true
                case "linear", "llama3": factor == 1
                case "dynamic", "yarn":
                    factor == 1 && attention_factor ?? 1 == 1
                        && original_max_position_embeddings ?? contextLength == contextLength
                default: false
                }
            return isIdentity ? nil : kind
        }
    }

    /// What makes this another model than a Llama 2, in words.
    var differenceFromLlama2: String? {
        if let model_type, model_type != "llama" {
            return "it is of a model of type '\(model_type)'"
        }
        let scalings = [rope_scaling, rope_parameters].compactMap {
            $0?.scaling(contextLength: max_position_embeddings)
        }
        if let scaling = scalings.first {
            return "its rotary positions are scaled ('\(scaling)')"
        }
        if attention_bias == true || mlp_bias == true { return "its linear layers have biases" }
        if let hidden_act, hidden_act != "silu" {
            return "its activation is '\(hidden_act)' instead of 'silu'"
        }
        return nil
    }
}
