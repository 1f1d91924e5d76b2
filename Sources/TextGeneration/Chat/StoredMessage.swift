// A message as files have it, in the words of OpenAI's interface.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A name out of a file, of which a sentence shows no more than the beginning.
private func shown(_ name: String) -> String {
    name.count > 40 ? name.prefix(40) + "..." : name
}

/// Why a message is not read.
struct MessageProblem: Error {
    let sentence: String
}

/// A message as a file has it.
///
/// What a conversation here has no place for is refused, as it would be lost when the file is
/// written again.
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
            throw problem("has a '\(shown(name))', but only a role and a content are known")
        }
        guard let role = try? fields.decode(String.self, forKey: Key(stringValue: "role")) else {
            throw problem("has no role that is text")
        }
        guard let known = ChatMessage.Role(rawValue: role) else {
            let roles = ChatMessage.Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw problem("has the role '\(shown(role))'; known are \(roles)")
        }
        guard let content = try? fields.decode(String.self, forKey: Key(stringValue: "content"))
        else { throw problem("has no content that is text") }
        message = ChatMessage(role: known, content: content)
    }
}
