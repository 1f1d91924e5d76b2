// What can be wrong with token data, one sentence each. Failures of the file system itself are
// FileIO's errors.

import FileIO

/// Token data that cannot be used; `description` is one sentence for the user.
public enum TokenDataError: Error, Equatable, Sendable {
    /// No file matches `pattern`.
    case noShards(pattern: FilePath)
    /// `path` starts with the number `found`, which no kind of token shard starts with.
    case notAShard(path: FilePath, found: Int32?)
    /// `path` is a shard of a version other than the one that its kind has.
    case unsupportedVersion(path: FilePath, found: Int32, expected: Int32)
    /// The header of `path` claims a number of tokens below zero.
    case negativeCount(path: FilePath, found: Int32)
    /// `path` has `found` bytes, but a shard of `tokenCount` tokens has `expected`.
    case wrongSize(path: FilePath, tokenCount: Int, expected: Int, found: Int)
    /// `path` holds no token, or was to be written without any.
    case empty(path: FilePath)
    /// `path` holds `found` tokens, and one sample of all processes takes `needed`.
    case tooFewTokens(path: FilePath, needed: Int, found: Int)
    /// `other` stores its tokens in another format than `path`, and both match one pattern.
    case mixedFormats(path: FilePath, other: FilePath)
    /// The token at `position` of `path` is outside a vocabulary of `vocabularySize`.
    case tokenOutOfRange(path: FilePath, position: Int, token: Int, vocabularySize: Int)
    /// No conversation in `path` has anything to learn in its first `sequenceLength` tokens.
    case nothingToLearn(path: FilePath, sequenceLength: Int)
    /// `path` was replaced or rewritten after the loader checked it.
    case changedWhileReading(path: FilePath)
    /// `path` would hold more tokens than a shard's header can count.
    case shardFull(path: FilePath, limit: Int)
    /// A saved position does not fit the loader it was given to; `reason` says how.
    case positionMismatch(reason: String)
    /// `now` processes cannot resume from a position of `then`; `reason` says why.
    case otherProcessCount(then: Int, now: Int, reason: String)
    /// `path` is not what `prepare` leaves next to its shards; `problem` says why.
    case invalidManifest(path: FilePath, problem: String)
    /// The manifest `path` says that `shard` holds `described` tokens, or does not mention it, but
    /// the shard holds `found`.
    case staleManifest(path: FilePath, shard: FilePath, described: Int?, found: Int)
    /// The manifests `path` and `other` name different tokenizers.
    case differentTokenizers(path: FilePath, other: FilePath)
    /// Questions for evaluation that cannot be used: `problem`, at `place` of the file `path`, such
    /// as "line 3".
    case invalidEvaluation(path: FilePath, place: String, problem: String)
}

extension TokenDataError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noShards(let pattern):
            return "no file matches '\(pattern)'; check the pattern, or create token shards with "
                + "'swiftlet prepare'"
        case .notAShard(let path, let found):
            let known = TokenShard.Format.allCases.map { "\($0.magic) (\($0.name))" }
            return "'\(path)' is not a token shard: it starts with "
                + "\(found.map(String.init) ?? "fewer than 4 bytes"), not with "
                + known.joined(separator: " or ") + "; create one with 'swiftlet prepare'"
        case .unsupportedVersion(let path, let found, let expected):
            return "'\(path)' is a token shard of version \(found), but only version \(expected) "
                + "can be read; prepare the data again"
        case .negativeCount(let path, let found):
            return "'\(path)' claims to hold \(found) tokens; the file is damaged, copy or create "
                + "it again"
        case .wrongSize(let path, let tokenCount, let expected, let found):
            let tokens = counted(tokenCount, "token")
            return "'\(path)' has \(counted(found, "byte")), but with \(tokens) it must have "
                + "\(expected); the file is incomplete or damaged, copy or create it again"
        case .empty(let path):
            return "'\(path)' holds no tokens; prepare it from text that is not empty"
        case .tooFewTokens(let path, let needed, let found):
            return "'\(path)' holds \(counted(found, "token")), but one batch needs \(needed) "
                + "(processes x batch size x sequence length + 1); reduce the batch size or the "
                + "sequence length, or leave this file out"
        case .mixedFormats(let path, let other):
            return "'\(path)' and '\(other)' were made for different tokenizers; choose a pattern "
                + "that matches only one kind"
        case .tokenOutOfRange(let path, let position, let token, let vocabularySize):
            return "'\(path)' holds token \(token) at position \(position), but the vocabulary "
                + "has only \(counted(vocabularySize, "token")); prepare the data with the model's "
                + "tokenizer"
        case .nothingToLearn(let path, let sequenceLength):
            return "none of the conversations in '\(path)' has a reply in its first "
                + "\(counted(sequenceLength, "token")); use a longer sequence length, or "
                + "shorter conversations"
        case .changedWhileReading(let path):
            return "'\(path)' changed while it was in use; start again with the new data"
        case .shardFull(let path, let limit):
            return "'\(path)' cannot hold more than \(limit) tokens; split the data into several "
                + "shards"
        case .positionMismatch(let reason):
            return "cannot resume from the saved position in the training data: \(reason); resume "
                + "with the data and settings of the saved run, or start a new run"
        case .otherProcessCount(let then, let now, let reason):
            func processes(_ count: Int) -> String {
                counted(count, "process", plural: "processes")
            }
            return "cannot resume with \(processes(now)) where \(processes(then)) stopped in the "
                + "training data: \(reason); train with \(processes(then)) again, or allow the "
                + "changes, which reads the data from the start (a run in random order resumes "
                + "with any number)"
        case .invalidManifest(let path, let problem):
            return "'\(path)' cannot be used: \(problem); prepare the data again, or remove the "
                + "file"
        case .staleManifest(let path, let shard, let described, let found):
            let claim = described.map {
                "says that '\(shard)' holds \($0) tokens, but it holds \(found)"
            }
            return "'\(path)' \(claim ?? "does not mention '\(shard)'"); prepare the data again, "
                + "or remove the file"
        case .differentTokenizers(let path, let other):
            return "'\(path)' and '\(other)' name different tokenizers; train and validate on data "
                + "made with one tokenizer"
        case .invalidEvaluation(let path, let place, let problem):
            return "'\(path)', \(place): \(problem)"
        }
    }
}
