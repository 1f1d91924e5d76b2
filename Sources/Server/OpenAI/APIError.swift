// What a client is told when it does not get what it asked for, in the JSON from which OpenAI's
// clients make their exceptions.

import FileIO
import Inference
import TextGeneration
import Tokenization

/// A request that is refused or failed; `message` is one sentence for the client's author.
struct APIError: Error, Sendable {
    var status: Int
    var type = "invalid_request_error"
    var message: String
    /// The field at fault, such as `messages[0].content`.
    var param: String?
    var code: String?
    var headers: HTTPHeaders = [:]

    /// The answer.
    var reply: HTTPReply {
        HTTPReply(status: status, headers: headers, json: json)
    }

    /// The JSON that is sent, as an answer or as the last event of a stream.
    var json: JSONOutput {
        [
            "error": [
                "message": .string(message), "type": .string(type), "param": JSONOutput(param),
                "code": JSONOutput(code),
            ]
        ]
    }

    /// A field that is missing, of the wrong type or out of range.
    static func invalid(_ message: String, param: String? = nil) -> APIError {
        APIError(status: 400, message: message, param: param)
    }

    /// A valid request that is not supported here.
    static func unsupported(_ message: String, param: String? = nil) -> APIError {
        APIError(status: 422, message: message, param: param, code: "unsupported")
    }

    /// A failure of ours, about which the client learns nothing more.
    static let internalError = APIError(
        status: 500,
        type: "server_error",
        message: "the server could not finish this request; the request is not at fault",
        code: "internal_error"
    )

    /// No more requests are accepted.
    static let ending = APIError(
        status: 503,
        type: "server_error",
        message: "the server is stopping and takes no more requests",
        code: "service_unavailable",
        headers: ["Retry-After": "5"]
    )

    /// A prompt with more tokens than the model's context.
    static func promptTooLong(_ count: Int, context: Int, param: String?) -> APIError {
        APIError(
            status: 400,
            message: "the prompt has \(counted(count, "token")), which leaves no room in the "
                + "context of \(context); make it shorter",
            param: param,
            code: "context_length_exceeded"
        )
    }
}

extension APIError {
    /// What an error from the modules below means to a client; nil for a failure of ours.
    /// - Parameters:
    ///   - error: Any error.
    ///   - param: The field that holds the prompt.
    init?(_ error: any Error, promptParam param: String? = nil) {
        switch error {
        case let error as APIError: self = error
        case GenerationServiceError.ending: self = .ending
        case let error as GenerationServiceError: self = Self.refused(error)
        case InferenceError.unknownBiasToken:
            self = .unsupported("\(error)", param: "logit_bias")
        case InferenceError.invalidOption, InferenceError.nothingToDraw:
            self = .invalid("\(error)")
        case TextGenerationError.messageOutOfTurn(let index, let role, let expected):
            self = .invalid(
                "`messages[\(index)]` is the \(role.rawValue)'s, but it is the "
                    + "\(expected.rawValue)'s turn; this model takes messages of the user "
                    + "and the assistant in turn, after an optional one of the system",
                param: "messages[\(index)]"
            )
        case TextGenerationError.nothingToStart: self = .invalid("\(error)", param: param)
        case TextTokenizerError.unknownToken, TextTokenizerError.noToken:
            self = .unsupported("\(error)", param: param)
        default: return nil
        }
    }

    private static func refused(_ error: GenerationServiceError) -> APIError {
        switch error {
        case .ending: .ending
        case .tooManyTexts: .invalid("\(error)")
        case .busy:
            APIError(
                status: 429,
                type: "requests",
                message: "\(error)",
                code: "rate_limit_exceeded",
                headers: ["Retry-After": "1"]
            )
        }
    }
}

extension HTTPReply {
    /// An answer in JSON.
    init(status: Int = 200, headers: HTTPHeaders = [:], json: JSONOutput) {
        var headers = headers
        headers["Content-Type"] = "application/json"
        self.init(status: status, headers: headers, body: .whole(json.bytes))
    }
}
