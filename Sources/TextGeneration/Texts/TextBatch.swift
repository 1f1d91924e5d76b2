// Several texts as they are made.

import Inference
import Tokenization

/// What a round of generation added to one text.
public struct TextPiece: Sendable, Equatable {
    /// Index of the text, as of its prompt.
    public let index: Int
    /// What is new; may be empty.
    public let text: String
    /// Whether the text is complete.
    public let isLast: Bool
}

/// A text as far as it is made, and what is known about it.
public struct GeneratedText: Sendable, Equatable {
    /// The text, without the prompt.
    public let text: String
    /// Its tokens; past the text, those of a stop string.
    public let tokens: [TokenID]
    /// How likely the model found each of them, if that was asked for; else empty.
    public let logprobs: [TokenLogprobs]
    /// Tokens the model was given to start from: fewer than the prompt's when it was longer than a
    /// context that slides.
    public let promptTokenCount: Int
    /// How many of them did not have to be read, since they had been for another text.
    public let reusedTokenCount: Int
    /// Why generation ended; nil while it goes on.
    public let stopReason: StopReason?
}

/// Texts being generated together, in pieces that are always valid Unicode.
public final class TextBatch {
    private let texts: LiveTexts
    /// Texts, complete or not.
    public let count: Int

    /// Takes an engine whose sequences are numbered as the assemblers.
    init(_ engine: GenerationEngine, assemblers: [TextAssembler]) {
        texts = LiveTexts(engine)
        count = assemblers.count
        for (number, assembler) in assemblers.enumerated() { texts.follow(number, assembler) }
    }

    /// One of the texts, as far as it is made.
    public subscript(index: Int) -> GeneratedText { texts[index] }

    /// Runs the model on the prompts, unless that has been done.
    ///
    /// ``next()`` does it when needed; call it separately to time the prompts.
    /// - Throws: What the model throws; all texts have then ended.
    public func readPrompts() throws {
        try texts.engine.readPrompts()
    }

    /// Generates a token of every text that goes on, and returns what becomes certain of the texts;
    /// nil when all are complete.
    ///
    /// When a text ends within a character, its last piece is U+FFFD.
    /// - Throws: What the model or the sampler throws; all texts have then ended.
    public func next() throws -> [TextPiece]? { try texts.next() }

    /// Ends all texts that go on; what is left of them can still be asked for.
    public func interrupt() {
        texts.engine.interrupt()
    }
}

// Its model is not Sendable.
@available(*, unavailable) extension TextBatch: Sendable {}
