// Texts while they are generated, one or several at a time: turns the tokens of an engine's
// sequences into text as soon as the text is certain.

import Inference
import Tokenization

/// A text being generated, in pieces that are always valid Unicode.
///
/// A character that is spread over several tokens is returned with the last of them, and text that
/// may become a stop string once it is clear that it does not.
///
/// ```swift
/// let stream = try generator.stream(prompt: "One day")
/// while let piece = try stream.next() { print(piece, terminator: "") }
/// for try await piece in try generator.stream(prompt: "One night") { print(piece) }
/// ```
package final class TextStream {
    private let batch: TextBatch

    init(_ batch: TextBatch) {
        self.batch = batch
    }

    /// The text so far.
    package var generated: GeneratedText { batch[0] }
    /// All pieces returned so far, joined.
    package var text: String { generated.text }
    /// Tokens generated so far, without the prompt.
    package var tokens: [TokenID] { generated.tokens }
    /// Tokens the model was given to start from.
    package var promptTokenCount: Int { generated.promptTokenCount }
    /// Why generation ended; nil while it continues.
    package var stopReason: StopReason? { generated.stopReason }

    /// Generates one token and returns the text that becomes certain, which may be empty.
    ///
    /// When generation ends within a character, the last piece is U+FFFD.
    /// - Returns: The piece, or nil at the end of the text.
    /// - Throws: What the model or the sampler throws; the text has then ended.
    package func next() throws -> String? {
        guard let pieces = try batch.next() else { return nil }
        let text = pieces.map(\.text).joined()
        return text.isEmpty && pieces.contains(where: \.isLast) ? nil : text
    }

    /// Ends generation; pending text can still be asked for.
    package func interrupt() {
        batch.interrupt()
    }
}

extension TextStream: AsyncSequence {
    /// Iterates over the pieces that are not empty.
    package func makeAsyncIterator() -> PieceIterator { PieceIterator(next) }
}

// Its model is not Sendable.
@available(*, unavailable) extension TextStream: Sendable {}

/// What a round of generation added to one text.
package struct TextPiece: Sendable, Equatable {
    /// Index of the text, and of its prompt.
    package let index: Int
    /// What is new; may be empty.
    package let text: String
    /// Whether the text is complete.
    package let isLast: Bool
}

/// A text so far, and what is known about it.
public struct GeneratedText: Sendable, Equatable {
    /// The text, without the prompt.
    public let text: String
    /// Its tokens; after the text, those of a stop string.
    public let tokens: [TokenID]
    /// How likely the model found each of them, if that was asked for; otherwise empty.
    public let logprobs: [TokenLogprobs]
    /// Tokens the model was given to start from: fewer than the prompt's when it was longer than a
    /// context that slides.
    public let promptTokenCount: Int
    /// How many of them did not have to be read, because they had been for another text.
    public let reusedTokenCount: Int
    /// Why generation ended; nil while it continues.
    public let stopReason: StopReason?
}

/// Texts being generated together, in pieces that are always valid Unicode.
package final class TextBatch {
    private let texts: LiveTexts
    /// Texts, complete or not.
    package let count: Int

    /// Takes an engine whose sequences are numbered like the assemblers.
    init(_ engine: GenerationEngine, assemblers: [TextAssembler]) {
        texts = LiveTexts(engine)
        count = assemblers.count
        for (number, assembler) in assemblers.enumerated() { texts.follow(number, assembler) }
    }

    /// One of the texts so far.
    package subscript(index: Int) -> GeneratedText { texts[index] }

    /// Runs the model on the prompts, unless that has already been done.
    ///
    /// ``next()`` does it when needed; call it separately to time the prompts.
    /// - Throws: What the model throws; all texts have then ended.
    package func readPrompts() throws {
        try texts.engine.readPrompts()
    }

    /// Generates a token of every active text, and returns the text that becomes certain; nil when
    /// all are complete.
    ///
    /// When a text ends within a character, its last piece is U+FFFD.
    /// - Throws: What the model or the sampler throws; all texts have then ended.
    package func next() throws -> [TextPiece]? { try texts.next() }

    /// Ends all active texts; pending text can still be asked for.
    package func interrupt() {
        texts.engine.interrupt()
    }
}

