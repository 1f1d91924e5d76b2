// Which kind of model a path leads to, and opening it to generate.

import Swiftlet

/// The file or directory of a model that generates, of which only what it says of itself is read.
struct ModelFile {
    let path: FilePath
    let weights: any ModelWeights

    /// Looks at what is at `path`; in a training run, at the model of a checkpoint.
    /// - Throws: ``UnexpectedFileError`` when it is no model, and the errors of models' files.
    init(_ path: FilePath, checkpoint: CheckpointSelection?) throws {
        let kind = try FileKind(of: path)
        if try Self.isForeign(path, kind) {
            self.path = path
            try CheckpointSelection.refuse(checkpoint, of: path)
        } else {
            guard [.model, .runDirectory].contains(kind) else {
                throw UnexpectedFileError(
                    path: path,
                    expected: [.model, .runDirectory, .llama2c, .modelDirectory],
                    found: kind
                )
            }
            self.path = try CheckpointSelection.modelFile(path, checkpoint)
        }
        weights = try openWeights(at: self.path)
    }

    /// Whether it is a GPT-2; else it is a Llama.
    var isGPT2: Bool { weights is any ModelWeights<GPT2Configuration> }

    private var configuration: any ModelConfiguration { weights.configuration }

    /// V: token ids run from 0 to one less.
    var vocabularySize: Int { configuration.vocabularySize }

    /// maxT: the longest sequence.
    var contextLength: Int { configuration.contextLength }

    /// Its weights, without those that pad the vocabulary.
    var parameterCount: Int { configuration.parameterCount }

    /// Whether a file or directory of this kind is a model that others wrote, or one of its files.
    /// - Throws: ``CommandError`` for tensors without the file that says what model they are.
    static func isForeign(_ path: FilePath, _ kind: FileKind) throws -> Bool {
        switch kind {
        case .llama2c, .modelDirectory: return true
        case .safetensors, .pyTorch, .json:
            if ModelDirectory.isOne(path.directory) { return true }
            if kind == .json { return false }
            throw CommandError(
                .missingInput,
                "'\(path)' is \(kind) of tensors, but neither config.json nor params.json lies "
                    + "beside it, which says what model they are; copy it there"
            )
        default: return false
        }
    }

    /// Opens the model to generate with it.
    func open(_ precision: PrecisionOptions, ops: Ops) throws -> any LanguageModel {
        try weights.makeModel(
            precision: precision.weights,
            cachePrecision: precision.cache,
            ops: ops
        )
    }
}

extension ModelArguments {
    /// The model these options name, which may be one of a training run.
    func modelFile() throws -> ModelFile {
        try ModelFile(model, checkpoint: checkpoint)
    }

    /// The tokenizer of a Llama: the one these options name, or else the one beside the model.
    /// - Throws: ``TokenizerError`` also when it has more tokens than the model.
    func sentencePieceTokenizer(of model: ModelFile) throws -> SentencePieceTokenizer {
        if let path = tokenizer {
            try TokenizerFile.requireSentencePiece(path)
            return try model.sentencePieceTokenizer(at: path)
        }
        let directory = model.directory
        guard let path = model.sentencePiecePath else {
            guard FileSystem.exists(directory.appending("tokenizer.json")) else {
                throw noTokenizer(beside: model.path)
            }
            throw CommandError(
                .missingInput,
                "only tokenizer.json lies beside the model '\(model.path)', and of a Llama's "
                    + "tokenizers tokenizer.model is read; copy it there or name it with --tokenizer"
            )
        }
        try FileKind.require(.sentencePiece, at: path)
        do {
            return try model.sentencePieceTokenizer(at: path)
        } catch let error as TokenizerError {
            guard case .wrongCount = error else { throw error }
            throw CommandError(.wrongContent, "\(error), and name it with --tokenizer")
        }
    }

}

extension ModelFile {
    fileprivate var directory: FilePath { FileSystem.isDirectory(path) ? path : path.directory }

    /// A Llama's tokenizer that lies beside the model.
    var sentencePiecePath: FilePath? {
        SentencePieceTokenizer.fileNames.map { directory.appending($0) }
            .first(where: FileSystem.exists)
    }

    fileprivate func sentencePieceTokenizer(at path: FilePath) throws -> SentencePieceTokenizer {
        let tokenizer = try SentencePieceTokenizer(contentsOf: path)
        try ModelTokenizer.check(tokenizer.vocabularySize, path, vocabularySize: vocabularySize)
        return tokenizer
    }
}
