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
    /// Why generation ended; nil while it goes on.
    public let stopReason: StopReason?
}

/// Texts being generated together, in pieces that are always valid Unicode.
public final class TextBatch {
    private let engine: GenerationEngine
    private var assemblers: [TextAssembler]
    private var logprobs: [[TokenLogprobs]]
    private var isFinished: [Bool]

    /// Takes an engine whose sequences are numbered as the assemblers.
    init(_ engine: GenerationEngine, assemblers: [TextAssembler]) {
        self.engine = engine
        self.assemblers = assemblers
        logprobs = assemblers.map { _ in [] }
        isFinished = assemblers.map { _ in false }
    }

    /// Texts, complete or not.
    public var count: Int { assemblers.count }

    /// One of the texts, as far as it is made.
    public subscript(index: Int) -> GeneratedText {
        let sequence = engine[index]
        return GeneratedText(
            text: assemblers[index].text,
            tokens: sequence.tokens,
            logprobs: logprobs[index],
            promptTokenCount: sequence.promptTokenCount,
            stopReason: sequence.stopReason
        )
    }

    /// Runs the model on the prompts, unless that has been done.
    ///
    /// ``next()`` does it when needed; who measures speed does it apart.
    /// - Throws: What the model throws; all texts have then ended.
    public func readPrompts() throws {
        try engine.readPrompts()
    }

    /// Generates a token of every text that goes on, and returns what becomes certain of the texts;
    /// nil when all are complete.
    ///
    /// When a text ends within a character, its last piece is U+FFFD.
    /// - Throws: What the model or the sampler throws; all texts have then ended.
    public func next() throws -> [TextPiece]? {
        var pieces: [TextPiece] = []
        let events = try engine.next()
        for event in events ?? [] {
            guard let token = event.token else { continue }
            if let found = event.logprobs { logprobs[event.sequence].append(found) }
            let text = try assemblers[event.sequence].append(token)
            pieces.append(TextPiece(index: event.sequence, text: text, isLast: false))
            if assemblers[event.sequence].isStopped { engine.end(event.sequence, .stopString) }
        }
        for index in isFinished.indices
        where !isFinished[index] && engine[index].stopReason != nil {
            isFinished[index] = true
            pieces.append(TextPiece(index: index, text: assemblers[index].finish(), isLast: true))
        }
        return events == nil && pieces.isEmpty ? nil : pieces
    }

    /// Ends all texts that go on; what is left of them can still be asked for.
    public func interrupt() {
        engine.interrupt()
    }
}

// Its model is not Sendable.
@available(*, unavailable) extension TextBatch: Sendable {}
