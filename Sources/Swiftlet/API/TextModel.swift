// A model ready for use, in one call. It runs on a thread of its own, so any task can use it. The
// files beside this one add conversion and inspection.

import FileIO
import Inference
import LanguageModels
import Tensors
import TextGeneration
import Tokenization
import Training

/// A model of any format and family, with its tokenizer and chat form.
///
/// ```swift
/// let model = try await TextModel("SmolLM2-135M-Instruct.Q8_0.gguf")
/// for try await piece in model.stream(prompt: "Once upon a time") {
///     print(piece, terminator: "")
/// }
/// ```
///
/// It runs on a thread of its own. Several tasks can ask for text at the same time: it generates
/// one token for each in turn.
public final class TextModel: Sendable {
    /// Converts text to the model's tokens and back.
    public let tokenizer: TextTokenizer
    /// The model's dimensions.
    public let sizes: ModelSizes
    /// The chat form the model was trained with; nil for a model that only continues text, or whose
    /// form cannot be used.
    public let chatForm: ChatForm?
    let generator: AsyncTextGenerator
    private let template: Result<any ChatTemplate, any Error>

    /// Opens a model.
    /// - Parameters:
    ///   - path: A model's file or directory: of llm.c, llama2.c, Hugging Face, Meta, nanoGPT or
    ///     GGUF; or the directory of a training run.
    ///   - checkpoint: Which checkpoint of a run to open; nil is the latest.
    ///   - tokenizer: The tokenizer's file or directory; nil is the one in the model's file or
    ///     beside it.
    ///   - precision: The precision of matrices in memory; nil keeps that of the file.
    ///   - cachePrecision: The precision of keys and values: float32 or bfloat16.
    ///   - adapter: The directory of a low-rank adapter in PEFT's format, which is merged into the
    ///     weights.
    ///   - threads: How many threads the kernels use; nil is one for each core.
    /// - Throws: ``InferenceError`` for a precision that weights or caches cannot have,
    ///   ``UnexpectedFileError`` when there is no model at the path, ``OpeningError`` when a part
    ///   of it is missing, or the error of the file that is damaged.
    public init(
        _ path: FilePath,
        checkpoint: CheckpointSelection? = nil,
        tokenizer: FilePath? = nil,
        precision: ElementType? = nil,
        cachePrecision: ElementType = .float32,
        adapter: FilePath? = nil,
        threads: Int? = nil
    ) async throws {
        try precision?.check("the precision of weights", isOneOf: ElementType.weightTypes)
        try cachePrecision.check("the precision of a cache", isOneOf: KVCache.precisions)
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
        chatForm = (try? opened.template?.get() as? KnownChatTemplate)?.form
        template = opened.template ?? .success(KnownChatTemplate(.plain))
        generator = AsyncTextGenerator(opened.generator, thread: thread)
    }

    /// The parts of an opened model, made on its thread.
    private struct Opened {
        let generator: TextGenerator
        let tokenizer: any Tokenizer
        let sizes: ModelSizes
        /// nil for a model that only continues text, a failure for an unknown or damaged form.
        let template: Result<any ChatTemplate, any Error>?

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
            // A model without a chat form, or with one that cannot be used, still continues text.
            do {
                template = .success(try source.chatTemplate(self.tokenizer))
            } catch OpeningError.noChatTemplate {
                template = nil
            } catch {
                template = .failure(error)
            }
        }
    }

    /// Generates a text piece by piece; each iteration generates the same text anew.
    ///
    /// A token is generated when the next piece is asked for. None is generated after the task is
    /// canceled or the iterator is released; a canceled iteration ends as a finished text does.
    /// - Parameters:
    ///   - prompt: The text to continue; when it is empty, the model starts a new text.
    ///   - options: How much to generate, and how.
    ///   - seed: The seed of the random draws; nil is a new one for every call.
    /// - Returns: The text. Asking for a piece throws ``InferenceError``, ``TextGenerationError``
    ///   or ``TextTokenizerError`` for options and prompts that the model cannot take,
    ///   ``TensorError`` when memory runs out, and ``FileIOError`` when the model's file has
    ///   shrunk.
    public func stream(
        prompt: String = "",
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) -> TextPieces {
        generator.stream(prompt: prompt, options: options, seed: seed)
    }

    /// Generates a whole text.
    ///
    /// When the task is canceled, the text ends where it is, and ``GeneratedText/stopReason`` is
    /// ``StopReason/interrupted``.
    /// - Parameters:
    ///   - prompt: The text to continue; when it is empty, the model starts a new text.
    ///   - options: How much to generate, and how.
    ///   - seed: The seed of the random draws; nil is a new one every time.
    /// - Returns: The text.
    /// - Throws: What asking for a piece of ``stream(prompt:options:seed:)`` throws.
    public func text(
        prompt: String = "",
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) async throws -> GeneratedText {
        try await generator.text(prompt: prompt, options: options, seed: seed)
    }

    /// Starts a conversation, or continues one; nothing is computed yet.
    /// - Parameters:
    ///   - instructions: The system prompt; nil is the one that the history begins with, if any.
    ///   - history: The messages so far.
    ///   - form: The chat form to use; nil is the model's own.
    ///   - options: How much to generate in a turn, and how.
    ///   - seed: The seed of the random draws; nil is a new one every time.
    /// - Returns: The conversation. A model that only continues text uses the plain form.
    /// - Throws: When no form is given and the model's cannot be used:
    ///   ``OpeningError/unknownChatTemplate(model:)``, ``TextTokenizerError`` or ``FileIOError``.
    ///   ``TextGenerationError`` when roles do not alternate or the
    ///   model's form has no place for a message, ``InferenceError`` for options that the model
    ///   cannot take.
    public func chat(
        instructions: String? = nil,
        history: [ChatMessage] = [],
        form: ChatForm? = nil,
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) async throws -> Conversation {
        let template =
            try form.map { KnownChatTemplate($0) as any ChatTemplate }
            ?? self.template.get()
        return try await Conversation(generator) { [tokenizer] model in
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
