// Texts as OpenAI's API reports them: whole, or in chunks.

import Inference
import TextGeneration

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A finished text, as it is reported.
struct FinishedChoice: Sendable {
    let text: GeneratedText
    let tokens: [ScoredToken]
}

/// Writes everything that is reported about one request's texts.
struct ReplyWriter: Sendable {
    /// The kind of request.
    enum Kind: Sendable {
        /// For the next message of a conversation.
        case chat
        /// For texts that continue others.
        case completion
    }

    let kind: Kind
    let model: String
    /// Whether log-probabilities were asked for.
    let hasLogprobs: Bool
    /// Whether a stream ends with the number of tokens; chunks before it then say they have none.
    let includesUsage: Bool
    private let id: String
    /// In seconds since the beginning of 1970.
    private let created: Int

    /// Starts a reply with a new id.
    init(_ kind: Kind, model: String, hasLogprobs: Bool, includesUsage: Bool) {
        self.kind = kind
        self.model = model
        created = time(nil)
        self.hasLogprobs = hasLogprobs
        self.includesUsage = includesUsage
        id = (kind == .chat ? "chatcmpl-" : "cmpl-") + .randomIdentifier()
    }

    // MARK: Whole replies

    /// All texts at once.
    func whole(_ choices: [FinishedChoice], usage: TokenUsage) -> JSONOutput {
        let choices = choices.enumerated().map { index, choice in
            let text = JSONOutput.string(choice.text.text)
            let content: (String, JSONOutput) =
                kind == .chat
                ? ("message", ["role": "assistant", "content": text, "refusal": .null])
                : ("text", text)
            return self.choice(
                index,
                content,
                choice.tokens,
                finishReason: choice.text.stopReason?.finishReason
            )
        }
        return reply(choices, [("usage", usage.json)])
    }

    // MARK: Chunks

    /// What comes before a text; nil if nothing does.
    func opening(_ index: Int) -> JSONOutput? {
        guard kind == .chat else { return nil }
        return chunk([
            choice(index, ("delta", ["role": "assistant", "content": "", "refusal": .null]), nil)
        ])
    }

    /// A piece of a text.
    func piece(_ index: Int, _ text: String, _ tokens: [ScoredToken]) -> JSONOutput {
        let content: (String, JSONOutput) =
            kind == .chat ? ("delta", ["content": .string(text)]) : ("text", .string(text))
        return chunk([choice(index, content, tokens)])
    }

    /// The end of a text.
    func closing(_ index: Int, _ reason: StopReason?) -> JSONOutput {
        let content: (String, JSONOutput) = kind == .chat ? ("delta", [:]) : ("text", "")
        return chunk([choice(index, content, nil, finishReason: reason?.finishReason)])
    }

    /// The end of a stream, if the number of tokens was asked for.
    func closing(_ usage: TokenUsage) -> JSONOutput {
        reply([], [("usage", usage.json)], isChunk: true)
    }

    private func chunk(_ choices: [JSONOutput]) -> JSONOutput {
        reply(choices, includesUsage ? [("usage", .null)] : [], isChunk: true)
    }

    // MARK: Parts

    private func reply(
        _ choices: [JSONOutput],
        _ rest: [(name: String, value: JSONOutput)],
        isChunk: Bool = false
    ) -> JSONOutput {
        let object: JSONOutput =
            switch kind {
            case .chat: isChunk ? "chat.completion.chunk" : "chat.completion"
            case .completion: "text_completion"
            }
        let members: [(name: String, value: JSONOutput)] = [
            ("id", .string(id)), ("object", object), ("created", .integer(created)),
            ("model", .string(model)), ("system_fingerprint", .null), ("choices", .array(choices)),
        ]
        return .object(members + rest)
    }

    private func choice(
        _ index: Int,
        _ content: (String, JSONOutput),
        _ tokens: [ScoredToken]?,
        finishReason: String? = nil
    ) -> JSONOutput {
        .object([
            ("index", .integer(index)), (name: content.0, value: content.1),
            ("logprobs", hasLogprobs ? logprobs(tokens) : .null),
            ("finish_reason", JSONOutput(finishReason)),
        ])
    }

    private func logprobs(_ tokens: [ScoredToken]?) -> JSONOutput {
        guard let tokens else { return .null }
        switch kind {
        case .chat: return ["content": .array(tokens.map(\.chatJSON)), "refusal": .null]
        case .completion: return tokens.completionJSON
        }
    }
}

/// How many tokens a request took.
struct TokenUsage: Sendable, Equatable {
    var promptTokens = 0
    /// How many of these had been read for an earlier text.
    var cachedTokens = 0
    var completionTokens = 0

    /// Counts every prompt once, however many texts it has.
    /// - Parameters:
    ///   - texts: The texts of the first prompt, then those of the second, and so on.
    ///   - choiceCount: How many there are of each prompt.
    init(_ texts: [GeneratedText], choiceCount: Int) {
        for start in stride(from: 0, to: texts.count, by: choiceCount) {
            let choices = texts[start..<min(start + choiceCount, texts.count)]
            promptTokens += choices.first?.promptTokenCount ?? 0
            // The first of them was read, and the others reused it.
            cachedTokens += choices.map(\.reusedTokenCount).min() ?? 0
            completionTokens += choices.reduce(0) { $0 + $1.tokens.count }
        }
    }

    fileprivate var json: JSONOutput {
        [
            "prompt_tokens": .integer(promptTokens),
            "completion_tokens": .integer(completionTokens),
            "total_tokens": .integer(promptTokens + completionTokens),
            "prompt_tokens_details": ["cached_tokens": .integer(cachedTokens)],
        ]
    }
}

extension StopReason {
    /// OpenAI's word for it.
    fileprivate var finishReason: String {
        switch self {
        case .endOfText, .stopString: "stop"
        case .length, .context, .interrupted: "length"
        }
    }
}

extension String {
    /// A unique name of 24 letters and digits.
    static func randomIdentifier() -> String {
        let characters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        return String((0..<24).map { _ in characters[.random(in: characters.indices)] })
    }
}
