// A message of a conversation, in the terms that programs for chat models share, and a conversation
// as a file, in the JSON of OpenAI's interface.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One message of a conversation.
///
/// In JSON it is `{"role":"user","content":"Hello!"}`, as in OpenAI's interface.
public struct ChatMessage: Sendable, Equatable, Codable {
    /// Who speaks.
    public enum Role: String, Sendable, Codable, CaseIterable {
        /// Instructs the model, before anybody else speaks.
        case system
        /// Asks the model.
        case user
        /// The model.
        case assistant
    }

    /// Who said it.
    public var role: Role
    /// What was said.
    public var content: String

    /// Creates a message.
    public init(role: Role, content: String) {
        self.role = role
        self.content = content
    }
}

extension [ChatMessage] {
    /// Checks that the user and the assistant speak in turn, optionally after a system message, and
    /// that the assistant speaks last.
    /// - Throws: ``TextGenerationError``.
    package func checkTurns() throws {
        try checkOrder()
        if last?.role == .user { throw TextGenerationError.noReply }
    }

    /// Checks that the user and the assistant speak in turn, optionally after a system message.
    /// - Throws: ``TextGenerationError``.
    func checkOrder() throws {
        var expected: [ChatMessage.Role] = [.system, .user]
        for (index, message) in enumerated() {
            guard expected.contains(message.role) else {
                throw TextGenerationError.messageOutOfTurn(
                    index: index,
                    role: message.role,
                    expected: expected.last ?? .user
                )
            }
            expected = message.role == .user ? [.assistant] : [.user]
        }
    }
}

/// A name from a file, of which a sentence shows only the beginning.
private func shown(_ name: String) -> String {
    name.count > 40 ? name.prefix(40) + "..." : name
}

/// Why a message cannot be read.
struct MessageProblem: Error {
    let sentence: String
}

/// A message as a file stores it.
///
/// Fields that cannot be kept here are refused, because they would be lost when the file is written
/// again.
struct StoredMessage: Decodable {
    let message: ChatMessage

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let number = (decoder.codingPath.last?.intValue ?? 0) + 1
        func problem(_ words: String) -> MessageProblem {
            MessageProblem(sentence: "message \(number) \(words)")
        }
        let fields = try decoder.container(keyedBy: Key.self)
        let names = ["role", "content"]
        for name in fields.allKeys.map(\.stringValue).sorted() where !names.contains(name) {
            throw problem("has a '\(shown(name))', but only a role and a content are supported")
        }
        guard let role = try? fields.decode(String.self, forKey: Key(stringValue: "role")) else {
            throw problem("has no role that is text")
        }
        guard let known = ChatMessage.Role(rawValue: role) else {
            let roles = ChatMessage.Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw problem("has the role '\(shown(role))'; use one of \(roles)")
        }
        guard let content = try? fields.decode(String.self, forKey: Key(stringValue: "content"))
        else { throw problem("has no content that is text") }
        message = ChatMessage(role: known, content: content)
    }
}

/// Reads and writes conversations: `[{"role":"user","content":"Hello!"}, ...]`.
package enum ChatHistory {
    /// 64 MiB, more than anybody says; a file of another kind is not read to its end.
    private static let largestByteCount = 64 << 20

    /// Reads a conversation.
    /// - Parameter path: The file; one that is missing or empty holds none.
    /// - Returns: Its messages, in turn.
    /// - Throws: ``TextGenerationError/invalidHistory(path:reason:)``, or `FileIOError`.
    package static func read(_ path: FilePath) throws -> [ChatMessage] {
        guard FileSystem.exists(path) else { return [] }
        var bytes: [UInt8] = []
        try InputFile(path).forEachChunk(ofAtMost: 1 << 16) {
            bytes += $0
            guard bytes.count <= largestByteCount else {
                throw TextGenerationError.invalidHistory(
                    path: path,
                    reason: "it has more than 64 MiB, too much for a conversation"
                )
            }
        }
        if bytes.isEmpty { return [] }
        do {
            let messages = try JSONDecoder().decode([StoredMessage].self, from: Data(bytes))
                .map(\.message)
            try messages.checkTurns()
            return messages
        } catch is DecodingError {
            throw TextGenerationError.invalidHistory(
                path: path,
                reason: "it is not a JSON list of messages"
            )
        } catch let error as TextGenerationError {
            throw TextGenerationError.invalidHistory(path: path, reason: "\(error)")
        } catch let error as MessageProblem {
            throw TextGenerationError.invalidHistory(path: path, reason: error.sentence)
        }
    }

    /// Writes a conversation, one message per line; the file appears complete or not at all.
    /// - Throws: `FileIOError` when it cannot be written.
    package static func write(_ messages: [ChatMessage], to path: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let lines = try messages.map { message in
            let content = String(decoding: try encoder.encode(message.content), as: UTF8.self)
            return "{\"role\": \"\(message.role.rawValue)\", \"content\": \(content)}"
        }
        let file = try AtomicFile(path)
        try file.write(Array("[\n\(lines.joined(separator: ",\n"))\n]\n".utf8))
        try file.commit()
    }
}
