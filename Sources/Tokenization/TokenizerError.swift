// What can go wrong between text and token ids, one sentence each. Failures of the file system
// itself (missing, truncated, disk full) are FileIO's.

import FileIO

/// A tokenizer file that cannot be used, or ids that are not its own; `description` is one
/// sentence for the user.
public enum TokenizerError: Error, Equatable, Sendable {
    /// The content of `path` is none of the formats this module reads; `found` says how it begins.
    case unrecognized(path: FilePath, found: String)
    /// The file is of a known format, in a version this module does not read.
    case unsupportedVersion(path: FilePath, found: UInt32)
    /// The file breaks a rule of its format: `what` was to be `expected` and is `found`.
    case malformed(path: FilePath, what: String, expected: String, found: String)
    /// The vocabulary cannot be stored in llm.c's format, for the reason given.
    case cannotExport(path: FilePath, reason: String)
    /// An id that no token of the vocabulary has.
    case unknownToken(id: TokenID, vocabularySize: Int)
}

extension TokenizerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unrecognized(let path, let found):
            "'\(path)' is not a tokenizer: it begins with \(found); give llm.c's tokenizer file"
        case .unsupportedVersion(let path, let found):
            "'\(path)' is a tokenizer file of version \(found), but only versions 1 and 2 are "
                + "known; export it again"
        case .malformed(let path, let what, let expected, let found):
            "'\(path)' is damaged: \(what) should be \(expected), but is \(found); "
                + "copy or create the file again"
        case .cannotExport(let path, let reason):
            "cannot write '\(path)' in llm.c's tokenizer format: \(reason)"
        case .unknownToken(let id, let vocabularySize):
            "there is no token \(id): the ids of this vocabulary are 0...\(vocabularySize - 1); "
                + "use the tokenizer that made the ids"
        }
    }
}
