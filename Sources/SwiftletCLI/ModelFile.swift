// Which kind of model a path leads to, and opening it to generate.

import Swiftlet

/// The file or directory of a model that generates.
struct ModelFile {
    /// The kinds of model there are.
    enum Family {
        case gpt2, llama2
    }

    let path: FilePath
    let family: Family

    /// Looks at what is at `path`; in a training run, at the model of a checkpoint.
    /// - Throws: ``UnexpectedFileError`` when it is no model.
    init(_ path: FilePath, checkpoint: CheckpointSelection?) throws {
        let kind = try FileKind(of: path)
        if kind == .runDirectory {
            self.path = try RunDirectory(path).modelPath(checkpoint ?? .latest)
            family = .gpt2
            return
        }
        if kind == .model {
            family = .gpt2
        } else if Self.isLlama2(path, kind) {
            family = .llama2
        } else {
            throw UnexpectedFileError(
                path: path,
                expected: [.model, .runDirectory, .llama2c, .modelDirectory],
                found: kind
            )
        }
        try ModelOptions.refuse(checkpoint, of: path)
        self.path = path
    }

    /// Whether a file or directory of this kind is a Llama 2, or one of its files.
    static func isLlama2(_ path: FilePath, _ kind: FileKind) -> Bool {
        switch kind {
        case .llama2c, .modelDirectory: true
        case .safetensors, .pyTorch, .json: Llama2Checkpoint.isDirectory(path.directory)
        default: false
        }
    }

    /// Opens the model to generate with it.
    func open(_ precision: PrecisionOptions, ops: Ops) throws -> GeneratingModel {
        switch family {
        case .gpt2:
            let model = try GPT2Decoder(
                llmcCheckpoint: path,
                precision: precision.weightFormat,
                cachePrecision: precision.cachePrecision,
                ops: ops
            )
            return .gpt2(model)
        case .llama2:
            let model = try Llama2Decoder(
                Llama2Checkpoint(contentsOf: path),
                precision: precision.weightFormat,
                cachePrecision: precision.cachePrecision,
                ops: ops
            )
            return .llama2(model)
        }
    }
}

/// A model that generates, of whichever kind it is.
enum GeneratingModel {
    case gpt2(GPT2Decoder)
    case llama2(Llama2Decoder)

    var parameterCount: Int {
        switch self {
        case .gpt2(let model): model.configuration.unpaddedParameterCount
        case .llama2(let model): model.configuration.parameterCount
        }
    }
}

extension FilePath {
    /// The directory that a file is in.
    var directory: FilePath {
        let directory = removingLastComponent()
        return directory.isEmpty ? "." : directory
    }
}

extension ModelOptions {
    /// The model these options name, which may be one of a training run.
    func modelFile() throws -> ModelFile {
        try ModelFile(FilePath(model), checkpoint: checkpoint)
    }

    /// The tokenizer of a Llama: the one these options name, or else the one beside the model.
    func sentencePieceTokenizer(of model: ModelFile) throws -> SentencePieceTokenizer {
        if let tokenizer {
            let path = FilePath(tokenizer)
            try FileKind.require(.sentencePiece, .modelDirectory, .directory, at: path)
            return try SentencePieceTokenizer(contentsOf: path)
        }
        let isDirectory = FileSystem.isDirectory(model.path)
        let directory = isDirectory ? model.path : model.path.directory
        let candidates = ["tokenizer.model", "tokenizer.bin"].map { directory.appending($0) }
        guard let path = candidates.first(where: FileSystem.exists) else {
            throw noTokenizer(beside: model.path)
        }
        try FileKind.require(.sentencePiece, at: path)
        return try SentencePieceTokenizer(contentsOf: path)
    }
}
