import FileIO

/// A model that cannot be opened as it is asked for; `description` is one sentence for the user.
public enum OpeningError: Error, Equatable, Sendable {
    /// A checkpoint was chosen of what is no run.
    case noRun(path: FilePath)
    /// Tensors without the file that says what model they are.
    case noConfiguration(path: FilePath)
    /// No tokenizer is in the model's file or beside it.
    case noTokenizer(model: FilePath)
    /// The tokenizer beside the model has more tokens than it.
    case otherTokenizer(path: FilePath, tokenCount: Int, vocabularySize: Int)
    /// Nothing says in which form the model knows conversations.
    case noChatTemplate(model: FilePath)
    /// The form of conversations that the model's files say is none of those that are known.
    case unknownChatTemplate(model: FilePath)
}

extension OpeningError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noRun(let path):
            "--checkpoint is for the directory of a run, but '\(path)' is one model; leave it out"
        case .noConfiguration(let path):
            "'\(path)' is a safetensors file of tensors, but neither config.json nor params.json "
                + "lies beside it, which says what model they are; copy it there"
        case .noTokenizer(let model):
            "no tokenizer lies beside the model '\(model)'; name one with --tokenizer"
        case .otherTokenizer(let path, let tokenCount, let vocabularySize):
            "'\(path)' has \(counted(tokenCount, "token")), but the model knows only "
                + "\(vocabularySize); name the model's own with --tokenizer"
        case .noChatTemplate(let model):
            "'\(model)' does not say in which form it knows conversations; choose one with "
                + "--template, or use sample, as a model that was not trained to chat only "
                + "continues text"
        case .unknownChatTemplate(let model):
            "the chat template of '\(model)' is none of those that are known; choose the one it is "
                + "most like with --template"
        }
    }
}
