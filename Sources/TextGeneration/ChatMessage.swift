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
