// How likely the model found the tokens of a text, as OpenAI's API reports it. A token is reported
// when its text is sent, so that both are cut at the same places.

import FileIO
import Inference
import Tokenization

/// A token with its text and the likeliest tokens in its place.
struct ScoredToken: Sendable {
    /// A token at a place in a text.
    struct Candidate: Sendable {
        let bytes: [UInt8]
        /// The name of a token that marks a place, which has no bytes.
        let name: String?
        let logprob: Float

        /// The text, with bytes that are not part of a character as `\xf0`, and whether there are
        /// such bytes.
        var text: (shown: String, isTorn: Bool) {
            if let name { return (name, false) }
            let text = String(decoding: bytes, as: UTF8.self)
            if text.utf8.elementsEqual(bytes) { return (text, false) }
            return (Self.escapingTornCharacters(bytes), true)
        }

        private static func escapingTornCharacters(_ bytes: [UInt8]) -> String {
            var result = ""
            bytes.forEachCharacter { scalar, _ in
                result.unicodeScalars.append(scalar)
            } damaged: { bytes in
                for byte in bytes { result += "\\x" + String(byte, radix: 16) }
            }
            return result
        }
    }

    let token: Candidate
    let top: [Candidate]
    /// Where it begins in the text, in Unicode scalars.
    let offset: Int
}

/// The tokens of a growing text, from their log-probabilities to what is reported.
struct ScoredTokens {
    private let tokenizer: any Tokenizer
    private var previous: TokenID?
    private var decoder: StreamingDecoder
    /// The length of the text of the tokens so far, including stop strings.
    private var byteCount = 0
    private var scalarCount = 0
    /// Tokens whose text has not been sent yet, with the byte it begins at.
    private var waiting: [(token: ScoredToken, start: Int)] = []

    /// Starts with no tokens, after the last one of the prompt.
    init(_ tokenizer: any Tokenizer, after previous: TokenID?) {
        self.tokenizer = tokenizer
        self.previous = previous
        decoder = StreamingDecoder(tokenizer, after: previous)
    }

    /// Takes tokens.
    /// - Throws: `TextTokenizerError` for a token outside the vocabulary.
    mutating func append(_ logprobs: [TokenLogprobs]) throws {
        for found in logprobs {
            let token = ScoredToken(
                token: try candidate(found.token, found.logprob),
                top: try found.top.map { try candidate($0.token, $0.logprob) },
                offset: scalarCount
            )
            waiting.append((token, byteCount))
            let text = try decoder.append(found.token)
            byteCount += text.utf8.count
            scalarCount += text.unicodeScalars.count
            previous = tokenizer.context(after: found.token, previous)
        }
    }

    private func candidate(_ id: TokenID, _ logprob: Float) throws -> ScoredToken.Candidate {
        let bytes = Array(try tokenizer.bytes(of: id, after: previous))
        return ScoredToken.Candidate(
            bytes: bytes,
            name: bytes.isEmpty ? tokenizer.name(of: id) : nil,
            // OpenAI's value for nearly impossible tokens; JSON has no infinity.
            logprob: max(logprob, -9999)
        )
    }

    /// The tokens that begin before a byte of the text and have not been returned yet.
    mutating func take(beginningBefore byteCount: Int) -> [ScoredToken] {
        let count = waiting.prefix { $0.start < byteCount }.count
        defer { waiting.removeFirst(count) }
        return waiting.prefix(count).map(\.token)
    }

    /// The tokens left when the text has ended; none if a stop string ended it, whose tokens are
    /// not part of it.
    mutating func takeRest(isStopped: Bool) -> [ScoredToken] {
        defer { waiting = [] }
        return isStopped ? [] : waiting.map(\.token)
    }
}

extension Tokenizer {
    /// The name of a token that marks a place; nil for others, such as a space that is dropped at
    /// the beginning of a text.
    fileprivate func name(of id: TokenID) -> String? {
        let (tokens, types) = (description.tokens, description.types)
        guard tokens.indices.contains(Int(id)), types.indices.contains(Int(id)),
            [.control, .unknown].contains(types[Int(id)])
        else { return nil }
        return String(decoding: tokens[Int(id)], as: UTF8.self)
    }
}

extension ScoredToken {
    /// As in the replies to conversations.
    var chatJSON: JSONOutput {
        guard case .object(let members) = token.chatJSON else { return .null }
        return .object(members + [("top_logprobs", .array(top.map(\.chatJSON)))])
    }
}

extension ScoredToken.Candidate {
    fileprivate var chatJSON: JSONOutput {
        [
            "token": .string(text.shown), "logprob": .number(logprob),
            "bytes": name == nil ? .array(bytes.map { .integer(Int($0)) }) : .null,
        ]
    }

    /// As in completions, which report only the text.
    fileprivate var completionText: String {
        let (shown, isTorn) = text
        return isTorn ? "bytes:" + shown : shown
    }
}

extension [ScoredToken] {
    /// As in completions.
    var completionJSON: JSONOutput {
        [
            "tokens": .array(map { .string($0.token.completionText) }),
            "token_logprobs": .array(map { .number($0.token.logprob) }),
            "top_logprobs": .array(map(\.completionTop)),
            "text_offset": .array(map { .integer($0.offset) }),
        ]
    }
}

extension ScoredToken {
    /// The likeliest tokens and this one, no two with the same text.
    fileprivate var completionTop: JSONOutput {
        var texts: Set<String> = []
        let candidates = (top + [token]).filter { texts.insert($0.completionText).inserted }
        return .object(candidates.map { ($0.completionText, .number($0.logprob)) })
    }
}
