// One text of a request, from the service's updates to what is sent.

import TextGeneration
import Tokenization

/// A text being sent to a client.
struct Choice {
    private let index: Int
    private let writer: ReplyWriter
    private var tokens: ScoredTokens
    private var finished: [ScoredToken] = []
    private var sentByteCount = 0
    private let isStreamed: Bool

    /// Starts the text at this place in the order.
    init(_ index: Int, _ order: TextOrder, _ tokenizer: any Tokenizer) {
        let request = order.requests[index]
        let previous = request.continuesPrompt ? request.tokens.last : nil
        self.index = index
        writer = order.writer
        isStreamed = order.isStreamed
        tokens = ScoredTokens(tokenizer, after: previous ?? tokenizer.startOfText)
    }

    /// Sends a text as it is generated, and returns all of it.
    /// - Throws: What it ends with; `CancellationError` if nobody is waiting for it.
    consuming func follow(
        _ updates: GenerationService.Updates,
        _ record: RequestRecord,
        _ send: (JSONOutput) -> Void
    ) async throws -> FinishedChoice {
        for try await update in updates {
            switch update {
            case .piece(let text, let logprobs):
                record.noteToken()
                try tokens.append(logprobs)
                sentByteCount += text.utf8.count
                add(text, tokens.take(beginningBefore: sentByteCount), send)
            case .finished(let text):
                // Stopping the server interrupts what takes too long, and the text is then not what
                // it would have been.
                if text.stopReason == .interrupted { throw GenerationServiceError.ending }
                add("", tokens.takeRest(isStopped: text.stopReason == .stopString), send)
                if isStreamed { send(writer.closing(index, text.stopReason)) }
                return FinishedChoice(text: text, tokens: finished)
            }
        }
        throw CancellationError()
    }

    private mutating func add(
        _ text: String,
        _ new: [ScoredToken],
        _ send: (JSONOutput) -> Void
    ) {
        guard !text.isEmpty || !new.isEmpty else { return }
        if isStreamed { send(writer.piece(index, text, new)) } else { finished += new }
    }
}
