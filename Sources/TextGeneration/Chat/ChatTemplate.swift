// How the messages of a conversation become the tokens that a model was trained on. On the way they
// are texts, and between them marker tokens. The two never mix, so nothing a user writes becomes a
// marker.

import Tokenization

/// The form of a conversation that a model was trained with.
package protocol ChatTemplate: Sendable {
    /// The tokens of a conversation.
    /// - Parameters:
    ///   - messages: What was said: a system prompt, if any, and then the user and the assistant in
    ///     turn.
    ///   - tokenizer: What encodes text.
    /// - Returns: After a user's message, everything up to the reply; after an assistant's, also
    ///   what ends it, whether it is complete or not. The tokens of a conversation begin with those
    ///   of any beginning of it that ends with the assistant.
    /// - Throws: `TextTokenizerError` where the tokenizer does not cover all text;
    ///   ``TextGenerationError/messageOutOfTurn(index:role:expected:)`` if the form does not allow
    ///   a message.
    func promptTokens(of messages: [ChatMessage], tokenizer: any Tokenizer) throws -> [TokenID]

    /// The ids that end a reply, besides those that end every text, if the form has any.
    func endsOfReply(_ tokenizer: any Tokenizer) -> [TokenID]

    /// The texts that end a reply, if no id does.
    func stopStrings(_ tokenizer: any Tokenizer) -> [String]
}

extension ChatTemplate {
    package func endsOfReply(_ tokenizer: any Tokenizer) -> [TokenID] { [] }
    package func stopStrings(_ tokenizer: any Tokenizer) -> [String] { [] }
}

extension String {
    /// The text without white space at both ends, like Python's `str.strip()`, which models were
    /// trained with.
    package func strippingBlanks() -> String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isBlank }),
            let last = scalars.lastIndex(where: { !$0.isBlank })
        else { return "" }
        return String(scalars[first...last])
    }
}

extension Unicode.Scalar {
    /// White space in Unicode, and four separators that Python counts too.
    fileprivate var isBlank: Bool {
        properties.isWhitespace || "\u{1C}"..."\u{1F}" ~= self
    }
}

/// The parts of a conversation, in order.
struct ChatParts {
    private(set) var parts: [PromptPart] = []
    let tokenizer: any Tokenizer
    /// Where replies begin and end, alternately: a part, and the number of its bytes before that
    /// point.
    private var replyEdges: [(part: Int, byteCount: Int)] = []
    /// The tokens of the markers so far, because finding one takes a search through the vocabulary.
    private var markers: [String: TokenID?] = [:]

    init(_ tokenizer: any Tokenizer) {
        self.tokenizer = tokenizer
    }

    /// Appends text, merging it with any text before it.
    mutating func append(_ text: String) {
        guard case .text(var joined)? = parts.last else { return parts.append(.text(text)) }
        // Taken out, so that a long text grows in place instead of being copied.
        parts.removeLast()
        joined += text
        parts.append(.text(joined))
    }

    /// Appends a token, if there is one.
    mutating func append(_ token: TokenID?) {
        if let token { parts.append(.token(token)) }
    }

    mutating func append(_ pieces: [ChatForm.Piece]) {
        for piece in pieces {
            switch piece {
            case .text(let text): append(text)
            case .endOfText: append(tokenizer.endsOfText.first)
            case .marker(let name):
                if let token = marker(name) { append(token) } else { append(name) }
            }
        }
    }

    private mutating func marker(_ name: String) -> TokenID? {
        if let known = markers[name] { return known }
        let token = tokenizer.specialToken(name)
        markers[name] = .some(token)
        return token
    }

    /// The tokens of all parts.
    /// - Throws: `TextTokenizerError` where the tokenizer does not cover all text.
    func tokens() throws -> [TokenID] { try tokenizer.encode(parts) }

    // MARK: Replies

    /// Notes that what is appended next belongs to a reply, or no longer does.
    mutating func turnReply() {
        if case .text(let text)? = parts.last {
            replyEdges.append((parts.count - 1, text.utf8.count))
        } else {
            replyEdges.append((parts.count, 0))
        }
    }

    /// The tokens of all parts, with those of replies marked for training.
    ///
    /// Texts are encoded as a whole: a token that straddles the beginning of a reply belongs to it,
    /// and one that straddles its end does not.
    /// - Parameter limit: The most tokens that are needed. Finding where a reply begins means
    ///   encoding everything before it again, and a long conversation has many replies.
    /// - Returns: The first `limit` tokens, or all.
    /// - Throws: `TextTokenizerError` where the tokenizer does not cover all text.
    func conversationTokens(limit: Int) throws -> ConversationTokens {
        var result = ConversationTokens()
        var isReply = false
        var edges = replyEdges[...]
        for (index, part) in parts.enumerated() where result.tokens.count < limit {
            let tokens = try tokenizer.encode(partAt: index, of: parts)
            var begun = 0
            while let edge = edges.first, edge.part == index, result.tokens.count < limit {
                edges.removeFirst()
                let count = try tokenCount(of: part, index, upTo: edge.byteCount, in: tokens)
                result.append(tokens[begun..<max(count, begun)], isLearnt: isReply)
                begun = max(count, begun)
                isReply.toggle()
            }
            result.append(tokens[begun...], isLearnt: isReply)
        }
        return result.prefix(limit)
    }

    /// How many tokens of a part the first bytes of its text produce on their own.
    private func tokenCount(
        of part: PromptPart,
        _ index: Int,
        upTo byteCount: Int,
        in tokens: [TokenID]
    ) throws -> Int {
        guard case .text(let text) = part, byteCount > 0 else { return 0 }
        let start = String(decoding: text.utf8.prefix(byteCount), as: UTF8.self)
        let alone = try tokenizer.encode(
            partAt: index,
            of: Array(parts[..<index]) + [.text(start)]
        )
        return zip(alone, tokens).prefix { $0 == $1 }.count
    }
}
