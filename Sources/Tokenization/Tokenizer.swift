// What programs above this module need from a tokenizer of any kind. How text becomes ids is up to
// each tokenizer.

import FileIO

/// The half of a tokenizer that turns ids into text: all that showing a model's output needs.
package protocol TokenDecoder: Sendable {
    /// The number of tokens; ids run from 0 to one less.
    var vocabularySize: Int { get }

    /// The id that begins every text a model has seen; nil when none does.
    var startOfText: TokenID? { get }

    /// The ids that end a text when a model predicts them, which may be none.
    var endsOfText: [TokenID] { get }

    /// The bytes one token adds to a text.
    ///
    /// There may be none, as for a marker, or only part of a character.
    /// - Parameters:
    ///   - id: The token.
    ///   - previous: The token before it, or what ``context(after:_:)`` gave for that; nil at the
    ///     start of a sequence.
    /// - Returns: The bytes.
    /// - Throws: ``TextTokenizerError/unknownToken(id:vocabularySize:)``.
    func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8>

    /// What ``bytes(of:after:)`` of the token after `id` needs to know about the tokens before.
    /// - Parameters:
    ///   - id: A token.
    ///   - previous: What this returned for the token before; nil at the start of a sequence.
    /// - Returns: `id`, if a tokenizer looks no further back.
    func context(after id: TokenID, _ previous: TokenID?) -> TokenID?
}

extension TokenDecoder {
    package func context(after id: TokenID, _ previous: TokenID?) -> TokenID? { id }

    /// The bytes of a sequence of tokens, one after another.
    /// - Throws: ``TextTokenizerError/unknownToken(id:vocabularySize:)``.
    package func decodeBytes(_ ids: some Sequence<TokenID>) throws -> [UInt8] {
        var result: [UInt8] = []
        var previous: TokenID?
        for id in ids {
            result.append(contentsOf: try bytes(of: id, after: previous))
            previous = context(after: id, previous)
        }
        return result
    }

    /// The text of a sequence of tokens; bytes that are not UTF-8 become U+FFFD.
    /// - Throws: ``TextTokenizerError/unknownToken(id:vocabularySize:)``.
    package func decode(_ ids: some Sequence<TokenID>) throws -> String {
        String(decoding: try decodeBytes(ids), as: UTF8.self)
    }
}

/// Text to ids and back.
package protocol Tokenizer: TokenDecoder {
    /// What the tokenizer is, as data: enough to make another one that gives the same ids, or a
    /// file.
    var description: TokenizerDescription { get }

    /// The ids of a text, with nothing added before or after it; `specialTokens` says what names of
    /// special tokens in it mean.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``, if the tokenizer does not cover all text.
    func encode(_ text: String, specialTokens: SpecialTokens) throws -> [TokenID]

    /// The ids given to a model so that it continues `text`: at least one, unless the text is empty
    /// and nothing begins texts.
    ///
    /// The text begins as models with this kind of tokenizer expect. Names of special tokens in it
    /// are those tokens, as they are for Hugging Face's libraries and llama.cpp: so use
    /// ``encode(_:specialTokens:)``, not this call, for what a user types in a chat.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``, if the tokenizer does not cover all text.
    func promptTokens(of text: String) throws -> [TokenID]

    /// The same for arbitrary bytes.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``, if the tokenizer does not cover all text.
    func promptTokens(of bytes: [UInt8]) throws -> [TokenID]

    /// Makes the file that programs for the tokenizer's kind read: llm.c's for byte-level BPE,
    /// llama2.c's for SentencePiece.
    /// - Returns: The file, which appears when it is committed.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` when the format cannot hold it;
    ///   `FileIOError`.
    func nativeFile(at path: FilePath, overwrite: Bool) throws -> AtomicFile
}

extension Tokenizer {
    package func promptTokens(of text: String) throws -> [TokenID] {
        try promptTokens(of: Array(text.utf8))
    }

    /// The ids of a text in which no name has a special meaning.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``, if the tokenizer does not cover all text.
    package func encode(_ text: String) throws -> [TokenID] {
        try encode(text, specialTokens: .text)
    }

    /// The token with a name such as `<|im_start|>`, among those that mark places in a sequence or
    /// are found in text by name; nil when there is none.
    package func specialToken(_ name: String) -> TokenID? {
        description.specialToken(name)
    }
}
