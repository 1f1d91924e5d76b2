// Text for programs that use Swift's tasks. The model runs on a thread of its own and never on the
// pool that runs the tasks; GenerationThread.swift says why.

import Inference
import Tokenization

/// A model that tasks ask for text.
///
/// ```swift
/// let generator = AsyncTextGenerator(try TextGenerator(model, tokenizer: tokenizer))
/// for try await piece in generator.stream(prompt: "Once") { print(piece, terminator: "") }
/// ```
///
/// Several tasks may ask at the same time: one thread generates their tokens in turn.
package actor AsyncTextGenerator {
    private let generator: TextGenerator
    private let thread: GenerationThread

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Takes over a model, which nothing else may use afterwards.
    /// - Parameters:
    ///   - generator: The model and its vocabulary.
    ///   - thread: Where it runs.
    package init(
        _ generator: sending TextGenerator,
        thread: GenerationThread = GenerationThread()
    ) {
        self.generator = generator
        self.thread = thread
    }

    /// Does something else with the model, between the tokens of the texts that are on their way.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    package func run<Value: Sendable>(
        _ body: @Sendable (TextGenerator) throws -> Value
    ) throws -> Value {
        try body(generator)
    }

    /// A text, piece by piece; each iteration generates it again.
    ///
    /// A token is generated when the next piece is asked for. When the asking task is canceled, or
    /// the iterator goes away, no further token is generated; a canceled iteration ends as if the
    /// text did.
    /// - Parameters:
    ///   - prompt: What to continue; without one, the model starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seed: The seed of the random draws; nil chooses a new one for every call.
    /// - Returns: The text. Asking for its first piece throws what
    ///   ``TextGenerator/stream(prompt:options:seed:)`` does, and every piece what the model
    ///   throws.
    package nonisolated func stream(
        prompt: String = "",
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) -> TextPieces {
        TextPieces(generator: self, request: TextRequest(.text(prompt), options, seed))
    }

    /// The same for a prompt of tokens, as ``TextGenerator/stream(tokens:options:seed:)`` takes it.
    package nonisolated func stream(
        tokens: [TokenID],
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) -> TextPieces {
        TextPieces(generator: self, request: TextRequest(.tokens(tokens), options, seed))
    }

    /// A whole text.
    ///
    /// When the task is canceled, the text is what was generated until then, and
    /// ``GeneratedText/stopReason`` is ``StopReason/interrupted``.
    /// - Parameters:
    ///   - prompt: What to continue; without one, the model starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from; nil chooses a new one every time.
    /// - Returns: The text.
    /// - Throws: What ``TextGenerator/stream(prompt:options:seed:)`` and the model throw.
    package nonisolated func text(
        prompt: String = "",
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) async throws -> GeneratedText {
        try await text(TextRequest(.text(prompt), options, seed))
    }

    /// The same for a prompt of tokens.
    package nonisolated func text(
        tokens: [TokenID],
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) async throws -> GeneratedText {
        try await text(TextRequest(.tokens(tokens), options, seed))
    }

    private nonisolated func text(_ request: TextRequest) async throws -> GeneratedText {
        let state = TextPieces.State(request)
        while try await nextPiece(of: state) != nil {}
        return try await end(state)
    }

    /// The next piece that is not empty; nil at the end or when the task is canceled.
    fileprivate func nextPiece(of text: TextPieces.State) throws -> String? {
        try stream(of: text).makeAsyncIterator().nextPiece()
    }

    /// Ends a text where it is, and returns all of it.
    private func end(_ text: TextPieces.State) throws -> GeneratedText {
        let stream = try stream(of: text)
        stream.interrupt()
        // What was held back, which does not need the model.
        while try stream.next() != nil {}
        return stream.generated
    }

    /// The stream of a text, which starts at the first call.
    private func stream(of text: TextPieces.State) throws -> TextStream {
        if let stream = text.stream { return stream }
        let request = text.request
        let stream =
            switch request.prompt {
            case .text(let prompt):
                try generator.stream(prompt: prompt, options: request.options, seed: request.seed)
            case .tokens(let tokens):
                try generator.stream(tokens: tokens, options: request.options, seed: request.seed)
            }
        text.stream = stream
        return stream
    }
}

/// What is to be generated.
fileprivate struct TextRequest: Sendable {
    enum Prompt {
        case text(String)
        case tokens([TokenID])
    }

    let prompt: Prompt
    let options: TextGenerationOptions
    let seed: UInt64

    init(_ prompt: Prompt, _ options: TextGenerationOptions, _ seed: UInt64?) {
        self.prompt = prompt
        self.options = options
        self.seed = seed ?? .random()
    }
}

/// A text as a sequence of pieces, each of them valid Unicode and not empty.
public struct TextPieces: AsyncSequence, Sendable {
    fileprivate let generator: AsyncTextGenerator
    fileprivate let request: TextRequest

    public func makeAsyncIterator() -> Iterator {
        Iterator(generator: generator, state: State(request))
    }

    /// Asks for one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let generator: AsyncTextGenerator
        fileprivate let state: State

        /// Returns the next piece; nil at the end of the text, and when the task is canceled.
        /// - Throws: ``InferenceError``, ``TextGenerationError`` or ``TextTokenizerError`` for
        ///   options and prompts that the model cannot take, ``TensorError`` when memory runs out,
        ///   and ``FileIOError`` when the model's file has shrunk.
        public func next() async throws -> String? {
            try await generator.nextPiece(of: state)
        }
    }

    /// A text on its way.
    ///
    /// Unchecked because its stream is not Sendable. Only the generator's actor creates and uses
    /// the stream; an iterator carries it from one call to the next without looking inside.
    /// Wherever it is released, no call is using it.
    fileprivate final class State: @unchecked Sendable {
        let request: TextRequest
        var stream: TextStream?

        init(_ request: TextRequest) {
            self.request = request
        }
    }
}

/// Asks for the pieces of a text one after the other, and skips empty ones.
///
/// The pieces are generated wherever the caller runs: at the top level of a program, on the main
/// thread. In a program with many tasks, ``AsyncTextGenerator`` keeps the model off the threads
/// that they share.
package struct PieceIterator: AsyncIteratorProtocol {
    private let makePiece: () throws -> String?

    /// `next` makes the next piece, or returns nil at the end.
    init(_ makePiece: @escaping () throws -> String?) {
        self.makePiece = makePiece
    }

    package func next(isolation actor: isolated (any Actor)?) async throws -> String? {
        try nextPiece()
    }

    /// The next piece that is not empty; nil at the end, or when the asking task is canceled.
    func nextPiece() throws -> String? {
        while !Task.isCancelled {
            guard let piece = try makePiece() else { return nil }
            if !piece.isEmpty { return piece }
        }
        return nil
    }
}
