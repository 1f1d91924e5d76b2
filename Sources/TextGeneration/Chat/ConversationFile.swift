// Conversations for training: one per line, in the format of OpenAI's interface for fine-tuning.
// The model's template turns them into tokens.

import FileIO
import Tokenization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads a file of conversations, one per line:
/// `{"messages":[{"role":"user","content":"..."},{"role":"assistant","content":"..."}]}`.
///
/// Anything else in a line, such as where it comes from, is skipped, and so are blank lines.
///
/// ```swift
/// var file = try ConversationFile("examples.jsonl")
/// while let messages = try file.next() { print(messages.count) }
/// ```
package struct ConversationFile {
    /// Where the conversations come from.
    package let path: FilePath
    /// Bytes read so far, without the ends of lines.
    package private(set) var byteCount = 0

    private var lines: LineReader

    /// 16 MiB, more than any conversation has.
    private static let longestLine = 16 << 20

    /// Opens a file; nothing is read yet.
    /// - Throws: `FileIOError` when it cannot be opened.
    package init(_ path: FilePath) throws {
        self.path = path
        lines = LineReader(try InputFile(path), longestLine: Self.longestLine)
    }

    /// The messages of the next conversation, in turn, the last of them the assistant's; nil after
    /// the last conversation.
    /// - Throws: ``TextGenerationError/invalidConversation(path:line:reason:)``, `FileIOError`.
    package mutating func next() throws -> [ChatMessage]? {
        while var line = try lines.next() {
            byteCount += line.count
            if lines.lineCount == 1 { line.removeFirst(ByteOrderMark.count(atStartOf: line)) }
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            do { return try Self.messages(line) } catch let problem as Problem {
                throw TextGenerationError.invalidConversation(
                    path: path,
                    line: lines.lineCount,
                    reason: problem.sentence
                )
            }
        }
        return nil
    }

    private struct Problem: Error {
        let sentence: String
    }

    private struct Row: Decodable {
        let messages: [StoredMessage]
    }

    private static func messages(_ line: [UInt8]) throws -> [ChatMessage] {
        let noJSON = Problem(
            sentence: "the line is not JSON in UTF-8; give one conversation per line, without line "
                + "ends in it"
        )
        // The decoder also accepts other encodings, and reports some wrong texts as such.
        guard !line.contains(0), String(validating: line, as: UTF8.self) != nil else {
            throw noJSON
        }
        do {
            let messages = try JSONDecoder().decode(Row.self, from: Data(line)).messages
                .map(\.message)
            try messages.checkTurns()
            guard messages.contains(where: { $0.role == .assistant }) else {
                throw TextGenerationError.nothingSaid
            }
            return messages
        } catch let error as MessageProblem {
            throw Problem(sentence: error.sentence)
        } catch let error as TextGenerationError {
            throw Problem(sentence: error.description)
        } catch DecodingError.keyNotFound, DecodingError.typeMismatch, DecodingError.valueNotFound {
            throw Problem(
                sentence: "the line has no list of 'messages'; write "
                    + #"{"messages":[{"role":"user","content":"..."}, ...]}"#
            )
        } catch is DecodingError {
            throw noJSON
        }
    }
}

// Reading advances the file for every copy.
@available(*, unavailable) extension ConversationFile: Sendable {}

extension ConversationFile {
    /// The conversations of a file in the form and the tokens of a model.
    /// - Parameters:
    ///   - path: The file.
    ///   - template: The form of conversations.
    ///   - tokenizer: The model's.
    ///   - sequenceLength: The most tokens of a conversation that are learned.
    ///   - progress: Called after each conversation, with the bytes read and the conversations so
    ///     far; what it throws ends the reading.
    /// - Returns: At least one. What is cut off is the end of those that are too long, and one
    ///   token more than a sequence and its last target hold is kept, so that this is noticed.
    /// - Throws: ``TextGenerationError``, `TextTokenizerError` or `FileIOError`.
    package static func conversationTokens(
        in path: FilePath,
        template: KnownChatTemplate,
        tokenizer: any Tokenizer,
        sequenceLength: Int,
        progress: (_ byteCount: Int, _ conversationCount: Int) throws -> Void = { _, _ in }
    ) throws -> [ConversationTokens] {
        var file = try ConversationFile(path)
        var conversations: [ConversationTokens] = []
        while let messages = try file.next() {
            conversations.append(
                try template.conversationTokens(
                    of: messages,
                    tokenizer: tokenizer,
                    limit: sequenceLength + 2
                )
            )
            try progress(file.byteCount, conversations.count)
        }
        guard !conversations.isEmpty else {
            throw TextGenerationError.noConversations(path: path)
        }
        return conversations
    }
}
