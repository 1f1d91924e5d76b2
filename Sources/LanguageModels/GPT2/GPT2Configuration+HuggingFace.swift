// Reads Hugging Face's config.json of a GPT-2. Features that this GPT-2 lacks are refused, because
// the model would say something else.

import FileIO
import TensorFiles

extension GPT2Configuration {
    /// What Hugging Face's `config.json` says about a GPT-2 besides its sizes.
    struct HuggingFaceFile {
        let configuration: GPT2Configuration
        /// Whether the head shares the weights of the embedding.
        let isTied: Bool
    }

    /// Reads Hugging Face's `config.json` of a GPT-2.
    /// - Throws: ``ModelError`` when the sizes are not a GPT-2's; `TensorFileError` when the file
    ///   is another model's or damaged; `FileIOError` when it is missing.
    package init(huggingFaceFile path: FilePath) throws {
        self = try HuggingFaceFile(path).configuration
    }
}

extension GPT2Configuration.HuggingFaceFile {
    init(_ path: FilePath) throws {
        let config = try JSONContent.decode(Config.self, from: path)
        if let reason = config.difference {
            throw TensorFileError.unsupported(
                path: path,
                reason: reason,
                hint: "use a model that computes as OpenAI's GPT-2 does"
            )
        }
        isTied = config.tie_word_embeddings ?? true
        // Missing keys have the defaults of Hugging Face's program.
        configuration = try ModelError.naming(path) {
            try GPT2Configuration(
                contextLength: config.n_positions ?? config.n_ctx ?? 1024,
                vocabularySize: config.vocab_size ?? GPT2Configuration.gpt2VocabularySize,
                layerCount: config.n_layer ?? 12,
                headCount: config.n_head ?? 12,
                channels: config.n_embd ?? 768,
                activation: config.activation ?? .tanh
            )
        }
    }
}

/// The file's content; other keys do not matter.
private struct Config: Decodable {
    let model_type: String?
    let vocab_size: Int?
    let n_positions: Int?
    let n_ctx: Int?
    let n_embd: Int?
    let n_layer: Int?
    let n_head: Int?
    let n_inner: Int?
    let activation_function: String?
    let layer_norm_epsilon: Double?
    let scale_attn_weights: Bool?
    let scale_attn_by_inverse_layer_idx: Bool?
    let reorder_and_upcast_attn: Bool?
    let add_cross_attention: Bool?
    let tie_word_embeddings: Bool?

    /// Nil for an unknown one.
    var activation: GPT2Configuration.Activation? {
        switch activation_function {
        // The same function under other names.
        case nil, "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate": .tanh
        case "gelu_python": .exact
        case let name?: GPT2Configuration.Activation(rawValue: name)
        }
    }

    /// What makes this a different model from GPT-2, in words.
    var difference: String? {
        if let model_type, model_type != "gpt2" {
            return "it describes a model of type '\(model_type)'"
        }
        if let activation_function, activation == nil {
            return "its activation_function is '\(activation_function)' instead of 'gelu_new' or "
                + "'gelu'"
        }
        let channels = n_embd ?? 768
        if let n_inner, n_inner / 4 != channels || n_inner % 4 != 0 {
            return "its n_inner is \(n_inner) instead of four times the \(channels) of n_embd"
        }
        if let layer_norm_epsilon, Float(layer_norm_epsilon) != 1e-5 {
            return "its layer_norm_epsilon is \(layer_norm_epsilon) instead of 1e-05"
        }
        if scale_attn_weights == false { return "its scale_attn_weights is false" }
        for (name, value) in [
            ("scale_attn_by_inverse_layer_idx", scale_attn_by_inverse_layer_idx),
            ("reorder_and_upcast_attn", reorder_and_upcast_attn),
            ("add_cross_attention", add_cross_attention),
        ] where value == true {
            return "its \(name) is true"
        }
        return nil
    }
}
