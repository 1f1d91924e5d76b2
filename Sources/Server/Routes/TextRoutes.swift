// Requests for text: from what is asked for to the texts, whole or piece by piece.

import Inference
import TextGeneration
import Tokenization

/// Texts that are asked for together, whichever way.
struct TextOrder: Sendable {
    /// All texts of the first prompt, all of the second, and so on.
    let requests: [GenerationRequest]
    /// How many there are of each prompt.
    let choiceCount: Int
    let isStreamed: Bool
    let writer: ReplyWriter
    /// The field that holds the prompt.
    let promptParam: String
}

extension Router {
    /// The next message of a conversation.
    func chatReply(_ body: [UInt8], _ record: RequestRecord) async throws -> HTTPReply {
        let body = try RequestField(body: body)
        let asked = try ChatCompletionRequest(body, model: model)
        guard let template = model.template else {
            throw APIError.unsupported(
                "the model '\(model.name)' was not trained with conversations; ask "
                    + "\(Endpoint.completions.rawValue) to continue a text"
            )
        }
        var parameters = asked.parameters
        parameters.options.stopStrings += template.stopStrings(model.tokenizer)
        do {
            let tokens = try template.promptTokens(of: asked.messages, tokenizer: model.tokenizer)
            guard !tokens.isEmpty else {
                let last = "messages[\(asked.messages.count - 1)]"
                throw APIError.invalid("`\(last)` must be the user's", param: last)
            }
            return try await reply(to: [tokens], parameters, .chat, "messages", record) { request in
                request.endTokens = template.endsOfReply(model.tokenizer)
                // A reply is a text of its own, and the space before its first word no part of it.
                request.continuesPrompt = false
            }
        } catch { throw APIError(error, promptParam: "messages") ?? error }
    }

    /// Texts that continue prompts.
    func completionReply(_ body: [UInt8], _ record: RequestRecord) async throws -> HTTPReply {
        let body = try RequestField(body: body)
        do {
            let asked = try CompletionRequest(body, model: model)
            return try await reply(
                to: asked.prompts,
                asked.parameters,
                .completion,
                "prompt",
                record
            )
        } catch { throw APIError(error, promptParam: "prompt") ?? error }
    }

    private func reply(
        to prompts: [[TokenID]],
        _ parameters: TextParameters,
        _ kind: ReplyWriter.Kind,
        _ promptParam: String,
        _ record: RequestRecord,
        change: (inout GenerationRequest) -> Void = { _ in }
    ) async throws -> HTTPReply {
        let count = prompts.count * parameters.choiceCount
        let most = model.service.sequenceCount + model.service.queueCapacity
        guard count <= most else {
            throw GenerationServiceError.tooManyTexts(count: count, maximum: most)
        }
        let context = model.service.contextLength
        let requests = try prompts.flatMap { prompt in
            // A new text begins with one token as well.
            let rest = context - max(1, prompt.count)
            guard rest >= min(1, parameters.options.maxTokens) else {
                throw APIError.promptTooLong(prompt.count, context: context, param: promptParam)
            }
            var options = parameters.options
            options.maxTokens = min(options.maxTokens, rest)
            return (0..<parameters.choiceCount).map { choice in
                var request = GenerationRequest(
                    tokens: prompt,
                    options: options,
                    seed: parameters.seed.map { $0 &+ UInt64(choice) }
                )
                change(&request)
                return request
            }
        }
        let order = TextOrder(
            requests: requests,
            choiceCount: parameters.choiceCount,
            isStreamed: parameters.isStreamed,
            writer: ReplyWriter(
                kind,
                model: model.name,
                hasLogprobs: parameters.options.topLogprobs != nil,
                includesUsage: parameters.includesUsage
            ),
            promptParam: promptParam
        )
        let updates = try await model.service.submit(requests)
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

    /// The pieces of all texts as they come.
    ///
    /// When nobody waits for them any more, the texts end.
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

    /// Waits for all texts, which come side by side, and sends the chunks of each in order.
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
