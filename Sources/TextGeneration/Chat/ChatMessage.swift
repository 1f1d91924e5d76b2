// A message of a conversation, in the words that programs for chat models share.

/// What somebody said in a conversation.
///
/// In JSON it is `{"role":"user","content":"Hello!"}`, as in OpenAI's interface.
public struct ChatMessage: Sendable, Equatable, Codable {
    /// Who speaks.
    public enum Role: String, Sendable, Codable, CaseIterable {
        /// Tells the model about its part, before anybody else speaks.
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

    /// Somebody's words.
    public init(role: Role, content: String) {
        self.role = role
        self.content = content
    }
}

extension [ChatMessage] {
    /// Checks that the user and the assistant speak in turn, after a message of the system or none,
    /// and that the assistant has the last word.
    /// - Throws: ``TextGenerationError``.
    package func checkTurns() throws {
        try checkOrder()
        if last?.role == .user { throw TextGenerationError.noReply }
    }

    /// Checks that the user and the assistant speak in turn, after a message of the system or none.
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
