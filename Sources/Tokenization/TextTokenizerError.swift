// What can go wrong between text and token ids, one sentence each. Failures of the file system
// itself (missing, truncated, disk full) are FileIO's.

import FileIO

/// A tokenizer file that cannot be used, or ids that are not its own; `description` is one
/// sentence for the user.
public enum TextTokenizerError: Error, Equatable, Sendable {
    /// The content of `path` is in none of the formats this module reads; `found` says how it
    /// begins.
    case unrecognized(path: FilePath, found: String)
    /// The directory holds none of the `expected` files.
    case nothingInDirectory(path: FilePath, expected: [String])
    /// `path` is one of a pair of files, and none of the `expected` files is next to it.
    case missingCompanion(path: FilePath, expected: [String])
    /// The file is of a known format, in a version this module does not read.
    case unsupportedVersion(path: FilePath, found: UInt32)
    /// The file breaks a rule of its format: `what` should be `expected` but is `found`.
    case malformed(path: FilePath, what: String, expected: String, found: String)
    /// The tokenizer is of the wrong one of the two kinds.
    case otherKind(path: FilePath, found: TokenizerKind)
    /// The vocabulary can decode ids, but no text can be encoded with it, for the reason given.
    case notEncodable(path: FilePath, reason: String)
    /// The tokenizer cannot be stored in the format of `path`, for the reason given.
    case cannotExport(path: FilePath, reason: String)
    /// The tokenizer has more tokens than the model it was opened for.
    case wrongCount(path: FilePath, expected: Int, found: Int)
    /// The file needs something that this module does not know: `what`, which is `found`.
    case notKnown(path: FilePath, what: String, found: String)
    /// A text contains this byte, which no token of the vocabulary stands for.
    case noToken(byte: UInt8)
    /// An id that no token of the vocabulary has.
    case unknownToken(id: TokenID, vocabularySize: Int)
    /// A tokenizer needs at least a token for every byte and one for the end of text.
    case vocabularyTooSmall(requested: Int)
    /// The text to train on has no more pairs to merge after `largest` tokens.
    case textTooSmall(requested: Int, largest: Int)
    /// The distinct words of the text to train on have more bytes than `limit`.
    case textTooLarge(byteCount: Int, limit: Int)
}

extension TextTokenizerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unrecognized(let path, let found):
            "'\(path)' is not a tokenizer: it begins with \(found); give tokenizer.json, "
                + "tokenizer.model, llm.c's or llama2.c's tokenizer file, or a vocabulary in JSON "
                + "with its merges file next to it"
        case .nothingInDirectory(let path, let expected):
            "'\(path)' holds no tokenizer: looked for \(expected.joined(separator: ", "))"
        case .missingCompanion(let path, let expected):
            "'\(path)' is only half of a tokenizer: put \(expected.joined(separator: " or ")) "
                + "next to it"
        case .unsupportedVersion(let path, let found):
            "'\(path)' is a tokenizer file of version \(found), but only versions 1 and 2 are "
                + "known; export it again"
        case .malformed(let path, let what, let expected, let found):
            "'\(path)' is damaged: \(what) should be \(expected), but is \(found); "
                + "copy or create the file again"
        case .otherKind(let path, .sentencePiece):
            "'\(path)' is a SentencePiece tokenizer, like Llama 2's, but a byte-level one, like "
                + "GPT-2's, is needed here; name another"
        case .otherKind(let path, .byteLevel):
            "'\(path)' is a byte-level tokenizer, like GPT-2's, but a SentencePiece one, like "
                + "Llama 2's, is needed here; name another"
        case .notEncodable(let path, let reason):
            "text cannot be encoded with '\(path)': \(reason)"
        case .cannotExport(let path, let reason):
            "cannot write '\(path)': \(reason)"
        case .wrongCount(let path, let expected, let found):
            "'\(path)' has \(counted(found, "token")), but the model knows only \(expected); use "
                + "the tokenizer the model was trained with"
        case .notKnown(let path, let what, let found):
            "'\(path)' needs \(what) that is not supported: \(found)"
        case .noToken(let byte):
            "the text has the byte 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16)), which no "
                + "token of the tokenizer stands for; take the character out of the text"
        case .unknownToken(let id, let vocabularySize):
            "there is no token \(id): the ids of this vocabulary are 0...\(vocabularySize - 1); "
                + "use the tokenizer that made the ids"
        case .vocabularyTooSmall(let requested):
            "a vocabulary of \(requested) tokens is too small: the 256 bytes and the end of text "
                + "make \(BytePairTrainer.smallestVocabularySize)"
        case .textTooSmall(let requested, let largest):
            "the text is too small for \(requested) tokens: after \(largest) nothing is left to "
                + "merge; ask for \(largest) or fewer, or add text"
        case .textTooLarge(let byteCount, let limit):
            "the text is too large to train on: its distinct words have \(byteCount) bytes, but "
                + "the limit is \(limit); train on part of it"
        }
    }
}
