// The body of a request for the next message of a conversation.

import FileIO
import TextGeneration

/// What `POST /v1/chat/completions` asks for.
struct ChatCompletionRequest {
    var messages: [ChatMessage]
    var parameters: TextParameters

    /// Reads a body.
    /// - Throws: ``APIError``.
    init(_ body: RequestField, model: ServedModel) throws {
        try Self.refuseUnsupported(body)
        messages = try Self.messages(body["messages"])
        let old = try body["max_tokens"].integer(in: 1...Int.max)
        let new = try body["max_completion_tokens"].integer(in: 1...Int.max)
        parameters = try TextParameters(
            body,
            model: model,
            maxTokens: new ?? old ?? .max,
            topLogprobs: Self.topLogprobs(body)
        )
    }

    private static func topLogprobs(_ body: RequestField) throws -> Int? {
        let isAsked = try body["logprobs"].bool() ?? false
        let count = try body["top_logprobs"].integer(in: 0...TextParameters.logprobLimit)
        if count ?? 0 > 0, !isAsked {
            throw APIError.invalid(
                "`top_logprobs` is only for requests with `logprobs` true",
                param: "top_logprobs"
            )
        }
        return isAsked ? count ?? 0 : nil
    }

    private static func refuseUnsupported(_ body: RequestField) throws {
        for name in ["tools", "functions"] { try body.refuse(name) { $0.value?.array == [] } }
        for name in ["tool_choice", "function_call"] {
            try body.refuse(name) { ["none", "auto"].contains($0.value?.string) }
        }
        try body.refuse("response_format") { $0.value?["type"]?.string == "text" }
        try body.refuse("modalities") { $0.value?.array == [.string("text")] }
        for name in ["audio", "web_search_options"] { try body.refuse(name) }
    }

    private static func messages(_ field: RequestField) throws -> [ChatMessage] {
        let fields = try field.required { try $0.elements() }
        let messages = try fields.map(message)
        guard let last = messages.last else {
            throw APIError.invalid("`\(field.name)` must hold a message", param: field.name)
        }
        if last.role == .assistant {
            let name = "\(field.name)[\(messages.count - 1)]"
            throw APIError.invalid(
                "`\(name)` is the assistant's, but the last message must be one to reply to",
                param: name
            )
        }
        return messages
    }

    private static func message(_ field: RequestField) throws -> ChatMessage {
        let roleField = try field["role"]
        let name = try roleField.required { try $0.string() }
        let role: ChatMessage.Role
        switch name {
        // The name in newer models of OpenAI's.
        case "developer": role = .system
        default:
            guard let known = ChatMessage.Role(rawValue: name) else {
                throw APIError.unsupported(
                    "`\(roleField.name)` must be system, developer, user or assistant, but is "
                        + "'\(name.shownBriefly)'",
                    param: roleField.name
                )
            }
            role = known
        }
        for name in ["tool_calls", "function_call", "audio"] {
            try field.refuse(name) { $0.value?.array == [] }
        }
        return ChatMessage(role: role, content: try content(field["content"]))
    }

    private static func content(_ field: RequestField) throws -> String {
        if case .array? = field.value {
            return try (field.elements() ?? []).map(part).joined()
        }
        return try field.required { try $0.string() }
    }

    private static func part(_ field: RequestField) throws -> String {
        let typeField = try field["type"]
        let type = try typeField.required { try $0.string() }
        guard type == "text" else {
            throw APIError.unsupported(
                "`\(typeField.name)` must be text, but is '\(type.shownBriefly)'; nothing else is "
                    + "supported",
                param: typeField.name
            )
        }
        return try field["text"].required { try $0.string() }
    }
}

extension String {
    /// The text, shortened to be part of a sentence.
    var shownBriefly: String {
        // Counted in scalars: one character may be as long as the whole text.
        let brief = unicodeScalars.prefix(80)
        return DisplayText.escaping(String(brief)) + (brief.endIndex < endIndex ? "..." : "")
    }
}
