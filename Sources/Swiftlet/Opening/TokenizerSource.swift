// The front door of tokenizers: which one a path leads to, whether it is a tokenizer's own file or
// that of a model with one in it or beside it. How each kind is read is told elsewhere.

import FileIO
import LanguageModels
import TensorFiles
import Tokenization

/// A tokenizer at a path, of any kind, of which only what it is was looked at.
///
/// ```swift
/// let tokenizer = try TokenizerSource("SmolLM2-135M-Instruct.Q8_0.gguf").tokenizer()
/// ```
public struct TokenizerSource {
    private enum Content {
        case files(TokenizerFiles)
        case keys(GGUFTokenizer)
    }

    /// The file that says which tokens there are.
    public let path: FilePath
    private let content: Content

    /// Looks at what is at `path`.
    /// - Parameters:
    ///   - path: What `loadTokenizer(at:vocabularySize:)` takes, a GGUF file, or a model's file or
    ///     directory or that of a run with a tokenizer beside the model.
    ///   - isByteLevel: Whether a byte-level tokenizer is needed, so that SentencePiece's files in
    ///     a directory are passed over.
    /// - Throws: ``UnexpectedFileError`` when it is something else, or what says what is wrong with
    ///   the files.
    public init(_ path: FilePath, isByteLevel: Bool = false) throws {
        let kind = try FileKind(of: path)
        func unexpected() -> UnexpectedFileError {
            UnexpectedFileError(
                path: path,
                expected: [.tokenizer, .sentencePiece, .gguf, .modelDirectory],
                found: kind
            )
        }
        switch kind {
        case .gguf:
            if let source = try Self(path, GGUFFile(contentsOf: path).metadata) {
                self = source
                return
            }
            do {
                self.init(try TokenizerFiles(at: path.directory, isByteLevel: isByteLevel))
            } catch TokenizerError.nothingInDirectory {
                throw OpeningError.noTokenizer(model: path)
            }
        case .modelDirectory:
            if let file = try ModelDirectory.ggufFile(in: path) {
                try self.init(file, isByteLevel: isByteLevel)
            } else {
                self.init(try TokenizerFiles(at: path, isByteLevel: isByteLevel))
            }
        case .tokenizer, .sentencePiece, .json, .text, .directory, .runDirectory:
            self.init(try TokenizerFiles(at: path, isByteLevel: isByteLevel))
        case .model, .llama2c, .safetensors, .pyTorch:
            do {
                self.init(try TokenizerFiles(at: path.directory, isByteLevel: isByteLevel))
            } catch TokenizerError.nothingInDirectory {
                throw unexpected()
            }
        case .debugState, .tokenShard, .evaluationShard, .optimizerState, .zip, .empty, .unknown:
            throw unexpected()
        }
    }

    /// The tokenizer in a GGUF file, with the form of conversations that lies beside the file where
    /// it names none; nil where it has no tokenizer.
    init?(_ path: FilePath, _ metadata: GGUFMetadata) throws {
        guard var keys = try GGUFTokenizer(metadata) else { return nil }
        if keys.chatTemplate == nil {
            keys.chatTemplate = try TokenizerDescription.chatTemplate(in: path.directory)
        }
        self.path = path
        content = .keys(keys)
    }

    /// The tokenizer in some files.
    init(_ files: TokenizerFiles) {
        path = files.path
        content = .files(files)
    }

    /// Reads the tokenizer.
    /// - Parameter vocabularySize: The number of tokens the model knows, the most the tokenizer may
    ///   have; nil when it is not known.
    /// - Returns: The tokenizer.
    /// - Throws: `TokenizerError` when the content is damaged, of another model, or asks for what
    ///   is not known here; `FileIOError` when a file is missing or ends early.
    public func tokenizer(vocabularySize: Int? = nil) throws -> any Tokenizer {
        switch content {
        case .files(let files): return try files.load(vocabularySize: vocabularySize)
        case .keys(let keys):
            let tokenizer = try TokenizerDescription(keys, path: path).makeTokenizer(from: path)
            try tokenizer.checkCount(expected: vocabularySize, path: path)
            return tokenizer
        }
    }

    /// Reads a tokenizer that must be a byte-level one.
    /// - Returns: The tokenizer.
    /// - Throws: `TokenizerError/otherKind(path:found:)` for another, and as
    ///   ``tokenizer(vocabularySize:)``.
    public func bytePairTokenizer() throws -> BytePairTokenizer {
        guard let tokenizer = try tokenizer() as? BytePairTokenizer else {
            throw TokenizerError.otherKind(path: path, found: .sentencePiece)
        }
        return tokenizer
    }

    /// Reads what decoding needs; unlike encoding, that is possible with any tokens in llm.c's
    /// file, which holds no merges.
    /// - Returns: The decoder.
    /// - Throws: As ``tokenizer(vocabularySize:)``.
    public func decoder() throws -> any TokenDecoder {
        if case .files(.llmc(let file)) = content { return try Vocabulary(llmcFile: file) }
        return try tokenizer()
    }
}
