import FileIO

/// A model that cannot be opened as asked; `description` is one sentence for the user.
public enum OpeningError: Error, Equatable, Sendable {
    /// A checkpoint was chosen, but there is no run.
    case noRun(path: FilePath)
    /// Tensors without the file that says which model they are.
    case noConfiguration(path: FilePath)
    /// The model that an adapter was trained on is not where the adapter's files say.
    case noBase(adapter: FilePath, base: String?)
    /// An adapter was given for a model that already has one.
    case secondAdapter(model: FilePath)
    /// There is no tokenizer in the model's file or next to it.
    case noTokenizer(model: FilePath)
    /// The tokenizer next to the model has more tokens than the model.
    case otherTokenizer(path: FilePath, tokenCount: Int, vocabularySize: Int)
    /// Nothing says which form of conversations the model knows.
    case noChatTemplate(model: FilePath)
    /// The form of conversations in the model's files is unknown.
    case unknownChatTemplate(model: FilePath)
}

extension OpeningError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noRun(let path):
            "--checkpoint is for the directory of a run, but '\(path)' is one model; leave it out"
        case .noConfiguration(let path):
            "'\(path)' is a safetensors file of tensors, but neither config.json nor params.json "
                + "is next to it to say which model they are; copy one there"
        case .noBase(let adapter, let base):
            "'\(adapter)' is an adapter (LoRA) of "
                + (base.map { "'\(DisplayText.escaping($0))', and no model is there" }
                    ?? "a model that it does not name")
                + "; name the model it was trained on, and '\(adapter)' with --adapter"
        case .secondAdapter(let model):
            "'\(model)' is already an adapter (LoRA), so --adapter cannot name another; leave "
                + "it out, or name the model that both were trained on"
        case .noTokenizer(let model):
            "there is no tokenizer next to the model '\(model)'; name one with --tokenizer"
        case .otherTokenizer(let path, let tokenCount, let vocabularySize):
            "'\(path)' has \(counted(tokenCount, "token")), but the model knows only "
                + "\(vocabularySize); name the model's own with --tokenizer"
        case .noChatTemplate(let model):
            "'\(model)' does not say which chat template it was trained with; choose one with "
                + "--template, or use sample, since a model that was not trained to chat only "
                + "continues text"
        case .unknownChatTemplate(let model):
            "the chat template of '\(model)' is not one of the known ones; choose the one it is "
                + "most like with --template"
        }
    }
}
