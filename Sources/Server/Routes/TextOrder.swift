// What a request for text asks for, read and turned into tokens: the part that takes as long as the
// request is long, which for long ones is seconds. Those are read apart from the threads that all
// tasks share, which are no more than the processors. What becomes of it is in TextRoutes.swift.

import Dispatch
import Synchronization
import TextGeneration
import Tokenization

/// Texts that are requested together, by either endpoint.
struct TextOrder: Sendable {
    /// All texts of the first prompt, then all of the second, and so on.
    let requests: [GenerationRequest]
    /// How many there are of each prompt.
    let choiceCount: Int
    let isStreamed: Bool
    let writer: ReplyWriter
    /// The field that holds the prompt.
    let promptParam: String
}

extension ServedModel {
    /// The next message of a conversation.
    /// - Throws: An error that ``APIError`` knows.
    func chatOrder(_ body: [UInt8]) throws -> TextOrder {
        let body = try RequestField(body: body)
        let asked = try ChatCompletionRequest(body, model: self)
        guard let template else {
            throw APIError.unsupported(
                "the model '\(name)' was not trained for conversation; use "
                    + "\(Endpoint.completions.rawValue) to continue a text"
            )
        }
        var parameters = asked.parameters
        parameters.options.stopStrings += template.stopStrings(tokenizer)
        let tokens = try template.promptTokens(of: asked.messages, tokenizer: tokenizer)
        guard !tokens.isEmpty else {
            let last = "messages[\(asked.messages.count - 1)]"
            throw APIError.invalid("`\(last)` must be the user's", param: last)
        }
        return try order([tokens], parameters, .chat, "messages") { request in
            request.endTokens = template.endsOfReply(tokenizer)
            // A reply is a separate text, without a space before its first word.
            request.continuesPrompt = false
        }
    }

    /// Texts that continue prompts.
    /// - Throws: An error that ``APIError`` knows.
    func completionOrder(_ body: [UInt8]) throws -> TextOrder {
        let asked = try CompletionRequest(RequestField(body: body), model: self)
        return try order(asked.prompts, asked.parameters, .completion, "prompt") { _ in }
    }

    private func order(
        _ prompts: [[TokenID]],
        _ parameters: TextParameters,
        _ kind: ReplyWriter.Kind,
        _ promptParam: String,
        change: (inout GenerationRequest) -> Void
    ) throws -> TextOrder {
        try service.checkCount(prompts.count * parameters.choiceCount)
        let context = service.contextLength
        let requests = try prompts.flatMap { prompt in
            // A new text begins with one token too.
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
        return TextOrder(
            requests: requests,
            choiceCount: parameters.choiceCount,
            isStreamed: parameters.isStreamed,
            writer: ReplyWriter(
                kind,
                model: name,
                hasLogprobs: parameters.options.topLogprobs != nil,
                includesUsage: parameters.includesUsage
            ),
            promptParam: promptParam
        )
    }
}

/// Reads long requests one after another, on a separate thread.
enum LongReading {
    /// The size in bytes from which a request is long.
    static let byteCount = 32 << 10

    private static let queue = DispatchQueue(label: "swiftlet.long-requests")

    /// Whether somebody is still waiting for the result.
    private final class Interest: Sendable {
        let isLost = Atomic(false)
    }

    /// Reads a request after those before it.
    /// - Returns: What `read` returns.
    /// - Throws: What it throws; `CancellationError` if nobody is waiting for it when its turn
    ///   comes.
    static func run<Asked: Sendable>(
        _ read: @escaping @Sendable () throws -> Asked
    ) async throws -> Asked {
        let interest = Interest()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    let result = Result {
                        if interest.isLost.load(ordering: .relaxed) { throw CancellationError() }
                        return try read()
                    }
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            interest.isLost.store(true, ordering: .relaxed)
        }
    }
}
