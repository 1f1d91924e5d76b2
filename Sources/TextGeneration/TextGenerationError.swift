/// A text that cannot be generated; `description` is one sentence for the user.
public enum TextGenerationError: Error, Equatable, Sendable {
    /// The tokenizer and the model do not belong together.
    case vocabularyMismatch(tokenizerSize: Int, modelSize: Int)
}

extension TextGenerationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .vocabularyMismatch(let tokenizerSize, let modelSize):
            "the tokenizer has \(tokenizerSize) tokens, but the model's vocabulary has "
                + "\(modelSize); use the tokenizer the model was trained with"
        }
    }
}
