// A model that emits given tokens, so that text is tested independently of real models.

import Inference
import Synchronization
import Tokenization

/// Emits a fixed list of tokens after any prompt, then the last one forever.
struct PlaybackModel: LanguageModel {
    let vocabularySize: Int
    var contextLength = 64
    let tokens: [Int32]
    /// Called before every pass.
    var willPredict: @Sendable () -> Void = {}

    func makeSession(sequenceCount: Int, tokenCapacity: Int) -> any DecodingSession {
        PlaybackSession(self, sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
    }
}

final class PlaybackSession: DecodingSession {
    let tokenCapacity: Int
    private let model: PlaybackModel
    private var counts: [Int]
    /// Predictions of each sequence.
    private var positions: [Int]

    init(_ model: PlaybackModel, sequenceCount: Int, tokenCapacity: Int) {
        self.model = model
        self.tokenCapacity = tokenCapacity
        counts = Array(repeating: 0, count: sequenceCount)
        positions = counts
    }

    var vocabularySize: Int { model.vocabularySize }
    var sequenceCount: Int { counts.count }

    func tokenCount(of sequence: Int) -> Int { counts[sequence] }

    func append(_ parts: [SequencePart], predicting logits: inout MutableSpan<Float>) throws {
        model.willPredict()
        logits.update(repeating: 0)
        for (row, part) in parts.enumerated() {
            counts[part.sequence] += part.tokens.count
            let token = model.tokens[min(positions[part.sequence], model.tokens.count - 1)]
            logits[row * vocabularySize + Int(token)] = 1
            positions[part.sequence] += 1
        }
    }

    func truncate(_ sequence: Int, to tokenCount: Int) { counts[sequence] = tokenCount }

    func copy(_ source: Int, to destination: Int, tokenCount: Int) {
        counts[destination] = tokenCount
        positions[destination] = positions[source]
    }
}

/// The same bytes, without a token that starts texts.
struct StartlessVocabulary: TokenDecoder {
    var vocabularySize: Int { byteVocabulary.count }
    var startOfText: TokenID? { nil }
    var endsOfText: [TokenID] { [] }

    func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        try byteVocabulary.bytes(of: id, after: previous)
    }
}

/// Every byte is a token, like GPT-2's first 256 but in numeric order; 256 ends a text.
let byteVocabulary = Vocabulary(
    tokens: (0...255).map { [UInt8($0)] } + [Array("<|endoftext|>".utf8)],
    endOfText: 256
)
