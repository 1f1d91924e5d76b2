// What adapter_config.json says about an adapter: how its matrices are scaled, and whether it is of
// a kind that is more than two matrices next to a layer, which is refused by name.

import FileIO
import TensorFiles

extension LowRankAdapter {
    /// An adapter's configuration.
    struct Configuration {
        private let path: FilePath
        private let content: Content

        /// Reads a configuration.
        /// - Throws: `TensorFileError` when it is damaged, or of an unsupported kind.
        init(_ path: FilePath) throws {
            self.path = path
            content = try JSONContent.decode(Content.self, from: path)
            if let reason = content.unknownKind { throw unsupported(reason) }
        }

        /// Where the model is that the adapter was trained on; nil if not given.
        var baseModel: String? { content.base_model_name_or_path }

        /// Whether alpha is divided by the root of the rank, not by the rank.
        var usesRootOfRank: Bool { content.use_rslora == true }

        /// The alpha of a layer.
        /// - Throws: `TensorFileError` when it is not a number, or ambiguous.
        func alpha(of layer: String) throws -> Float {
            // A key stands for the layers whose names end with it.
            let own = (content.alpha_pattern ?? [:])
                .filter { layer == $0.key || layer.hasSuffix("." + $0.key) }
            guard Set(own.values).count <= 1 else {
                let keys = own.keys.sorted().joined(separator: "' and '")
                throw unsupported("'\(keys)' of its alpha_pattern both match '\(layer)'")
            }
            let alpha = own.first?.value ?? content.lora_alpha
            guard alpha.isFinite else {
                throw TensorFileError.malformed(
                    path: path,
                    what: "the alpha of '\(layer)'",
                    expected: "a number that float32 holds",
                    found: "\(alpha)"
                )
            }
            return alpha
        }

        private func unsupported(_ reason: String) -> TensorFileError {
            .unsupported(path: path, reason: reason, hint: "train the adapter as plain LoRA")
        }
    }
}

/// The keys that matter; those that only training needs are skipped.
private struct Content: Decodable {
    /// Any value, of which only the kind matters.
    enum Setting: Decodable {
        case off
        case on
        case text(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self =
                    container.decodeNil() || (try? container.decode(Bool.self)) == false
                    ? .off : .on
            }
        }
    }

    let peft_type: String
    let base_model_name_or_path: String?
    let lora_alpha: Float
    let use_rslora: Bool?
    let alpha_pattern: [String: Float]?
    let bias: String?
    let modules_to_save: [String]?
    let init_lora_weights: Setting?
    let use_dora: Setting?
    let use_qalora: Setting?
    let use_bdlora: Setting?
    let alora_invocation_tokens: Setting?
    let layer_replication: Setting?

    /// Initializations that leave the model's own weights unchanged; others change them, and the
    /// adapter is for the changed ones.
    private static let beginnings = ["gaussian", "eva", "orthogonal"]

    /// What makes it an unsupported kind of adapter; nil for a LoRA.
    var unknownKind: String? {
        if peft_type != "LORA" { return "it is an adapter of type '\(peft_type)', not LORA" }
        let kinds: [(Setting?, String)] = [
            (use_dora, "it is a DoRA (use_dora)"),
            (use_qalora, "it is a QALoRA (use_qalora)"),
            (use_bdlora, "it is a BD-LoRA (use_bdlora)"),
            (alora_invocation_tokens, "it acts on part of a text (alora_invocation_tokens)"),
            (layer_replication, "it repeats layers of the model (layer_replication)"),
        ]
        for case (.on?, let reason) in kinds { return reason }
        if case .text(let beginning)? = init_lora_weights, !Self.beginnings.contains(beginning) {
            return "its initialization changed the model's own weights (init_lora_weights is "
                + "'\(beginning)')"
        }
        if let bias, bias != "none" { return "it was trained with bias '\(bias)'" }
        if let modules_to_save, !modules_to_save.isEmpty {
            return "it replaces whole modules (modules_to_save)"
        }
        let pattern = alpha_pattern?.keys.sorted().first { key in
            !key.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
        }
        if let pattern { return "'\(pattern)' of its alpha_pattern is a regular expression" }
        return nil
    }
}