// Its model is not Sendable.
@available(*, unavailable) extension TextBatch: Sendable {}

/// Texts that are generated together, by the numbers of their sequences.
final class LiveTexts {
    private struct Text {
        var assembler: TextAssembler
        var logprobs: [TokenLogprobs] = []
        var isFinished = false
    }

    let engine: GenerationEngine
    private var texts: [Int: Text] = [:]

    /// Takes an engine, whose sequences are added with their texts.
    init(_ engine: GenerationEngine) {
        self.engine = engine
    }

    /// Registers a sequence of the engine as a text, with how its tokens become text.
    func follow(_ sequence: Int, _ assembler: TextAssembler) {
        texts[sequence] = Text(assembler: assembler)
    }

    /// Forgets a text and its sequence.
    func remove(_ sequence: Int) {
        texts[sequence] = nil
        engine.remove(sequence)
    }

    /// A text so far.
    subscript(sequence: Int) -> GeneratedText {
        let found = engine[sequence]
        return GeneratedText(
            text: texts[sequence]?.assembler.text ?? "",
            tokens: found.tokens,
            logprobs: logprobs(of: sequence),
            promptTokenCount: found.promptTokenCount,
            reusedTokenCount: found.reusedTokenCount,
            stopReason: found.stopReason
        )
    }

    /// How likely the model found the tokens of a text so far, if that was asked for.
    func logprobs(of sequence: Int) -> [TokenLogprobs] { texts[sequence]?.logprobs ?? [] }

    /// Generates a token of every active text.
    /// - Parameter failed: As for ``GenerationEngine/next(failed:)``.
    /// - Returns: What becomes certain of the texts; nil when all are complete.
    /// - Throws: What the model throws; all texts have then ended.
    func next(
        failed: ((_ sequence: Int, _ error: any Error) -> Void)? = nil
    ) throws -> [TextPiece]? {
        var pieces: [TextPiece] = []
        let events = try engine.next(failed: failed)
        for event in events ?? [] {
            guard let token = event.token else { continue }
            if let found = event.logprobs { texts[event.sequence]?.logprobs.append(found) }
            let text = try texts[event.sequence]?.assembler.append(token) ?? ""
            pieces.append(TextPiece(index: event.sequence, text: text, isLast: false))
            if texts[event.sequence]?.assembler.isStopped == true {
                engine.end(event.sequence, .stopString)
            }
        }
        for sequence in engine.sequences
        where texts[sequence]?.isFinished == false && engine[sequence].stopReason != nil {
            texts[sequence]?.isFinished = true
            let rest = texts[sequence]?.assembler.finish() ?? ""
            pieces.append(TextPiece(index: sequence, text: rest, isLast: true))
        }
        return events == nil && pieces.isEmpty ? nil : pieces
    }
}

// Its engine is not Sendable.
@available(*, unavailable) extension LiveTexts: Sendable {}

/// Turns tokens into text as soon as the text is certain: a character may be spread over several
/// tokens, and so may a stop string.
struct TextAssembler {
    /// All pieces returned so far, joined.
    private(set) var text = ""
    /// Whether the text has ended with a stop string.
    var isStopped: Bool { matcher.isStopped }

    private var decoder: StreamingDecoder
    private var matcher: StopStringMatcher

    /// Starts a text after a token, the last one of its prompt.
    init(_ vocabulary: any TokenDecoder, after previous: TokenID?, stopStrings: [String]) {
        decoder = StreamingDecoder(vocabulary, after: previous)
        matcher = StopStringMatcher(stopStrings)
    }

    /// Takes a token and returns the text that becomes certain, which may be empty.
    /// - Throws: `TextTokenizerError` for a token outside the vocabulary.
    mutating func append(_ token: TokenID) throws -> String {
        giveOut(matcher.append(try decoder.append(token)))
    }

    /// Ends the text and returns what was held back; a character left unfinished becomes U+FFFD.
    mutating func finish() -> String {
        giveOut(matcher.append(decoder.finish()) + matcher.finish())
    }

    private mutating func giveOut(_ piece: String) -> String {
        text += piece
        return piece
    }
}
