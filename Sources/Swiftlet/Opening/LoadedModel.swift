// A model ready for use, in one call.

import FileIO
import Inference
import Tensors
import TextGeneration
import Tokenization
import Training

/// Opens a model with everything that belongs to it, whatever its format and family.
///
/// ```swift
/// let model = try loadModel("SmolLM2-135M-Instruct.Q8_0.gguf")
/// for try await piece in try model.stream(prompt: "Once upon a time") {
///     print(piece, terminator: "")
/// }
/// ```
/// - Parameters:
///   - path: A model's file or directory: of llm.c, llama2.c, Hugging Face, Meta, nanoGPT or GGUF;
///     or the directory of a training run.
///   - checkpoint: Which model of a run is meant; nil for the latest.
///   - tokenizer: The tokenizer's file or directory; nil for the one in the model's file or next to
///     it.
///   - precision: How to store matrices; nil keeps each as in its file.
///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
///   - adapter: The directory of a low-rank adapter in PEFT's format, to be merged in.
///   - ops: What runs the arithmetic; nil takes the fastest instruction set and all cores.
/// - Returns: The model.
/// - Throws: ``UnexpectedFileError`` when there is no model at the path, ``OpeningError`` when
///   something that belongs to it is missing, or an error about what is wrong with a file.
public func loadModel(
    _ path: FilePath,
    checkpoint: CheckpointSelection? = nil,
    tokenizer: FilePath? = nil,
    precision: ElementType? = nil,
    cachePrecision: ElementType = .float32,
    adapter: FilePath? = nil,
    ops: Ops? = nil
) throws -> LoadedModel {
    let source = try ModelSource(path, checkpoint: checkpoint)
    let tokenizer = try source.tokenizer(at: tokenizer)
    let model = try source.makeModel(
        precision: precision,
        cachePrecision: cachePrecision,
        adapter: adapter.map { try LowRankAdapter($0) },
        ops: ops ?? Ops()
    )
    return LoadedModel(
        model: model,
        tokenizer: tokenizer,
        // A model that only continues texts is valid too.
        chatTemplate: try? source.chatTemplate(tokenizer)
    )
}

/// A model, and what turns text into its tokens and back.
public struct LoadedModel {
    /// What predicts.
    public let model: any InspectableModel
    /// What turns text into tokens and back.
    public let tokenizer: any Tokenizer
    /// The form of conversations that the model knows; nil for a model that only continues texts.
    public let chatTemplate: (any ChatTemplate)?

    /// Starts a text; the model first runs when a piece is asked for.
    /// - Parameters:
    ///   - prompt: The text to continue; without one, the model starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from.
    /// - Returns: The text, piece by piece.
    /// - Throws: What `TextGenerator/stream(prompt:options:seed:)` throws.
    public func stream(
        prompt: String = "",
        options: GenerationOptions = GenerationOptions(),
        seed: UInt64? = nil
    ) throws -> TextStream {
        try TextGenerator(model, tokenizer: tokenizer)
            .stream(prompt: prompt, options: options, seed: seed)
    }

    /// Starts a conversation; nothing is computed yet.
    /// - Parameters:
    ///   - instructions: The system prompt.
    ///   - options: How much is generated in a turn, and how.
    ///   - seed: What random draws start from.
    /// - Returns: The conversation.
    /// - Throws: `TextGenerationError` for a model that cannot chat.
    public func chat(
        instructions: String? = nil,
        options: GenerationOptions = GenerationOptions(),
        seed: UInt64? = nil
    ) throws -> ChatSession {
        try ChatSession(
            model,
            tokenizer: tokenizer,
            template: chatTemplate ?? KnownChatTemplate(.plain),
            instructions: instructions,
            options: options,
            seed: seed
        )
    }
}
