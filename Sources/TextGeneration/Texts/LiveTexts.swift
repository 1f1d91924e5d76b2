// The texts of an engine's sequences: tokens become text here for batches and for the service.

import Inference
import Tokenization

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

    /// Says that a sequence of the engine is a text, and how its tokens become one.
    func follow(_ sequence: Int, _ assembler: TextAssembler) {
        texts[sequence] = Text(assembler: assembler)
    }

    /// Forgets a text and its sequence.
    func remove(_ sequence: Int) {
        texts[sequence] = nil
        engine.remove(sequence)
    }

    /// A text as far as it is made.
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

    /// How likely the model found the tokens of a text so far, where that was asked for.
    func logprobs(of sequence: Int) -> [TokenLogprobs] { texts[sequence]?.logprobs ?? [] }

    /// Generates a token of every text that goes on.
    /// - Parameter failed: As of ``GenerationEngine/next(failed:)``.
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
