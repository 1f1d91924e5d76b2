// A conversation as a file: the messages that programs for OpenAI's interface exchange, in JSON.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads and writes conversations: `[{"role":"user","content":"Hello!"}, ...]`.
public enum ChatHistory {
    /// 64 MiB, more than anybody says; a file of another kind is not read to its end.
    private static let largestByteCount = 64 << 20

    /// Reads a conversation.
    /// - Parameter path: The file; one that is missing or empty holds none.
    /// - Returns: Its messages, in turn.
    /// - Throws: ``TextGenerationError/invalidHistory(path:reason:)``, or `FileIOError`.
    public static func read(_ path: FilePath) throws -> [ChatMessage] {
        guard FileSystem.exists(path) else { return [] }
        var bytes: [UInt8] = []
        try InputFile(path).forEachChunk(ofAtMost: 1 << 16) {
            bytes += $0
            guard bytes.count <= largestByteCount else {
                throw TextGenerationError.invalidHistory(
                    path: path,
                    reason: "it has more than 64 MiB, which no conversation has"
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
                reason: "it is no list of messages in JSON"
            )
        } catch let error as TextGenerationError {
            throw TextGenerationError.invalidHistory(path: path, reason: "\(error)")
        } catch let error as MessageProblem {
            throw TextGenerationError.invalidHistory(path: path, reason: error.sentence)
        }
    }

    /// Writes a conversation, a message a line; the file is there whole or not at all.
    /// - Throws: `FileIOError` when it cannot be written.
    public static func write(_ messages: [ChatMessage], to path: FilePath) throws {
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
