// Rotary positions as Hugging Face's config.json describes them: in `rope_scaling`, and in newer
// files in `rope_parameters`.

import FileIO
import TensorFiles

/// One of these objects; keys it may have besides are of no interest.
struct HuggingFaceRotaryPositions: Decodable {
    let rope_theta: Float?
    let rope_type: String?
    /// What `rope_type` was called before.
    let type: String?
    let partial_rotary_factor: Double?
    let factor: Double?
    let low_freq_factor: Double?
    let high_freq_factor: Double?
    let attention_factor: Double?
    let original_max_position_embeddings: Int?

    /// Whether it says nothing at all.
    var isEmpty: Bool {
        rope_theta == nil && kind == nil && factor == nil && partial_rotary_factor == nil
    }

    private var kind: String? { rope_type ?? type }

    /// What it asks for.
    /// - Parameters:
    ///   - contextLength: The longest sequence.
    ///   - originalContextLength: What stands beside the object, which counts before what is in it.
    ///   - path: The file, for errors.
    /// - Returns: ``RotaryScaling/none`` where its numbers change nothing.
    /// - Throws: `TensorFileError` for a kind that we do not have, or a number that is missing.
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
            // With these numbers they leave all positions as they are.
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
