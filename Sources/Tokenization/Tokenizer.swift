// What programs above this module need of a tokenizer, whichever kind it is. How text becomes ids
// is each tokenizer's own business.

import FileIO

/// The half of a tokenizer that turns ids into text: all that showing a model's output needs.
public protocol TokenDecoder: Sendable {
    /// Ids run from 0 to one less.
    var vocabularySize: Int { get }

    /// The id that stands before every text a model has seen; nil when none does.
    var startOfText: TokenID? { get }

    /// The ids that end a text when a model predicts them, which may be none.
    var endsOfText: [TokenID] { get }

    /// The bytes one token adds to a text.
    ///
    /// They may be none, as those of a marker, or a part of a character only.
    /// - Parameters:
    ///   - id: The token.
    ///   - previous: The token before it, or what ``context(after:_:)`` gave for that; nil at the
    ///     start of a sequence.
    /// - Returns: The bytes.
    /// - Throws: ``TokenizerError/unknownToken(id:vocabularySize:)``.
    func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8>

    /// What ``bytes(of:after:)`` of the token after `id` wants to know of what was before it.
    /// - Parameters:
    ///   - id: A token.
    ///   - previous: What this gave for the token before it; nil at the start of a sequence.
    /// - Returns: `id`, where a tokenizer does not look further back.
    func context(after id: TokenID, _ previous: TokenID?) -> TokenID?
}

extension TokenDecoder {
    public func context(after id: TokenID, _ previous: TokenID?) -> TokenID? { id }

    /// The bytes of a sequence of tokens, one after another.
    /// - Throws: ``TokenizerError/unknownToken(id:vocabularySize:)``.
    public func decodeBytes(_ ids: some Sequence<TokenID>) throws -> [UInt8] {
        var result: [UInt8] = []
        var previous: TokenID?
        for id in ids {
            result.append(contentsOf: try bytes(of: id, after: previous))
            previous = context(after: id, previous)
        }
        return result
    }

    /// The text of a sequence of tokens; bytes that are not UTF-8 become U+FFFD.
    /// - Throws: ``TokenizerError/unknownToken(id:vocabularySize:)``.
    public func decode(_ ids: some Sequence<TokenID>) throws -> String {
        String(decoding: try decodeBytes(ids), as: UTF8.self)
    }
}

/// Text to ids and back.
public protocol Tokenizer: TokenDecoder {
    /// What the tokenizer is, as data: enough to make another that gives the same ids, or a file.
    var description: TokenizerDescription { get }

    /// The ids of a text, without anything before or after it, in which names of special tokens
    /// mean what `specialTokens` says.
    /// - Throws: ``TokenizerError/noToken(byte:)``, where the tokenizer does not cover all text.
    func encode(_ text: String, specialTokens: SpecialTokens) throws -> [TokenID]

    /// The ids a model is given so that it continues `text`: at least one, unless the text is empty
    /// and nothing stands before texts.
    ///
    /// What stands before a text is as the models of this kind of tokenizer expect it. Names of
    /// special tokens in the text are these tokens, as they are to Hugging Face's and llama.cpp's
    /// programs: so what a user types in a chat is not for this call, but for
    /// ``encode(_:specialTokens:)``.
    /// - Throws: ``TokenizerError/noToken(byte:)``, where the tokenizer does not cover all text.
    func promptTokens(of text: String) throws -> [TokenID]

    /// The same for bytes that may be anything.
    /// - Throws: ``TokenizerError/noToken(byte:)``, where the tokenizer does not cover all text.
    func promptTokens(of bytes: [UInt8]) throws -> [TokenID]

    /// Makes the file that the programs of the tokenizer's kind read: llm.c's for byte-level BPE,
    /// llama2.c's for SentencePiece.
    /// - Returns: The file, which appears when it is committed.
    /// - Throws: ``TokenizerError/cannotExport(path:reason:)`` when the format cannot hold it;
    ///   `FileIOError`.
    func nativeFile(at path: FilePath, overwrite: Bool) throws -> AtomicFile
}

extension Tokenizer {
    public func promptTokens(of text: String) throws -> [TokenID] {
        try promptTokens(of: Array(text.utf8))
    }

    /// The ids of a text in which no name has a special meaning.
    /// - Throws: ``TokenizerError/noToken(byte:)``, where the tokenizer does not cover all text.
    public func encode(_ text: String) throws -> [TokenID] {
        try encode(text, specialTokens: .text)
    }

    /// The token of a name such as `<|im_start|>`, of those that mark places in a sequence or are
    /// found in text by their names; nil when there is none.
    public func specialToken(_ name: String) -> TokenID? {
        description.specialToken(name)
    }
}
