// Models that say what a test wants, with bytes as tokens, and requests to a server for them.

import FileIO
import Inference
import Server
import TestSupport
import TextGeneration
import Tokenization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Predicts the result of a function of all tokens.
struct ScriptModel: LanguageModel {
    let vocabularySize = 260
    var contextLength = 512
    /// Logits of the tokens that are named, far above those of all others.
    let predict: @Sendable ([TokenID]) throws -> [TokenID: Float]

    func makeSession(sequenceCount: Int, tokenCapacity: Int) -> any DecodingSession {
        ScriptedSession(
            vocabularySize: vocabularySize,
            sequenceCount: sequenceCount,
            tokenCapacity: tokenCapacity
        ) { tokens in
            var logits = [Float](repeating: -30, count: vocabularySize)
            for (token, logit) in try predict(tokens) { logits[Int(token)] = logit }
            return logits
        }
    }

    /// After each byte comes the next one; after `!` nothing that can be drawn.
    static let alphabet = ScriptModel { tokens in
        let last = tokens.last ?? 0
        if last == TokenID(UInt8(ascii: "!")) { return [0: .nan] }
        return [(last + 1) % 256: 1]
    }

    /// The same, at five milliseconds per token.
    static let slow = ScriptModel { tokens in
        usleep(5000)
        return [((tokens.last ?? 0) + 1) % 32: 1]
    }

    /// The bytes of a text, after the last end of a line, and then the end of the text.
    static func saying(_ text: String) -> ScriptModel { saying(Array(text.utf8)) }

    /// The same for bytes that may not be text.
    static func saying(_ bytes: [UInt8]) -> ScriptModel {
        ScriptModel { tokens in
            let place = tokens.reversed().prefix { $0 != TokenID(UInt8(ascii: "\n")) }.count
            return [place < bytes.count ? TokenID(bytes[place]) : byteTokenizer.endsOfText[0]: 1]
        }
    }

    /// Letters that look random, and depend on the last three tokens.
    static let babble = ScriptModel { tokens in
        var state: UInt64 = 1
        var logits: [TokenID: Float] = [:]
        for token in tokens.suffix(3) {
            state = (state &+ UInt64(token)) &* 6_364_136_223_846_793_005
        }
        for letter in UInt8(ascii: "a")...UInt8(ascii: "z") {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            logits[TokenID(letter)] = Float(state >> 33) / Float(1 << 31) * 4
        }
        return logits
    }
}

/// A token for each byte, and four that mark places: `<s>`, `</s>` and those of ChatML.
let byteTokenizer: any Tokenizer = {
    let names = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    let tokens = (0...255).map { [UInt8($0)] } + names.map { Array($0.utf8) }
    var description = TokenizerDescription(
        .byteLevel,
        tokens: TokenTexts(tokens),
        splitting: .none
    )
    for id in 256..<260 {
        description.types[id] = .control
        description.addedTokens.append(AddedToken(id: TokenID(id), isSpecial: true))
    }
    description.startOfText = 256
    description.endsOfText = [257]
    do { return try description.makeTokenizer(from: "bytes") } catch { fatalError("\(error)") }
}()

/// A router in front of a model.
struct TestServer {
    let router: Router
    let service: GenerationService

    init(
        _ model: ScriptModel = .alphabet,
        template: (any ChatTemplate)? = KnownChatTemplate(.chatml),
        places: Int = 2,
        queue: Int = 8,
        access: Access = Access(),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try self.init(
            TextGenerator(model, tokenizer: byteTokenizer),
            byteTokenizer,
            template: template,
            places: places,
            queue: queue,
            access: access,
            report: report
        )
    }

    init(
        _ generator: sending TextGenerator,
        _ tokenizer: any Tokenizer,
        template: (any ChatTemplate)? = nil,
        places: Int = 2,
        queue: Int = 8,
        access: Access = Access(),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        service = try GenerationService(
            generator,
            sequenceCount: places,
            queueCapacity: queue
        )
        router = Router(
            ServedModel(
                name: "alphabet",
                created: 1,
                tokenizer: tokenizer,
                template: template,
                service: service
            ),
            access: access,
            report: report
        )
    }

    /// Asks with a body in JSON.
    func post(_ path: String, _ body: String) async -> HTTPReply {
        await router.reply(to: HTTPRequest(method: "POST", path: path, body: Array(body.utf8)))
    }

    func get(_ path: String) async -> HTTPReply {
        await router.reply(to: HTTPRequest(path: path))
    }

    /// Asks for a completion.
    func complete(_ body: String) async -> HTTPReply { await post("/v1/completions", body) }

    /// Asks for the next message of a conversation.
    func chat(_ body: String) async -> HTTPReply { await post("/v1/chat/completions", body) }
}

extension HTTPReply {
    /// The bytes of a body that is not a stream.
    var bytes: [UInt8] {
        if case .whole(let bytes) = body { bytes } else { [] }
    }

    /// The text of such a body.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Such a body as JSON.
    var json: JSONTree {
        get throws { try parsed(text) }
    }

    /// The events of a stream, the last one as text.
    func events() async throws -> (chunks: [JSONTree], last: String) {
        guard case .events(let events) = body else { return ([], "") }
        var texts: [String] = []
        for try await event in events { texts.append(event) }
        return (try texts.dropLast().map(parsed), texts.last ?? "")
    }
}

/// A text as JSON.
func parsed(_ text: String) throws -> JSONTree {
    try Array(text.utf8).withUnsafeBufferPointer { try JSONCursor.value(of: $0) }
}

extension JSONTree {
    /// An element of an array.
    subscript(index: Int) -> JSONTree? { array.flatMap { $0.indices ~= index ? $0[index] : nil } }

    /// The sentence of an error.
    var message: String? { self["error"]?["message"]?.string }

    /// The text of a reply's choice, of either kind.
    func content(_ index: Int = 0) -> String? {
        let choice = self["choices"]?[index]
        return (choice?["message"]?["content"] ?? choice?["text"])?.string
    }
}
