// Small Llamas of random weights, in the files of llama2.c and Hugging Face, with a tokenizer that
// knows bytes only.

import FileIO
import LanguageModels
import RandomNumbers
import Tensors
import TestSupport

/// Writes llama2.c's tokenizer of the markers and the bytes, 259 pieces.
@discardableResult
func writeByteTokenizer(to path: FilePath) throws -> FilePath {
    let names =
        ["<unk>", "\n<s>\n", "\n</s>\n"]
        + (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16).uppercased() + ">" }
    func word(_ value: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(value).littleEndian) { Array($0) }
    }
    let pieces = names.flatMap { word(0) + word($0.utf8.count) + Array($0.utf8) }
    return try writeBytes(word(6) + pieces, to: path)
}

/// Calls `body` with a model of llama2.c's and its tokenizer, in a directory of their own.
func withLlama(
    version: Llama2CFile.Version = .legacy,
    context: Int = 96,
    _ body: (_ model: String, _ tokenizer: String) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let path = directory.appending("model.bin")
        try writeLlama(to: path, version: version, context: context)
        let tokenizer = try writeByteTokenizer(to: directory.appending("tokenizer.bin"))
        try body(path.string, tokenizer.string)
    }
}

/// Writes a model of llama2.c's for the tokenizer of bytes.
func writeLlama(
    to path: FilePath,
    version: Llama2CFile.Version = .legacy,
    context: Int
) throws {
    let configuration = try Llama2Configuration(
        contextLength: context,
        vocabularySize: 259,
        layerCount: 2,
        headCount: 4,
        keyValueHeadCount: 2,
        channels: 32,
        hiddenChannels: 64,
        hasSeparateClassifier: false
    )
    var generator = MersenneTwister(seed: 5)
    try MemoryWeights(randomWeights: configuration, using: &generator)
        .writeLlama2C(to: path, version: version, ops: Ops(threadCount: 1))
}

/// Writes a model as Hugging Face does, in two files, with the tokenizer beside it.
func writeHuggingFaceLlama(in directory: FilePath) throws {
    let (C, H, V) = (16, 24, 259)
    let config = """
        {"model_type": "llama", "hidden_size": \(C), "intermediate_size": \(H),
         "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": \(V),
         "max_position_embeddings": 64, "tie_word_embeddings": true, "rope_theta": 10000.0}
        """
    try writeBytes(Array(config.utf8), to: directory.appending("config.json"))
    try writeByteTokenizer(to: directory.appending("tokenizer.model"))
    let layer = "model.layers.0."
    let files = [
        "model-00001-of-00002.safetensors": [("model.embed_tokens.weight", [V, C])],
        "model-00002-of-00002.safetensors": [
            (layer + "input_layernorm.weight", [C]), (layer + "self_attn.q_proj.weight", [C, C]),
            (layer + "self_attn.k_proj.weight", [C, C]),
            (layer + "self_attn.v_proj.weight", [C, C]),
            (layer + "self_attn.o_proj.weight", [C, C]),
            (layer + "post_attention_layernorm.weight", [C]),
            (layer + "mlp.gate_proj.weight", [H, C]), (layer + "mlp.up_proj.weight", [H, C]),
            (layer + "mlp.down_proj.weight", [C, H]), ("model.norm.weight", [C]),
        ],
    ]
    var places: [String] = []
    for (file, tensors) in files {
        try writeSafetensors(tensors, to: directory.appending(file))
        places += tensors.map { "\"\($0.0)\": \"\(file)\"" }
    }
    let index = "{\"weight_map\": {\(places.joined(separator: ", "))}}"
    try writeBytes(Array(index.utf8), to: directory.appending("model.safetensors.index.json"))
}

/// Writes float32 tensors of small numbers.
func writeSafetensors(_ tensors: [(name: String, shape: [Int])], to path: FilePath) throws {
    var (entries, data): ([String], [UInt8]) = ([], [])
    for (name, shape) in tensors {
        let start = data.count
        for i in 0..<shape.reduce(1, *) {
            let value = Float((i * 7919 + start) % 101 - 50) / 64
            data += withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
        let offsets = "[\(start), \(data.count)]"
        entries.append(
            "\"\(name)\": {\"dtype\": \"F32\", \"shape\": \(shape), \"data_offsets\": \(offsets)}"
        )
    }
    let header = "{\(entries.joined(separator: ", "))}"
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    try writeBytes(length + Array(header.utf8) + data, to: path)
}
