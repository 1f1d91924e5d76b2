// The copy of its tokenizer that a run keeps, so that the directory is enough to sample from. A run
// need not have one. Training itself never reads it.

import FileIO
import Tokenization

extension RunDirectory {
    /// Names of the other forms, for tokenizers that llm.c's and llama2.c's formats cannot hold.
    private var vocabularyPath: FilePath { path.appending("vocab.json") }
    private var mergesPath: FilePath { path.appending("merges.txt") }
    private var settingsPath: FilePath { path.appending("tokenizer.json") }
    private var configPath: FilePath { path.appending("tokenizer_config.json") }
    private var modelPath: FilePath { path.appending("tokenizer.model") }
    private var chatTemplatePath: FilePath { path.appending("chat_template.jinja") }

    /// All files that a tokenizer may be.
    var tokenizerFiles: [FilePath] {
        [
            tokenizerPath, vocabularyPath, mergesPath, settingsPath, configPath, modelPath,
            chatTemplatePath,
        ]
    }

    /// The run's copy of its tokenizer, as `loadTokenizer(at:)` takes it; nil when there is none.
    public var savedTokenizer: FilePath? {
        for path in [settingsPath, modelPath, tokenizerPath] where FileSystem.exists(path) {
            return path
        }
        let isPair = FileSystem.exists(vocabularyPath) && FileSystem.exists(mergesPath)
        return isPair ? vocabularyPath : nil
    }

    /// Whether the run keeps the form of the conversations that its model learns.
    public var hasChatTemplate: Bool { FileSystem.exists(chatTemplatePath) }

    /// Checks that a run goes on with the tokenizer that it began with; without a copy any will do.
    /// - Throws: ``TrainingError/runDiffers(path:differences:)``, or what reading the copy throws.
    public func requireSameTokenizer(_ tokenizer: any Tokenizer) throws {
        guard let copy = savedTokenizer else { return }
        let (then, now) = (try loadTokenizer(at: copy), tokenizer)
        guard !Self.encodesAlike(then, now) else { return }
        let difference =
            then.vocabularySize == now.vocabularySize
            ? "the tokenizer holds other tokens than then"
            : "the tokenizer was one of \(then.vocabularySize) tokens and is now one of "
                + "\(now.vocabularySize)"
        throw TrainingError.runDiffers(path: path, differences: [difference])
    }

    private static func encodesAlike(_ then: any Tokenizer, _ now: any Tokenizer) -> Bool {
        if let then = then as? BytePairTokenizer, let now = now as? BytePairTokenizer {
            return then.encodesLike(now)
        }
        return then.description.kind == now.description.kind && then.digest == now.digest
    }

    /// Puts a tokenizer, or none, in the place of the run's copy.
    /// - Parameters:
    ///   - tokenizer: The tokenizer.
    ///   - source: The file that it came from, which is copied where it is SentencePiece's or
    ///     llama2.c's; nil where there is none.
    ///   - chatTemplate: The form of conversations that the model learns, in Jinja; nil for one
    ///     that learns none.
    /// - Throws: `TokenizerError` when no format holds it, or ``FileIOError``.
    public func replaceTokenizer(
        with tokenizer: (any Tokenizer)?,
        from source: FilePath? = nil,
        chatTemplate: String? = nil
    ) throws {
        var written = try tokenizer?.save(in: path, from: source) ?? []
        if let chatTemplate, tokenizer != nil {
            let file = try AtomicFile(chatTemplatePath)
            try file.write(Array(chatTemplate.utf8))
            try file.commit()
            written.append(chatTemplatePath)
        }
        // Another form would be found first, or for nothing.
        for path in tokenizerFiles where !written.contains(path) { try FileSystem.remove(path) }
    }
}
