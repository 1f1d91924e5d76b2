// Requests for text: from the request to the texts, whole or piece by piece.

import TextGeneration

extension Router {
    /// The texts, in the requested form.
    func reply(to order: TextOrder, _ record: RequestRecord) async throws -> HTTPReply {
        try Task.checkCancellation()
        let updates = try await model.service.submit(order.requests)
        try Task.checkCancellation()
        return order.isStreamed
            ? streamedReply(order, updates, record) : try await wholeReply(order, updates, record)
    }

    private func wholeReply(
        _ order: TextOrder,
        _ updates: [GenerationService.Updates],
        _ record: RequestRecord
    ) async throws -> HTTPReply {
        let choices = try await finish(order, updates, record) { _ in }
        let usage = TokenUsage(choices.map(\.text), choiceCount: order.choiceCount)
        return HTTPReply(json: order.writer.whole(choices, usage: usage))
    }

    /// The pieces of all texts as they are generated.
    ///
    /// When nobody is waiting for them any more, the texts end.
    private func streamedReply(
        _ order: TextOrder,
        _ updates: [GenerationService.Updates],
        _ record: RequestRecord
    ) -> HTTPReply {
        let (events, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
        let writer = order.writer
        let task = Task {
            var status = 200
            do {
                for index in updates.indices {
                    if let event = writer.opening(index) { continuation.yield(event.text) }
                }
                let choices = try await finish(order, updates, record) {
                    continuation.yield($0.text)
                }
                if writer.includesUsage {
                    let usage = TokenUsage(choices.map(\.text), choiceCount: order.choiceCount)
                    continuation.yield(writer.closing(usage).text)
                }
                continuation.yield("[DONE]")
            } catch {
                let failure = failure(error, param: order.promptParam)
                status = failure.map { max($0.status, 500) } ?? Self.clientGone
                if let failure { continuation.yield(failure.json.text) }
            }
            record.end(status)
            continuation.finish()
        }
        continuation.onTermination = { reason in
            if case .cancelled = reason { task.cancel() }
        }
        return HTTPReply(
            headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-cache"],
            body: .events(events)
        )
    }

    /// Waits for all texts, which are generated in parallel, and sends each one's chunks in order.
    /// - Throws: What one of them ends with; the others then end too.
    private func finish(
        _ order: TextOrder,
        _ updates: [GenerationService.Updates],
        _ record: RequestRecord,
        send: @escaping @Sendable (JSONOutput) -> Void
    ) async throws -> [FinishedChoice] {
        try await withThrowingTaskGroup(of: (Int, FinishedChoice).self) { group in
            for (index, updates) in updates.enumerated() {
                group.addTask {
                    let choice = Choice(index, order, model.tokenizer)
                    return (index, try await choice.follow(updates, record, send))
                }
            }
            var finished: [Int: FinishedChoice] = [:]
            for try await (index, choice) in group { finished[index] = choice }
            return updates.indices.compactMap { finished[$0] }
        }
    }
}
