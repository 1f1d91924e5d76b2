/// Generation that cannot start or go on; `description` is one sentence for the user.
public enum InferenceError: Error, Equatable, Sendable {
    /// A sampling option outside what makes sense.
    case invalidOption(name: String, requirement: String, found: String)
    /// A model's logits from which no token can be drawn; `value` is that of `token`.
    case unusableLogit(token: Int, value: Float)
    /// A prompt with more tokens than the model can look at.
    case promptTooLong(tokenCount: Int, maximum: Int)
}

extension InferenceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidOption(let name, let requirement, let found):
            "the \(name) must be \(requirement), got \(found)"
        case .unusableLogit(let token, let value):
            "the model gives token \(token) the logit \(value), from which nothing can be drawn; "
                + "its weights are damaged, or its training diverged: use an earlier checkpoint"
        case .promptTooLong(let tokenCount, let maximum):
            "the prompt has \(tokenCount) tokens, but the model's context is \(maximum); "
                + "shorten the prompt or use a model with a larger context"
        }
    }
}
