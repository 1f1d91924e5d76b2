// The conversion of a model to another format with everything that belongs to it. ModelConversion
// writes the weights; here its tokenizer, its form of conversations and its settings for generation
// come along.

import FileIO
import LanguageModels
import TensorFiles
import Tensors
import TextGeneration
import Tokenization

extension ModelSource {
    /// Plans the conversion of the model to another format.
    /// - Parameters:
    ///   - target: The format to write.
    ///   - output: The file to write, or for safetensors the directory.
    ///   - elementType: How to store matrices; nil keeps each as it is if the format allows.
    ///   - tokenizer: The model's tokenizer, which is copied; nil omits it.
    ///   - template: The form of conversations for the new files; nil for the one in the model's
    ///     own files.
    ///   - adapter: A low-rank adapter to merge into the weights.
    ///   - ops: What multiplies an adapter's matrices.
    /// - Returns: The conversion, not written yet.
    /// - Throws: `ModelError/cannotWrite(path:reason:hint:)` when the format cannot store something
    ///   in the model; `TextTokenizerError/cannotExport(path:reason:)` when it cannot store the
    ///   tokenizer.
    package func conversion(
        to target: ModelConversion.Target,
        at output: FilePath,
        elementType: ElementType? = nil,
        tokenizer: (any Tokenizer)? = nil,
        template: ChatForm? = nil,
        adapter: LowRankAdapter? = nil,
        ops: Ops
    ) throws -> ModelConversion {
        var description = tokenizer?.description
        if let template {
            description?.chatTemplate = KnownChatTemplate(template).jinja
        } else if description != nil, description?.chatTemplate == nil {
            description?.chatTemplate = try writtenChatTemplate()
        }
        let (vocabularySize, contextLength) =
            (configuration.vocabularySize, configuration.contextLength)
        let metadata =
            target == .gguf
            ? try description.map {
                try GGUFTokenizer($0, path: output).metadata(vocabularySize: vocabularySize)
            } : nil
        let tokens = ModelTokens(
            beginOfText: description?.startOfText.map { Int($0) },
            endOfText: description?.endsOfText.map { Int($0) } ?? [],
            padding: description?.padding.map { Int($0) }
        )
        var settings = GenerationSettings()
        if target == .safetensors {
            try description?.checkJSON(for: output.appending("tokenizer.json"))
            if case .huggingFace = weights.format {
                settings = try GenerationSettings(in: settingsDirectory())
            }
            settings.complete(tokens)
        }
        return try ModelConversion(
            mergedWeights(with: adapter, ops: ops),
            to: target,
            at: output,
            elementType: elementType,
            tokens: tokens,
            name: output.stem ?? "",
            metadata: metadata ?? GGUFMetadata()
        ) { [settings] directory in
            try description?.writeJSON(in: directory, contextLength: contextLength)
            try settings.write(in: directory)
        }
    }
}
