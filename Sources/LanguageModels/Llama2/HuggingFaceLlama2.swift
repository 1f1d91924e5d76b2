// Llama 2 as Hugging Face's programs store it: tensors under names of their own, and the rows of wq
// and wk in another order, because there rotary positions turn the halves of a head instead of
// neighbours.

import FileIO
import TensorFiles
import Tensors

/// A directory of Hugging Face's.
struct HuggingFaceLlama2: Llama2WeightSource {
    let configuration: Llama2Configuration
    private let archive: TensorArchive

    static let configurationName = "config.json"

    /// Opens the files of a directory.
    /// - Throws: ``ModelError``, `TensorFileError` or `FileIOError`.
    init(_ directory: FilePath) throws {
        configuration = try Llama2Configuration(
            huggingFaceFile: directory.appending(Self.configurationName)
        )
        archive = try TensorArchive(contentsOf: directory)
        // A bias would be left out without a word, and the model would be another one.
        if let bias = archive.tensors.first(where: { $0.name.hasSuffix(".bias") }) {
            throw TensorFileError.unsupported(
                path: archive.path,
                reason: "it has a bias, '\(bias.name)', and Llama 2 has none",
                hint: "use a model of the Llama 2 architecture"
            )
        }
        // All shapes are looked at now, so that nothing is wrong later.
        for weight in configuration.weights {
            for layer in configuration.layers(of: weight) {
                _ = try stored(weight, layer: layer)
            }
        }
    }

    func tensor(_ weight: Llama2Weight, layer: Int) throws -> Tensor {
        let stored = try stored(weight, layer: layer)
        switch weight {
        case .wq, .wk:
            return try Self.withNeighboursPaired(
                stored.floats(),
                headSize: configuration.headSize
            )
        default: return try stored.tensor()
        }
    }

    var tensors: [StoredTensor] { archive.tensors }

    private func stored(_ weight: Llama2Weight, layer: Int) throws -> StoredTensor {
        try archive.tensor(
            weight.huggingFaceName(layer: layer),
            shape: weight.shape(in: configuration)
        )
    }

    /// The rows of every head put in the order in which rotary positions turn neighbours: row 2i of
    /// a head is what was row i, and row 2i + 1 what was row i + HS / 2.
    static func withNeighboursPaired(_ rows: Tensor, headSize HS: Int) throws -> Tensor {
        let result = try Tensor(zeros: rows.shape)
        for row in 0..<rows.shape[0] {
            let (head, i) = (row / HS, row % HS)
            result[row].copy(from: rows[head * HS + i / 2 + (i % 2) * (HS / 2)])
        }
        return result
    }
}

extension Llama2Weight {
    /// The name in Hugging Face's files.
    func huggingFaceName(layer: Int) -> String {
        switch self {
        case .tokenEmbedding: "model.embed_tokens.weight"
        case .attentionNorm: "model.layers.\(layer).input_layernorm.weight"
        case .wq: "model.layers.\(layer).self_attn.q_proj.weight"
        case .wk: "model.layers.\(layer).self_attn.k_proj.weight"
        case .wv: "model.layers.\(layer).self_attn.v_proj.weight"
        case .wo: "model.layers.\(layer).self_attn.o_proj.weight"
        case .feedForwardNorm: "model.layers.\(layer).post_attention_layernorm.weight"
        case .w1: "model.layers.\(layer).mlp.gate_proj.weight"
        case .w2: "model.layers.\(layer).mlp.down_proj.weight"
        case .w3: "model.layers.\(layer).mlp.up_proj.weight"
        case .finalNorm: "model.norm.weight"
        case .classifier: "lm_head.weight"
        }
    }
}
