// The front door of tokenizers: which one a path leads to, whether it is a tokenizer's own file or
// a model with one in it or next to it. The readers of each kind are elsewhere.

import FileIO
import LanguageModels
import TensorFiles
import Tokenization

/// A tokenizer at a path, of any kind, of which only the kind has been determined.
///
/// ```swift
/// let tokenizer = try TokenizerSource("SmolLM2-135M-Instruct.Q8_0.gguf").tokenizer()
/// ```
package struct TokenizerSource {
    private enum Content {
        case files(TokenizerFiles)
        case keys(GGUFTokenizer)
    }

    /// The file that says which tokens there are.
    package let path: FilePath
    private let content: Content

    /// Finds the tokenizer at `path`.
    /// - Parameters:
    ///   - path: What `loadTokenizer(at:vocabularySize:)` takes, a GGUF file, or a model's file or
    ///     directory, or a run's, with a tokenizer next to the model.
    ///   - isByteLevel: Whether a byte-level tokenizer is needed, so that SentencePiece files in a
    ///     directory are skipped.
    /// - Throws: ``UnexpectedFileError`` when it is something else, or an error about what is wrong
    ///   with the files.
    package init(_ path: FilePath, isByteLevel: Bool = false) throws {
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
            } catch TextTokenizerError.nothingInDirectory {
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
            } catch TextTokenizerError.nothingInDirectory {
                throw unexpected()
            }
        case .debugState, .tokenShard, .evaluationShard, .optimizerState, .zip, .empty, .unknown:
            throw unexpected()
        }
    }

    /// The tokenizer in a GGUF file, with the form of conversations from a file next to it if it
    /// names none; nil if it has no tokenizer.
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
    ///   have; nil if unknown.
    /// - Returns: The tokenizer.
    /// - Throws: `TextTokenizerError` when the content is damaged, of another model, or asks for
    ///   something unsupported; `FileIOError` when a file is missing or ends early.
    package func tokenizer(vocabularySize: Int? = nil) throws -> any Tokenizer {
        switch content {
        case .files(let files): return try files.load(vocabularySize: vocabularySize)
        case .keys(let keys):
            let tokenizer = try TokenizerDescription(keys, path: path).makeTokenizer(from: path)
            try tokenizer.checkCount(expected: vocabularySize, path: path)
            return tokenizer
        }
    }

    /// Reads a tokenizer that must be byte-level.
    /// - Returns: The tokenizer.
    /// - Throws: `TextTokenizerError/otherKind(path:found:)` for another kind, and as
    ///   ``tokenizer(vocabularySize:)``.
    package func bytePairTokenizer() throws -> BytePairTokenizer {
        guard let tokenizer = try tokenizer() as? BytePairTokenizer else {
            throw TextTokenizerError.otherKind(path: path, found: .sentencePiece)
        }
        return tokenizer
    }

    /// Reads what decoding needs; unlike encoding, decoding is possible with any tokens in llm.c's
    /// file, which has no merges.
    /// - Returns: The decoder.
    /// - Throws: As ``tokenizer(vocabularySize:)``.
    package func decoder() throws -> any TokenDecoder {
        if case .files(.llmc(let file)) = content { return try Vocabulary(llmcFile: file) }
        return try tokenizer()
    }
}
