// What containers call the weights of a Llama, and how they lie there: one table for each.

import FileIO
import TensorFiles

extension ArchivedWeights<Llama2Configuration> {
    /// Opens Hugging Face's files.
    /// - Parameters:
    ///   - configurationFile: `config.json`.
    ///   - tensors: The file of the tensors, or their directory.
    /// - Throws: ``ModelError``, `TensorFileError` or `FileIOError`.
    init(llama configurationFile: FilePath, tensors: FilePath) throws {
        let configuration = try Llama2Configuration(huggingFaceFile: configurationFile)
        let archive = try TensorArchive(contentsOf: tensors)
        try self.init(
            configuration,
            in: archive,
            naming: configuration.huggingFaceNaming,
            format: .huggingFace(archive.container)
        )
    }
}

extension Llama2Configuration {
    /// Hugging Face's names.
    ///
    /// Rows of wq and wk are in another order there, because rotary positions turn the halves of a
    /// head instead of neighbors.
    public var huggingFaceNaming: WeightNaming {
        WeightNaming(
            self,
            blockPrefix: "model.layers.",
            buffers: [".rotary_emb.inv_freq"]
        ) { weight in
            let kind = weight.llama2Kind
            let name = kind.huggingFaceName(layer: weight.layerIndex)
            switch kind {
            case .wq, .wk: return .tensor(name, .halves(headSize: headSize))
            default: return .tensor(name)
            }
        }
    }
}

extension Llama2Weight {
    /// The name in Hugging Face's files.
    fileprivate func huggingFaceName(layer: Int) -> String {
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

    /// The name in Meta's files.
    func metaName(layer: Int) -> String {
        switch self {
        case .tokenEmbedding: "tok_embeddings.weight"
        case .attentionNorm: "layers.\(layer).attention_norm.weight"
        case .wq, .wk, .wv, .wo: "layers.\(layer).attention.\(rawValue).weight"
        case .feedForwardNorm: "layers.\(layer).ffn_norm.weight"
        case .w1, .w2, .w3: "layers.\(layer).feed_forward.\(rawValue).weight"
        case .finalNorm: "norm.weight"
        case .classifier: "output.weight"
        }
    }
}
