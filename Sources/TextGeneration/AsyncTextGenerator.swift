// Text for programs with tasks. The model runs on a thread of its own and never on the pool that
// runs the tasks; GenerationThread.swift says why.

import Inference
import Tokenization

/// A model that tasks ask for text.
///
/// ```swift
/// let generator = AsyncTextGenerator(try TextGenerator(model, vocabulary: vocabulary))
/// for try await piece in generator.pieces(prompt: ids, options: options, seed: 1) {
///     print(piece, terminator: "")
/// }
/// ```
///
/// Several tasks may ask at the same time: their tokens are made in turn, one thread doing all of
/// it.
public actor AsyncTextGenerator {
    private let generator: TextGenerator
    private let thread = GenerationThread()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Takes over a model, which nothing else may use from now on.
    public init(_ generator: sending TextGenerator) {
        self.generator = generator
    }

    /// A text, piece by piece; each iteration generates it anew.
    ///
    /// A token is made when the next piece is asked for. When the task that asks is cancelled, or
    /// the iterator goes away, no further token is made; a cancelled iteration ends as if the text
    /// did.
    /// - Parameters:
    ///   - prompt: Ids to continue; with none, the model starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from.
    /// - Returns: The text. Asking for its first piece throws what
    ///   ``TextGenerator/stream(prompt:options:seed:)`` does, and every piece what the model
    ///   throws.
    public nonisolated func pieces(
        prompt: [TokenID] = [],
        options: GenerationOptions,
        seed: UInt64
    ) -> TextPieces {
        TextPieces(generator: self, prompt: prompt, options: options, seed: seed)
    }

    /// A whole text.
    ///
    /// When the task is cancelled, the text is what was made until then, and
    /// ``GeneratedText/stopReason`` is ``StopReason/interrupted``.
    /// - Parameters:
    ///   - prompt: Ids to continue; with none, the model starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from.
    /// - Returns: The text.
    /// - Throws: What ``TextGenerator/stream(prompt:options:seed:)`` and the model throw.
    public nonisolated func text(
        prompt: [TokenID] = [],
        options: GenerationOptions,
        seed: UInt64
    ) async throws -> GeneratedText {
        let state = TextPieces.State(prompt: prompt, options: options, seed: seed)
        while try await nextPiece(of: state) != nil {}
        return try await end(state)
    }

    /// The next piece that is not empty; nil at the end or when the task is cancelled.
    fileprivate func nextPiece(of text: TextPieces.State) throws -> String? {
        let stream = try stream(of: text)
        while !Task.isCancelled {
            guard let piece = try stream.next() else { return nil }
            if !piece.isEmpty { return piece }
        }
        return nil
    }

    /// Ends a text where it is, and returns it whole.
    private func end(_ text: TextPieces.State) throws -> GeneratedText {
        let stream = try stream(of: text)
        stream.interrupt()
        // What was held back, which no longer takes the model.
        while try stream.next() != nil {}
        return stream.generated
    }

    /// The stream of a text, which starts at the first call.
    private func stream(of text: TextPieces.State) throws -> TextStream {
        if let stream = text.stream { return stream }
        let stream = try generator.stream(
            prompt: text.prompt,
            options: text.options,
            seed: text.seed
        )
        text.stream = stream
        return stream
    }
}

/// A text as a sequence of pieces, each of them valid Unicode and not empty.
public struct TextPieces: AsyncSequence, Sendable {
    fileprivate let generator: AsyncTextGenerator
    fileprivate let prompt: [TokenID]
    fileprivate let options: GenerationOptions
    fileprivate let seed: UInt64

    public func makeAsyncIterator() -> Iterator {
        Iterator(
            generator: generator,
            state: State(prompt: prompt, options: options, seed: seed)
        )
    }

    /// Asks for one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let generator: AsyncTextGenerator
        fileprivate let state: State

        public func next() async throws -> String? {
            try await generator.nextPiece(of: state)
        }
    }

    /// A text on its way.
    ///
    /// It is unchecked because its stream is not Sendable. The stream is made and used by the
    /// generator's actor only; an iterator carries it from one call to the next and does not look
    /// inside. Wherever it is released, no call is using it.
    fileprivate final class State: @unchecked Sendable {
        let prompt: [TokenID]
        let options: GenerationOptions
        let seed: UInt64
        var stream: TextStream?

        init(prompt: [TokenID], options: GenerationOptions, seed: UInt64) {
            self.prompt = prompt
            self.options = options
            self.seed = seed
        }
    }
}
