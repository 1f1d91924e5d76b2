// A tokenizer of any kind, for programs. The tokenizers themselves are in Tokenization.

import FileIO
import Tensors
import TextGeneration
import TokenData
import Tokenization

/// Converts text to tokens and back.
///
/// ```swift
/// let tokenizer = try TextTokenizer("SmolLM2-135M-Instruct")
/// print(try tokenizer.encode("Hello"))
/// ```
public struct TextTokenizer: Sendable {
    /// The tokenizer that does the work.
    package let base: any Tokenizer

    package init(_ base: any Tokenizer) {
        self.base = base
    }

    /// Opens the tokenizer at a path, of whichever kind it is.
    /// - Parameter path: `tokenizer.json`; SentencePiece's `tokenizer.model`; llama2.c's or llm.c's
    ///   `tokenizer.bin`; `vocab.json` or `merges.txt` with the other beside it; a GGUF file; or a
    ///   directory that holds any of them.
    /// - Throws: ``TextTokenizerError`` when the content is not a tokenizer, is damaged, or uses a
    ///   feature that is not supported; ``FileIOError`` when a file is missing or truncated.
    public init(_ path: FilePath) throws {
        base = try TokenizerSource(path).tokenizer()
    }

    /// Trains a byte-level BPE tokenizer with GPT-2's pre-tokenizer.
    ///
    /// The same texts always give the same tokenizer.
    /// - Parameters:
    ///   - texts: Text files, `.jsonl` files, or directories of them.
    ///   - vocabularySize: Tokens in all, from 257: the 256 bytes and the end of text are included.
    ///   - split: How a text is divided into documents.
    /// - Returns: The tokenizer; ``save(in:)`` writes it to disk.
    /// - Throws: ``TextTokenizerError`` when the size is too small, or too large for so little
    ///   text; ``PreparationError`` or ``FileIOError`` for texts that cannot be read;
    ///   `CancellationError`.
    public static func train(
        on texts: [FilePath],
        vocabularySize: Int,
        split: DocumentSplit = .none
    ) async throws -> TextTokenizer {
        try await GenerationThread().run {
            var trainer = try BytePairTrainer(
                vocabularySize: vocabularySize,
                threads: Machine.defaultThreadCount
            )
            let documents = TextDocuments(try TextInput.find(texts), split: split)
            try documents.read { text, endsDocument, _ in
                try Task.checkCancellation()
                trainer.append(text)
                if endsDocument { trainer.endText() }
            }
            return TextTokenizer(try trainer.train { _ in try Task.checkCancellation() })
        }
    }

    /// Writes the tokenizer to a directory, which ``init(_:)`` then opens.
    /// - Parameter directory: The directory; it is created if it is missing.
    /// - Returns: The files that were written.
    /// - Throws: ``TextTokenizerError`` when no format can hold it; ``FileIOError``.
    @discardableResult
    public func save(in directory: FilePath) throws -> [FilePath] {
        try FileSystem.createDirectory(directory)
        return try base.save(in: directory, from: nil)
    }

    /// The kind of tokenizer.
    public var kind: TokenizerKind { base.description.kind }

    /// The number of tokens; ids run from 0 to one less.
    public var vocabularySize: Int { base.vocabularySize }

    /// The token that begins every text a model is trained on; nil when none does.
    public var startOfText: TokenID? { base.startOfText }

    /// The tokens that end a text when a model predicts them; there may be none.
    public var endsOfText: [TokenID] { base.endsOfText }

    /// The token of a name such as `<|im_start|>`; nil when there is none.
    public func specialToken(_ name: String) -> TokenID? { base.specialToken(name) }

    /// Encodes a text, with nothing before or after it; names of special tokens in it are plain
    /// text.
    /// - Throws: ``TextTokenizerError/noToken(byte:)`` when the vocabulary has no token for a byte.
    public func encode(_ text: String) throws -> [TokenID] { try base.encode(text) }

    /// Encodes a prompt, with the token before it that its kind of tokenizer expects, if any.
    ///
    /// Names of special tokens in the text become these tokens.
    /// - Throws: ``TextTokenizerError/noToken(byte:)`` when the vocabulary has no token for a byte.
    public func promptTokens(of text: String) throws -> [TokenID] {
        try base.promptTokens(of: text)
    }

    /// Decodes tokens; bytes that are not UTF-8 become U+FFFD.
    /// - Throws: ``TextTokenizerError/unknownToken(id:vocabularySize:)``.
    public func decode(_ tokens: some Sequence<TokenID>) throws -> String {
        try base.decode(tokens)
    }

    /// Encodes any amount of text into token shards to train on.
    ///
    /// They are named `NAME_train.bin` and `NAME_val.bin`, or `NAME_train_000001.bin` and so on
    /// when `shardTokens` is given. They get their names once all are complete.
    /// - Parameters:
    ///   - texts: Text files, `.jsonl` files, or directories of them.
    ///   - directory: The directory of the shards; it is created if it is missing.
    ///   - name: How the shards' names begin.
    ///   - validationTokens: How many tokens, from the first, are held out, at least 0.
    ///   - shardTokens: The most tokens in a training shard, at least 1; nil is one shard of any
    ///     size.
    ///   - split: How a text is divided into documents.
    ///   - overwrite: Whether existing shards of this name are replaced.
    /// - Returns: The shards, the one for validation first.
    /// - Throws: ``PreparationError``, ``TokenDataError``, ``TextTokenizerError`` or
    ///   ``FileIOError``; `CancellationError`. Nothing is left behind then.
    @discardableResult
    public func prepare(
        _ texts: [FilePath],
        in directory: FilePath,
        name: String,
        validationTokens: Int = 0,
        shardTokens: Int? = nil,
        split: DocumentSplit = .none,
        overwrite: Bool = false
    ) async throws -> [PreparedShard] {
        var settings = ShardSettings(directory: directory, name: name)
        settings.validationTokens = validationTokens
        settings.shardTokens = shardTokens
        settings.overwrite = overwrite
        return try await GenerationThread().run { [settings] in
            let documents = TextDocuments(try TextInput.find(texts), split: split)
            return try TextPreparation(
                documents,
                tokenizer: base,
                threads: Machine.defaultThreadCount
            )
            .run(settings) { _ in try Task.checkCancellation() }
            .shards
        }
    }
}
