/// A text that cannot be generated; `description` is one sentence for the user.
public enum TextGenerationError: Error, Equatable, Sendable {
    /// The tokenizer has more tokens than the model.
    case vocabularyMismatch(tokenizerSize: Int, modelSize: Int)
    /// A stop string that every text begins with.
    case emptyStopString
    /// Texts to be generated from no prompts at all.
    case noPrompts
    /// A text without a prompt, and no token that stands before every text.
    case nothingToStart
    /// A message that fills the context alone, with the system prompt.
    case turnTooLong(tokenCount: Int, maximum: Int)
}

extension TextGenerationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .vocabularyMismatch(let tokenizerSize, let modelSize):
            "the tokenizer has \(tokenizerSize) tokens, but the model's vocabulary has "
                + "only \(modelSize); use the tokenizer the model was trained with"
        case .emptyStopString:
            "a stop string must have at least one character; leave it out for none"
        case .noPrompts:
            "there are no prompts to continue; give an empty one to start a new text"
        case .nothingToStart:
            "the tokenizer has no token that starts a text, so the model cannot begin without a "
                + "prompt; give one"
        case .turnTooLong(let tokenCount, let maximum):
            "the message and the system prompt are \(tokenCount) tokens long, but the model can look "
                + "at \(maximum); make them shorter"
        }
    }
}
