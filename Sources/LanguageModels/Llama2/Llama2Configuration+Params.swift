// Meta's params.json, which gives the width of the feed-forward network by a rule, and leaves the
// vocabulary to the tokenizer.

import FileIO
import TensorFiles

extension Llama2Configuration {
    /// Llama 2's own context.
    public static let llama2ContextLength = 4096

    /// Reads Meta's `params.json`.
    /// - Parameters:
    ///   - path: The file.
    ///   - vocabularySize: V, which Llama 2's own files leave open (-1): the rows of the token
    ///     embedding, or the pieces of the tokenizer.
    ///   - contextLength: maxT, where the file does not say.
    /// - Throws: ``ModelError`` when the sizes are no Llama's or the vocabulary is another one;
    ///   `TensorFileError` when the file is damaged; `FileIOError` when it is missing.
    public init(
        paramsFile path: FilePath,
        vocabularySize: Int,
        contextLength: Int = llama2ContextLength
    ) throws {
        let params = try MappedFile(path).withIntactBytes {
            try JSONContent.decode(Params.self, from: $0, of: path)
        }
        if params.use_scaled_rope == true {
            throw TensorFileError.unsupported(
                path: path,
                reason: "its rotary positions are scaled ('use_scaled_rope'), by numbers that it "
                    + "leaves to Meta's program",
                hint: "use the directory that Hugging Face publishes of the model, which has them"
            )
        }
        if let found = params.vocab_size, found >= 0, found != vocabularySize {
            throw ModelError.mismatch(
                path: path,
                expected: "one of \(vocabularySize)",
                found: "a vocabulary of \(found)",
                hint: "use the files of one model together"
            )
        }
        self = try ModelError.naming(path) {
            try Llama2Configuration(
                contextLength: params.max_seq_len ?? contextLength,
                vocabularySize: vocabularySize,
                layerCount: params.n_layers,
                headCount: params.n_heads,
                keyValueHeadCount: params.n_kv_heads ?? params.n_heads,
                channels: params.dim,
                hiddenChannels: Self.hiddenChannels(
                    channels: params.dim,
                    multiplier: params.ffn_dim_multiplier,
                    multiple: params.multiple_of ?? 256
                ),
                hasSeparateClassifier: true,
                ropeTheta: params.rope_theta ?? Self.llama2Theta,
                normEpsilon: params.norm_eps ?? Self.llama2Epsilon
            )
        }
    }

    /// The width of Llama's feed-forward network: two thirds of four times the channels, because
    /// SwiGLU has three matrices where others have two; times a factor that some models have; and
    /// rounded up to a multiple.
    /// - Throws: ``ModelError/invalidConfiguration(reason:)`` when no width comes out.
    static func hiddenChannels(channels: Int, multiplier: Double?, multiple: Int) throws -> Int {
        let limit = 1 << 30
        for (name, value) in [
            ("the number of channels", channels), ("the multiple of hidden channels", multiple),
        ] where value < 1 || value > limit {
            throw ModelError.invalidConfiguration(
                reason: "\(name) is \(value) and must be between 1 and \(limit)"
            )
        }
        var width = 2 * 4 * channels / 3
        if let multiplier {
            // Rounded towards zero between the steps, as Meta's program does.
            guard let scaled = Int(exactly: (multiplier * Double(width)).rounded(.towardZero)),
                (1...limit).contains(scaled)
            else {
                throw ModelError.invalidConfiguration(
                    reason: "the factor of the hidden channels is \(multiplier)"
                )
            }
            width = scaled
        }
        return (width + multiple - 1) / multiple * multiple
    }
}

/// The file's content; keys it may have besides are of no interest.
private struct Params: Decodable {
    let dim: Int
    let n_layers: Int
    let n_heads: Int
    let n_kv_heads: Int?
    let vocab_size: Int?
    let multiple_of: Int?
    let ffn_dim_multiplier: Double?
    let norm_eps: Float?
    let rope_theta: Float?
    let use_scaled_rope: Bool?
    let max_seq_len: Int?
}
