// A model ready for use, in one call. It runs on a thread of its own, and so can be asked from any
// task. What else it is asked for is in the files beside this one.

import FileIO
import Inference
import LanguageModels
import Tensors
import TextGeneration
import Tokenization
import Training

/// A model with all that belongs to it, whatever its format and family.
///
/// ```swift
/// let model = try await TextModel("SmolLM2-135M-Instruct.Q8_0.gguf")
/// for try await piece in model.stream(prompt: "Once upon a time") {
///     print(piece, terminator: "")
/// }
/// ```
///
/// It runs on a thread of its own. Several tasks may ask for texts at the same time: their tokens
/// are made in turn.
public final class TextModel: Sendable {
    /// What turns text into the model's tokens and back.
    public let tokenizer: TextTokenizer
    /// How large it is.
    public let sizes: ModelSizes
    /// The form of conversations that the model knows; nil for a model that continues texts only.
    public let chatForm: ChatForm?
    let generator: AsyncTextGenerator
    private let template: any ChatTemplate

    /// Opens a model.
    /// - Parameters:
    ///   - path: A model's file or directory: of llm.c, llama2.c, Hugging Face, Meta, nanoGPT or
    ///     GGUF; or the directory of a training run.
    ///   - checkpoint: Which model of a run is meant; nil for the latest.
    ///   - tokenizer: The tokenizer's file or directory; nil for the one in the model's file or
    ///     beside it.
    ///   - precision: How to store matrices; nil keeps each as its file does.
    ///   - cachePrecision: How to store keys and values: float32 or bfloat16.
    ///   - adapter: The directory of a low-rank adapter in PEFT's format, to be merged in.
    ///   - threads: How many threads the arithmetic takes; nil takes one for each core.
    /// - Throws: ``UnexpectedFileError`` when there is no model at the path, ``OpeningError`` when
    ///   something that belongs to it is missing, or what says what is wrong with a file.
    public init(
        _ path: FilePath,
        checkpoint: CheckpointSelection? = nil,
        tokenizer: FilePath? = nil,
        precision: ElementType? = nil,
        cachePrecision: ElementType = .float32,
        adapter: FilePath? = nil,
        threads: Int? = nil
    ) async throws {
        let thread = GenerationThread()
        let opened = try await thread.run {
            try Opened(
                ModelSource(path, checkpoint: checkpoint),
                tokenizer: tokenizer,
                precision: precision,
                cachePrecision: cachePrecision,
                adapter: adapter,
                threads: threads
            )
        }
        self.tokenizer = TextTokenizer(opened.tokenizer)
        sizes = opened.sizes
        chatForm = (opened.template as? KnownChatTemplate)?.form
        template = opened.template ?? KnownChatTemplate(.plain)
        generator = AsyncTextGenerator(opened.generator, thread: thread)
    }

    /// What opening gives.
    private struct Opened {
        let generator: TextGenerator
        let tokenizer: any Tokenizer
        let sizes: ModelSizes
        let template: (any ChatTemplate)?

        init(
            _ source: ModelSource,
            tokenizer: FilePath?,
            precision: ElementType?,
            cachePrecision: ElementType,
            adapter: FilePath?,
            threads: Int?
        ) throws {
            self.tokenizer = try source.tokenizer(at: tokenizer)
            let model = try source.makeModel(
                precision: precision,
                cachePrecision: cachePrecision,
                adapter: adapter.map { try LowRankAdapter($0) },
                ops: Ops(threadCount: threads)
            )
            generator = try TextGenerator(model, tokenizer: self.tokenizer)
            sizes = ModelSizes(source.configuration)
            // A model that only continues texts is a model all the same.
            template = try? source.chatTemplate(self.tokenizer)
        }
    }

    /// A text, piece by piece; each iteration generates it anew.
    ///
    /// A token is made when the next piece is asked for. When the task that asks is canceled, or
    /// the iterator goes away, no further token is made; a canceled iteration ends as if the text
    /// did.
    /// - Parameters:
    ///   - prompt: What to continue; without any, the model starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from; nil is another one for every text.
    /// - Returns: The text. Asking for its first piece throws ``InferenceError`` or
    ///   ``TextGenerationError`` for options and prompts that the model cannot take.
    public func stream(
        prompt: String = "",
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) -> TextPieces {
        generator.stream(prompt: prompt, options: options, seed: seed)
    }

    /// A whole text.
    ///
    /// When the task is canceled, the text is what was made until then, and
    /// ``GeneratedText/stopReason`` is ``StopReason/interrupted``.
    /// - Parameters:
    ///   - prompt: What to continue; without any, the model starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from; nil is another one every time.
    /// - Returns: The text.
    /// - Throws: ``InferenceError`` or ``TextGenerationError`` for options and prompts that the
    ///   model cannot take.
    public func text(
        prompt: String = "",
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) async throws -> GeneratedText {
        try await generator.text(prompt: prompt, options: options, seed: seed)
    }

    /// Starts a conversation, or goes on with one; nothing is computed yet.
    /// - Parameters:
    ///   - instructions: What the model is told about its part: the system prompt. nil is what the
    ///     history begins with, if anything.
    ///   - history: What was said before.
    ///   - options: How much is generated in a turn, and how.
    ///   - seed: What random draws start from; nil is another one every time.
    /// - Returns: The conversation. With a model that knows no ``chatForm`` it has the plain one.
    /// - Throws: ``TextGenerationError`` when the messages are not in turn or the model's form has
    ///   no place for them, ``InferenceError`` for options that the model cannot take.
    public func chat(
        instructions: String? = nil,
        history: [ChatMessage] = [],
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) async throws -> Conversation {
        try await Conversation(generator) { [tokenizer, template] model in
            try ChatSession(
                model,
                tokenizer: tokenizer.base,
                template: template,
                instructions: instructions,
                history: history,
                options: options,
                seed: seed
            )
        }
    }
}
