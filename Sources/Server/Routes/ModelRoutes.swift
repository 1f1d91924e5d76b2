// The model, its health, its tokens, and the page for trying it.

import Pages
import Tokenization

extension Router {
    /// The page.
    func pageReply(needsKey: Bool) -> HTTPReply {
        let page = ServerPage(
            model: model.name,
            isChat: model.template != nil,
            contextLength: model.service.contextLength,
            needsKey: needsKey
        )
        let nonce = ServerPage.nonce()
        let headers = ServerPage.headers(nonce: nonce)
            .map { HTTPHeaders.Field(name: $0.name, value: $0.value) }
        return HTTPReply(
            headers: HTTPHeaders(headers),
            body: .whole(Array(page.document(nonce: nonce).utf8))
        )
    }

    /// Whether requests are accepted.
    var healthReply: HTTPReply {
        model.service.isEnding
            ? HTTPReply(status: 503, headers: ["Retry-After": "5"], json: ["status": "ending"])
            : HTTPReply(json: ["status": "ok"])
    }

    /// The model that a path names.
    func modelReply(_ path: String) throws -> HTTPReply {
        let name = String(path.dropFirst(Endpoint.modelPrefix.count))
        guard name == model.name else { throw model.unknown(name) }
        return HTTPReply(json: model.json)
    }
}

extension ServedModel {
    /// The tokens of a text.
    /// - Throws: An error that ``APIError`` knows.
    func tokenizeReply(_ body: [UInt8]) throws -> HTTPReply {
        let body = try RequestField(body: body)
        let text = try body["content"].required { try $0.string() }
        let isPrompt = try body["add_special"].bool() ?? false
        let tokens = try isPrompt ? tokenizer.promptTokens(of: text) : tokenizer.encode(text)
        return HTTPReply(json: ["tokens": .array(tokens.map { .integer(Int($0)) })])
    }

    /// The text of some tokens.
    /// - Throws: An error that ``APIError`` knows.
    func detokenizeReply(_ body: [UInt8]) throws -> HTTPReply {
        let tokens = try RequestField(body: body)["tokens"].required { try $0.tokens() }
        return HTTPReply(json: ["content": .string(try tokenizer.decode(tokens))])
    }

    /// As in the list of models.
    var json: JSONOutput {
        [
            "id": .string(name), "object": "model", "created": .integer(created),
            "owned_by": "swiftlet",
        ]
    }
}
