// The body of a request for texts that continue prompts.

import TextGeneration
import Tokenization

/// What `POST /v1/completions` asks for.
struct CompletionRequest {
    /// The tokens of each prompt.
    var prompts: [[TokenID]]
    var parameters: TextParameters

    /// The default of OpenAI's API.
    private static let usualTokenCount = 16

    /// Reads a body.
    /// - Throws: ``APIError``, or what the tokenizer throws.
    init(_ body: RequestField, model: ServedModel) throws {
        try body.refuse("echo") { $0.value == .bool(false) }
        try body.refuse("suffix") { $0.value == .string("") }
        let choiceCount = try body["n"].value ?? .number(1)
        try body.refuse("best_of") { $0.value == .number(1) || $0.value == choiceCount }
        parameters = try TextParameters(
            body,
            model: model,
            maxTokens: body["max_tokens"].integer(in: 0...Int.max) ?? Self.usualTokenCount,
            topLogprobs: body["logprobs"].integer(in: 0...TextParameters.logprobLimit)
        )
        prompts = try Self.prompts(
            body["prompt"],
            model: model,
            choiceCount: parameters.choiceCount
        )
    }

    /// A string, a list of strings, a list of tokens, or a list of those; none is a new text.
    private static func prompts(
        _ field: RequestField,
        model: ServedModel,
        choiceCount: Int
    ) throws -> [[TokenID]] {
        let tokenizer = model.tokenizer
        if !field.isPresent { return [try tokenizer.promptTokens(of: "")] }
        if let text = field.value?.string { return [try tokenizer.promptTokens(of: text)] }
        guard let values = try field.elements(or: "a string or "), let first = values.first else {
            throw APIError.invalid("`\(field.name)` must hold a prompt", param: field.name)
        }
        switch first.value {
        case .number?, .integer?: return [try tokens(field, model)]
        case .array?:
            try model.service.checkCount(values.count * choiceCount)
            return try values.map { try tokens($0, model) }
        default:
            try model.service.checkCount(values.count * choiceCount)
            return try values.map {
                try tokenizer.promptTokens(of: $0.required { try $0.string() })
            }
        }
    }

    private static func tokens(_ field: RequestField, _ model: ServedModel) throws -> [TokenID] {
        // If there are too many in any case, they need not be read.
        let (count, context) = (field.value?.array?.count ?? 0, model.service.contextLength)
        guard count <= context else {
            throw APIError.promptTooLong(count, context: context, param: field.name)
        }
        return try field.required { try $0.tokens() }
    }
}

extension RequestField {
    /// The ids of tokens.
    func tokens() throws -> [TokenID]? {
        try elements()?.map { field in
            let id = try field.required { try $0.integer() }
            if let token = TokenID(exactly: id) { return token }
            throw APIError.unsupported("`\(field.name)` is not a token: \(id)", param: field.name)
        }
    }
}
