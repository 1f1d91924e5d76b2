// A tokenizer of any kind, as programs use it. How text becomes ids is in Tokenization.

import FileIO
import Tensors
import TextGeneration
import TokenData
import Tokenization

/// Text to tokens and back.
///
/// ```swift
/// let tokenizer = try TextTokenizer("SmolLM2-135M-Instruct")
/// print(try tokenizer.encode("Hello"))
/// ```
public struct TextTokenizer: Sendable {
    /// What does the work.
    package let base: any Tokenizer

    package init(_ base: any Tokenizer) {
        self.base = base
    }

    /// Opens the tokenizer at a path, of whichever kind it is.
    /// - Parameter path: `tokenizer.json`; SentencePiece's `tokenizer.model`; llama2.c's or llm.c's
    ///   `tokenizer.bin`; `vocab.json` or `merges.txt` with the other beside it; a GGUF file; or a
    ///   directory that holds any of them.
    /// - Throws: ``TextTokenizerError`` when the content is no tokenizer, damaged, or asks for what
    ///   is not known here; ``FileIOError`` when a file is missing or ends early.
    public init(_ path: FilePath) throws {
        base = try TokenizerSource(path).tokenizer()
    }

    /// Learns a byte-level BPE tokenizer, with GPT-2's pre-tokenizer.
    ///
    /// The same texts always give the same tokenizer.
    /// - Parameters:
    ///   - texts: Text files, `.jsonl` files, or directories of them.
    ///   - vocabularySize: Tokens to make, from 257: the bytes and the end of text are among them.
    ///   - split: How a text is divided into documents.
    /// - Returns: The tokenizer, which lies nowhere until ``save(in:)`` writes it.
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

    /// Writes the tokenizer into a directory, so that ``init(_:)`` of the directory opens it.
    /// - Parameter directory: Where to; it is made if it is missing.
    /// - Returns: The files that were written.
    /// - Throws: ``TextTokenizerError`` when no format can hold it, ``FileIOError``.
    @discardableResult
    public func save(in directory: FilePath) throws -> [FilePath] {
        try FileSystem.createDirectory(directory)
        return try base.save(in: directory, from: nil)
    }

    /// How its tokens are text.
    public var kind: TokenizerKind { base.description.kind }

    /// Ids run from 0 to one less.
    public var vocabularySize: Int { base.vocabularySize }

    /// The token that stands before every text a model has seen; nil when none does.
    public var startOfText: TokenID? { base.startOfText }

    /// The tokens that end a text when a model predicts them, which may be none.
    public var endsOfText: [TokenID] { base.endsOfText }

    /// The token of a name such as `<|im_start|>`; nil when there is none.
    public func specialToken(_ name: String) -> TokenID? { base.specialToken(name) }

    /// The tokens of a text, without anything before or after it; no name in it has a special
    /// meaning.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``, where the tokenizer does not cover all
    ///   text.
    public func encode(_ text: String) throws -> [TokenID] { try base.encode(text) }

    /// The tokens a model is given so that it continues a text, with what its kind expects before
    /// them.
    ///
    /// Names of special tokens in the text are these tokens.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``, where the tokenizer does not cover all
    ///   text.
    public func promptTokens(of text: String) throws -> [TokenID] {
        try base.promptTokens(of: text)
    }

    /// The text of some tokens; bytes that are not UTF-8 become U+FFFD.
    /// - Throws: ``TextTokenizerError/unknownToken(id:vocabularySize:)``.
    public func decode(_ tokens: some Sequence<TokenID>) throws -> String {
        try base.decode(tokens)
    }

    /// Makes token shards of any amount of text, to train on.
    ///
    /// They are called `NAME_train.bin` and `NAME_val.bin`, or `NAME_train_000001.bin` and so on
    /// where `shardTokens` is given, and take their names when all are complete.
    /// - Parameters:
    ///   - texts: Text files, `.jsonl` files, or directories of them.
    ///   - directory: Where the shards go; it is made if it is missing.
    ///   - name: How their names begin.
    ///   - validationTokens: How many tokens, the first, are held out; 0 holds none out.
    ///   - shardTokens: The most tokens of a shard to train on; nil makes one of any size.
    ///   - split: How a text is divided into documents.
    ///   - overwrite: Whether shards of this name may be replaced.
    /// - Returns: The shards, the one for validation first.
    /// - Throws: ``PreparationError``, ``TokenDataError``, ``TextTokenizerError`` or
    ///   ``FileIOError``; `CancellationError`. Nothing is left then.
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
