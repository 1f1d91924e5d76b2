// What both kinds of requests for text have in common: how tokens are drawn, where texts end, how
// many there are and how they are sent.

import Inference
import TextGeneration
import Tokenization

/// The parameters of a request for text, apart from what to continue.
struct TextParameters {
    var options: TextGenerationOptions
    /// How many texts to generate for each prompt.
    var choiceCount: Int
    /// The seed; nil for a different one every time.
    var seed: UInt64?
    /// Whether pieces are sent as they are generated.
    var isStreamed: Bool
    /// Whether a stream ends with the number of tokens.
    var includesUsage: Bool

    /// The most texts per prompt.
    static let choiceLimit = 128
    /// The most stop strings.
    static let stopLimit = 16
    /// The most bytes in each.
    static let stopByteLimit = 1000
    /// The most alternatives that are reported for each drawn token.
    static let logprobLimit = 20

    /// Reads the parameters from a request's body.
    /// - Parameters:
    ///   - body: The body.
    ///   - model: The served model.
    ///   - maxTokens: The most tokens to generate.
    ///   - topLogprobs: As of `TextGenerationOptions`.
    /// - Throws: ``APIError``.
    init(_ body: RequestField, model: ServedModel, maxTokens: Int, topLogprobs: Int?) throws {
        if let name = try body["model"].string(), !name.isEmpty, name != model.name {
            throw model.unknown(name)
        }
        options = TextGenerationOptions(
            maxTokens: maxTokens,
            sampling: try Self.sampling(body),
            stopStrings: try Self.stopStrings(body["stop"]),
            topLogprobs: topLogprobs
        )
        choiceCount = try body["n"].integer(in: 1...Self.choiceLimit) ?? 1
        seed = try body["seed"].integer().map { UInt64(bitPattern: Int64($0)) }
        isStreamed = try body["stream"].bool() ?? false
        let streamOptions = try body["stream_options"]
        includesUsage = try streamOptions["include_usage"].bool() ?? false
        if streamOptions.isPresent, !isStreamed {
            throw APIError.invalid(
                "`stream_options` is only for requests with `stream` true",
                param: "stream_options"
            )
        }
    }

    private static func sampling(_ body: RequestField) throws -> SamplingOptions {
        let unlimited = Float.greatestFiniteMagnitude
        let plain = SamplingOptions.plain
        // 0 stands for the smallest value: only the likeliest token.
        let topP = try body["top_p"].number(in: 0...1) ?? plain.topP
        return try SamplingOptions(
            temperature: body["temperature"].number(in: 0...2) ?? plain.temperature,
            // Some clients send -1 for no limit.
            topK: max(0, body["top_k"].integer(in: -1...Int(Int32.max)) ?? plain.topK),
            topP: max(topP, .leastNormalMagnitude),
            minP: body["min_p"].number(in: 0...1) ?? plain.minP,
            repetitionPenalty: body["repetition_penalty"].number(in: 0.01...unlimited)
                ?? plain.repetitionPenalty,
            presencePenalty: body["presence_penalty"].number(in: -2...2) ?? plain.presencePenalty,
            frequencyPenalty: body["frequency_penalty"].number(in: -2...2)
                ?? plain.frequencyPenalty,
            logitBias: biases(body["logit_bias"])
        )
    }

    private static func biases(_ field: RequestField) throws -> [TokenID: Float] {
        var biases: [TokenID: Float] = [:]
        for (key, field) in try field.members() ?? [] {
            guard let token = TokenID(key), token >= 0, "\(token)" == key else {
                throw APIError.invalid(
                    "`\(field.name)` must have the id of a token as its name",
                    param: "logit_bias"
                )
            }
            biases[token] = try field.required { try $0.number(in: -100...100) }
        }
        return biases
    }

    private static func stopStrings(_ field: RequestField) throws -> [String] {
        let fields: [RequestField]
        if field.value?.string != nil {
            fields = [field]
        } else {
            fields = try field.elements(or: "a string or ") ?? []
        }
        guard fields.count <= stopLimit else {
            throw APIError.invalid(
                "`\(field.name)` may hold \(stopLimit) strings, but holds \(fields.count)",
                param: field.name
            )
        }
        return try fields.map { field in
            let text = try field.required { try $0.string() }
            if text.isEmpty {
                throw APIError.invalid("`\(field.name)` must not be empty", param: field.name)
            }
            guard text.utf8.count <= stopByteLimit else {
                throw APIError.invalid(
                    "`\(field.name)` may have \(stopByteLimit) bytes, but has \(text.utf8.count)",
                    param: field.name
                )
            }
            return text
        }
    }
}

extension RequestField {
    /// Refuses a request for what this server cannot do.
    /// - Parameters:
    ///   - member: A field of the request.
    ///   - isNeutral: Whether the value asks for nothing.
    /// - Throws: ``APIError``.
    func refuse(_ member: String, unless isNeutral: (RequestField) -> Bool = { _ in false }) throws
    {
        let field = try self[member]
        guard field.isPresent, !isNeutral(field) else { return }
        throw APIError.unsupported(
            "`\(field.name)` is not supported by this server; leave it out",
            param: field.name
        )
    }
}

extension ServedModel {
    /// The error when another model is asked for.
    func unknown(_ name: String) -> APIError {
        APIError(
            status: 404,
            message: "there is no model '\(name.shownBriefly)' here; the model is '\(self.name)'",
            param: "model",
            code: "model_not_found"
        )
    }
}
