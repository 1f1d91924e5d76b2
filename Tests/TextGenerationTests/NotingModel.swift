// A model that records its input, and a tokenizer whose tokens are readable: conversations are
// tested with them, independently of real models.

import FileIO
import Inference
import Testing
import TextGeneration
import Tokenization

/// Every byte is a token; 256 starts a text and 257 ends it.
struct ByteTokenizer: Tokenizer {
    var vocabularySize: Int { 258 }
    var startOfText: TokenID? { 256 }
    var endsOfText: [TokenID] { [257, 256] }

    func bytes(of id: TokenID, after previous: TokenID?) -> ArraySlice<UInt8> {
        id < 256 ? [UInt8(id)] : []
    }

    var description: TokenizerDescription {
        TokenizerDescription(.byteLevel, tokens: TokenTexts(), splitting: .none)
    }

    func encode(_ text: String, specialTokens: SpecialTokens) -> [TokenID] {
        text.utf8.map { TokenID($0) }
    }
    func promptTokens(of bytes: [UInt8]) -> [TokenID] { [256] + bytes.map { TokenID($0) } }
    func nativeFile(at path: FilePath, overwrite: Bool) throws -> AtomicFile {
        try AtomicFile(path, overwrite: overwrite)
    }
}

/// Replies ` OK` and the end of text, over and over, and records its input.
struct NotingModel: LanguageModel {
    var vocabularySize: Int { 258 }
    let contextLength: Int
    let reply: [TokenID]
    let session: NotingSession

    init(contextLength: Int, reply: [TokenID] = [0x20, 0x4F, 0x4B, 257]) {
        self.contextLength = contextLength
        self.reply = reply
        session = NotingSession(contextLength: contextLength, reply: reply)
    }

    func makeSession(sequenceCount: Int, tokenCapacity: Int) -> any DecodingSession { session }
}

/// The only session of a ``NotingModel``.
final class NotingSession: DecodingSession {
    let vocabularySize = 258
    let sequenceCount = 1
    let tokenCapacity: Int
    private let reply: [TokenID]
    private var place = 0
    /// The tokens it holds.
    private(set) var tokens: [TokenID] = []
    /// What every call appended.
    private(set) var parts: [[TokenID]] = []
    /// The error of the next call.
    var error: (any Error)?

    init(contextLength: Int, reply: [TokenID]) {
        tokenCapacity = contextLength
        self.reply = reply
    }

    func tokenCount(of sequence: Int) -> Int { tokens.count }

    func append(_ parts: [SequencePart], predicting logits: inout MutableSpan<Float>) throws {
        if let error {
            self.error = nil
            throw error
        }
        self.parts.append(parts[0].tokens)
        tokens += parts[0].tokens
        #expect(tokens.count <= tokenCapacity)
        logits.update(repeating: 0)
        logits[Int(reply[place % reply.count])] = 1
        place += 1
    }

    func truncate(_ sequence: Int, to tokenCount: Int) {
        tokens.removeLast(tokens.count - tokenCount)
    }

    func copy(_ source: Int, to destination: Int, tokenCount: Int) {}
}

/// Always the likeliest token.
func greedyOptions(_ maxTokens: Int = 40) -> TextGenerationOptions {
    TextGenerationOptions(maxTokens: maxTokens, sampling: .greedy)
}

/// A conversation with a model that records its input.
func makeChat(
    _ model: NotingModel,
    system: String? = nil,
    maxTokens: Int = 40
) throws -> ChatSession {
    try ChatSession(
        model,
        tokenizer: ByteTokenizer(),
        instructions: system,
        options: greedyOptions(maxTokens),
        seed: 1
    )
}

/// What tokens stand for, with the usual names for the start and the end of a text.
func shown(_ tokens: [TokenID]) -> String {
    tokens.map { $0 == 256 ? "<s>" : $0 == 257 ? "</s>" : String(Unicode.Scalar(UInt8($0))) }
        .joined()
}
