// The formats that models are stored in.

import TensorFiles

/// What a model's weights are stored in.
public enum ModelFormat: Sendable, Equatable {
    /// llm.c's model file.
    case llmc(version: Int)
    /// llama2.c's checkpoint; of version 2 with the number of elements that share a scale.
    case llama2c(version: Int, groupSize: Int?)
    /// Hugging Face's `config.json` with tensors in a container.
    case huggingFace(TensorArchive.Container)
    /// Meta's `params.json` and `consolidated.NN.pth`.
    case meta
    /// nanoGPT's `ckpt.pt`.
    case nanoGPT
    /// llama.cpp's GGUF.
    case gguf
    /// No file.
    case memory

    /// The name, as `info` gives it.
    public var name: String {
        switch self {
        case .llmc: "llm.c"
        case .llama2c: "llama2c"
        case .huggingFace(let container): container.name
        case .meta: "meta"
        case .nanoGPT: "nanogpt"
        case .gguf: "gguf"
        case .memory: "memory"
        }
    }

    /// The version, where a format has several.
    public var version: Int? {
        switch self {
        case .llmc(let version), .llama2c(let version, _): version
        default: nil
        }
    }

    /// Elements that share a scale, where a file has groups of its own size.
    public var groupSize: Int? {
        if case .llama2c(_, let size) = self { size } else { nil }
    }
}
