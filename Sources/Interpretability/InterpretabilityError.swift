/// A question about a model that it has no answer to; `description` is one sentence for the user.
public enum InterpretabilityError: Error, Equatable, Sendable {
    /// A token that the model does not know.
    case tokenOutsideVocabulary(token: Int32, vocabularySize: Int)
    /// A token whose embedding is all zeros, or not finite, so that no other is near it.
    case noDirection(token: Int32)
}

extension InterpretabilityError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tokenOutsideVocabulary(let token, let vocabularySize):
            "there is no token \(token): the model knows \(vocabularySize) tokens, counted from 0"
        case .noDirection(let token):
            "the embedding of token \(token) is all zeros or not finite, so it has no neighbours; "
                + "choose another token"
        }
    }
}
