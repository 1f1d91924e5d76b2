import FileIO

/// A model that cannot be opened as it is asked for; `description` is one sentence for the user.
public enum OpeningError: Error, Equatable, Sendable {
    /// A checkpoint was chosen of what is no run.
    case noRun(path: FilePath)
    /// Tensors without the file that says what model they are.
    case noConfiguration(path: FilePath)
    /// The model that an adapter was trained on is not where the adapter's files say.
    case noBase(adapter: FilePath, base: String?)
    /// An adapter was named for a model that has one.
    case secondAdapter(model: FilePath)
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
        case .noBase(let adapter, let base):
            "'\(adapter)' is an adapter (LoRA) of "
                + (base.map { "'\(DisplayText.escaping($0))', and no model is there" }
                    ?? "a model that it does not name")
                + "; name the model it was trained on, and '\(adapter)' with --adapter"
        case .secondAdapter(let model):
            "'\(model)' is an adapter (LoRA) already, so that --adapter cannot name another; leave "
                + "it out, or name the model that both were trained on"
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
