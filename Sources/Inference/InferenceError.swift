/// A failure to start or continue generation; `description` is one sentence for the user.
public enum InferenceError: Error, Equatable, Sendable {
    /// A sampling option outside its range.
    case invalidOption(name: String, requirement: String, found: String)
    /// A bias for a token that the model or its tokenizer does not have.
    case unknownBiasToken(token: Int32, vocabularySize: Int)
    /// Logits from which no token can be drawn; `value` is the logit of `token`.
    case unusableLogit(token: Int, value: Float)
    /// Logits that the chain of processors made unusable.
    case nothingToDraw
    /// A prompt with more tokens than the model can see.
    case promptTooLong(tokenCount: Int, maximum: Int)
}

extension InferenceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidOption(let name, let requirement, let found):
            "the \(name) must be \(requirement), got \(found)"
        case .unknownBiasToken(let token, let vocabularySize):
            "there is no token \(token) to give a logit bias; the ids run from 0 to "
                + "\(vocabularySize - 1)"
        case .unusableLogit(let token, let value):
            "the model gives token \(token) the logit \(value.isNaN ? "nan" : "\(value)"), from "
                + "which nothing can be drawn; its weights are damaged, or its training diverged: "
                + "use an earlier checkpoint"
        case .nothingToDraw:
            "the sampling options leave no token to draw, or logits that are not numbers; exclude "
                + "fewer tokens and use a smaller bias or penalty"
        case .promptTooLong(let tokenCount, let maximum):
            "the prompt has \(tokenCount) tokens, but the model's context is \(maximum); "
                + "shorten the prompt, let the context slide, or use a model with a larger context"
        }
    }
}
