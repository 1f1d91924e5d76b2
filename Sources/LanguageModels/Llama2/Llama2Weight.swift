// The weights of a Llama 2 by name and shape. Every reader and writer of its files uses this data,
// so none of them can drift from the others. One table per container says what it calls them, and
// how they are laid out.

import FileIO
import TensorFiles

/// A kind of weight, in the order of llama2.c's files of version 0; the raw value is its name
/// there.
package enum Llama2Weight: String, WeightKind {
    case tokenEmbedding = "tok_emb"
    case attentionNorm = "rms_att"
    case wq
    case wk
    case wv
    case wo
    case feedForwardNorm = "rms_ffn"
    case w1
    case w2
    case w3
    case finalNorm = "rms_final"
    /// Only if the token embedding does not serve as the classifier.
    case classifier = "wcls"

    /// Whether every layer has one.
    package var isLayered: Bool {
        switch self {
        case .tokenEmbedding, .finalNorm, .classifier: false
        default: true
        }
    }

    /// Whether it scales channels instead of being a matrix; such weights are never quantized.
    package var isNorm: Bool {
        [.attentionNorm, .feedForwardNorm, .finalNorm].contains(self)
    }

    /// What it is for.
    package var role: ModelWeight.Role {
        if isNorm { return .norm }
        return self == .tokenEmbedding ? .embedding : .matrix
    }

    /// The part of the model it belongs to.
    package var part: ModelWeight.Part {
        switch self {
        case .tokenEmbedding: .embeddings
        case .wq, .wk, .wv, .wo: .attention
        case .w1, .w2, .w3: .mlp
        case .attentionNorm, .feedForwardNorm, .finalNorm: .norms
        case .classifier: .classifier
        }
    }

    /// The shape of one weight, matrices as (out, in).
    package func shape(in configuration: Llama2Configuration) -> [Int] {
        let C = configuration.channels
        switch self {
        case .tokenEmbedding, .classifier: return [configuration.vocabularySize, C]
        case .attentionNorm, .feedForwardNorm, .finalNorm: return [C]
        case .wq: return [configuration.attentionChannels, C]
        case .wo: return [C, configuration.attentionChannels]
        case .wk, .wv: return [configuration.keyValueChannels, C]
        case .w1, .w3: return [configuration.hiddenChannels, C]
        case .w2: return [C, configuration.hiddenChannels]
        }
    }
}

extension Llama2Configuration {
    /// The kinds of weight in a model of these sizes.
    package var weightKinds: [Llama2Weight] {
        Llama2Weight.allCases.filter { $0 != .classifier || hasSeparateClassifier }
    }
}

extension ModelWeight {
    /// Its layer; 0 where there are no layers.
    var layerIndex: Int { layer ?? 0 }
}

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
    /// Their rows of wq and wk are in a different order, because rotary positions turn the halves
    /// of a head instead of neighbors.
    package var huggingFaceNaming: WeightNaming {
        WeightNaming(
            self,
            blockPrefix: "model.layers.",
            buffers: [".rotary_emb.inv_freq"]
        ) { weight in
            let kind = Llama2Weight(of: weight)
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
