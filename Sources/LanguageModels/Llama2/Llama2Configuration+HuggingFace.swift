// Hugging Face's config.json of a Llama, with rotary positions in `rope_scaling` or, in newer
// files, in `rope_parameters`. Features that Llamas lack are refused, because the model would say
// something else.

import FileIO
import TensorFiles

extension Llama2Configuration {
    /// Reads Hugging Face's `config.json` of a Llama.
    /// - Throws: ``ModelError`` when the sizes are not a Llama's; `TensorFileError` when the file
    ///   is another model's or damaged; `FileIOError` when it is missing.
    package init(huggingFaceFile path: FilePath) throws {
        let config = try JSONContent.decode(Config.self, from: path)
        if let reason = config.differenceFromLlama {
            throw TensorFileError.unsupported(
                path: path,
                reason: reason,
                hint: "use a model of the Llama architecture"
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
        // Missing keys have the defaults of Hugging Face's program.
        let contextLength = config.max_position_embeddings ?? 2048
        let positions = config.rotaryPositions
        let scaling = try positions?.scaling(
            contextLength: contextLength,
            originalContextLength: config.original_max_position_embeddings,
            path: path
        )
        self = try ModelError.naming(path) {
            try Llama2Configuration(
                contextLength: contextLength,
                vocabularySize: vocabularySize,
                layerCount: layerCount,
                headCount: headCount,
                keyValueHeadCount: config.num_key_value_heads ?? headCount,
                headSize: config.head_dim,
                channels: channels,
                hiddenChannels: hiddenChannels,
                hasSeparateClassifier: !(config.tie_word_embeddings ?? false),
                ropeTheta: positions?.rope_theta ?? config.rope_theta ?? Self.llama2Theta,
                ropeScaling: scaling ?? .none,
                normEpsilon: config.rms_norm_eps ?? 1e-6
            )
        }
    }
}

/// The file's content; other keys do not matter.
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
    let original_max_position_embeddings: Int?
    let rms_norm_eps: Float?
    let rope_theta: Float?
    let partial_rotary_factor: Double?
    let rope_scaling: HuggingFaceRotaryPositions?
    /// Where newer versions keep three of these.
    let rope_parameters: HuggingFaceRotaryPositions?
    let tie_word_embeddings: Bool?
    let attention_bias: Bool?
    let mlp_bias: Bool?
    let hidden_act: String?

    /// The description that counts if a file has both.
    var rotaryPositions: HuggingFaceRotaryPositions? {
        if let rope_scaling, !rope_scaling.isEmpty { return rope_scaling }
        return rope_parameters
    }

    /// What makes this a different model from Llama, in words.
    var differenceFromLlama: String? {
        if let model_type, model_type != "llama" {
            return "it describes a model of type '\(model_type)'"
        }
        if attention_bias == true { return "its attention has biases ('attention_bias')" }
        if mlp_bias == true { return "its feed-forward network has biases ('mlp_bias')" }
        // Two names for one function.
        if let hidden_act, hidden_act != "silu", hidden_act != "swish" {
            return "its activation is '\(hidden_act)' instead of 'silu'"
        }
        let share = rotaryPositions?.partial_rotary_factor ?? partial_rotary_factor ?? 1
        if share != 1 {
            return "its rotary positions turn only part of each head ('partial_rotary_factor')"
        }
        return nil
    }
}

/// One of these objects; other keys do not matter.
struct HuggingFaceRotaryPositions: Decodable {
    let rope_theta: Float?
    let rope_type: String?
    /// The old name of `rope_type`.
    let type: String?
    let partial_rotary_factor: Double?
    let factor: Double?
    let low_freq_factor: Double?
    let high_freq_factor: Double?
    let attention_factor: Double?
    let original_max_position_embeddings: Int?

    /// Whether it contains nothing.
    var isEmpty: Bool {
        rope_theta == nil && kind == nil && factor == nil && partial_rotary_factor == nil
    }

    private var kind: String? { rope_type ?? type }

    /// The scaling that it describes.
    /// - Parameters:
    ///   - contextLength: The longest sequence.
    ///   - originalContextLength: The value next to the object, which takes precedence over the one
    ///     inside.
    ///   - path: The file, for errors.
    /// - Returns: ``RotaryScaling/none`` if its numbers change nothing.
    /// - Throws: `TensorFileError` for an unsupported kind, or a missing number.
    func scaling(
        contextLength: Int,
        originalContextLength: Int?,
        path: FilePath
    ) throws -> RotaryScaling {
        let kind = kind ?? "default"
        let original =
            originalContextLength ?? original_max_position_embeddings ?? contextLength
        switch kind {
        case "default":
            return .none
        case "linear", "llama3":
            let factor = try required(factor, "factor", path)
            // Whatever the kind, it then changes nothing.
            if factor == 1 { return .none }
            if kind == "linear" { return .linear(factor: factor) }
            return .llama3(
                factor: factor,
                lowFrequencyFactor: try required(low_freq_factor, "low_freq_factor", path),
                highFrequencyFactor: try required(high_freq_factor, "high_freq_factor", path),
                originalContextLength: original
            )
        case "dynamic", "yarn":
            // These numbers leave all positions unchanged.
            if factor == 1, attention_factor ?? 1 == 1, original == contextLength { return .none }
            fallthrough
        default:
            throw TensorFileError.unsupported(
                path: path,
                reason: "its rotary positions are scaled ('\(kind)')",
                hint: "use a Llama whose rope_type is 'default', 'linear' or 'llama3'"
            )
        }
    }

    private func required(_ value: Double?, _ key: String, _ path: FilePath) throws -> Double {
        if let value { return value }
        throw TensorFileError.malformed(
            path: path,
            what: "'\(key)' of its rotary positions",
            expected: "a number",
            found: "missing"
        )
    }
}
