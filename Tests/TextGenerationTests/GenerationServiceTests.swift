// Many texts from one model at a time: who waits, who leaves, and what each gets.

import Inference
import TestSupport
import Testing
import TextGeneration
import Tokenization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Each byte is followed by the next one; after "!", nothing can be drawn.
private struct AlphabetModel: LanguageModel {
    let vocabularySize = 257
    var contextLength: Int
    var pass: @Sendable () -> Void = {}

    func makeSession(sequenceCount: Int, tokenCapacity: Int) -> any DecodingSession {
        ScriptedSession(
            vocabularySize: vocabularySize,
            sequenceCount: sequenceCount,
            tokenCapacity: tokenCapacity,
            willAppend: { _ in pass() }
        ) { tokens in
            let last = tokens.last ?? 0
            var logits = [Float](repeating: 0, count: vocabularySize)
            logits[(Int(last) + 1) % 256] = last == Int32(UInt8(ascii: "!")) ? .nan : 1
            return logits
        }
    }
}

private func request(_ prompt: String, _ maxTokens: Int = 3) -> GenerationRequest {
    GenerationRequest(
        tokens: prompt.utf8.map { Int32($0) },
        options: TextGenerationOptions(maxTokens: maxTokens, sampling: .greedy),
        seed: 0
    )
}

private func service(
    places: Int = 2,
    queue: Int = 64,
    context: Int = 256,
    pass: @escaping @Sendable () -> Void = {}
) throws -> GenerationService {
    let model = AlphabetModel(contextLength: context, pass: pass)
    return try GenerationService(
        TextGenerator(model, vocabulary: byteVocabulary),
        sequenceCount: places,
        queueCapacity: queue
    )
}

extension GenerationService.Updates {
    /// The pieces, joined, and the complete text.
    fileprivate func collected() async throws -> (pieces: String, text: GeneratedText?) {
        var result: (pieces: String, text: GeneratedText?) = ("", nil)
        for try await update in self {
            switch update {
            case .piece(let piece, _): result.pieces += piece
            case .finished(let text): result.text = text
            }
        }
        return result
    }
}

@Suite struct GenerationServiceTests {
    @Test func everyRequestGetsItsTextWhenThereAreMoreThanPlaces() async throws {
        let service = try service(places: 3)
        let prompts = (0..<20).map { String(UnicodeScalar(UInt8(65 + $0))) }
        try await withThrowingTaskGroup { group in
            for (index, prompt) in prompts.enumerated() {
                group.addTask {
                    let (pieces, text) = try await service.submit(request(prompt, 1 + index % 5))
                        .collected()
                    let expected = (1...1 + index % 5).map {
                        String(UnicodeScalar(UInt8(65 + index + $0)))
                    }
                    #expect(pieces == expected.joined())
                    #expect(text?.text == pieces)
                    #expect(text?.stopReason == .length)
                }
            }
            try await group.waitForAll()
        }
        let statistics = await service.statistics
        #expect(statistics.finished == [.length: 20])
        #expect(statistics.generatedTokens == 4 * (1 + 2 + 3 + 4 + 5))
        #expect(statistics.promptTokens == 20)
        #expect(statistics.running == 0 && statistics.queued == 0)
    }

    @Test func requestsBeyondTheQueueAreRefusedAllOrNone() async throws {
        let service = try service(places: 2, queue: 3)
        let requests = ["a", "b", "c", "d", "e", "f"].map { request($0) }
        // This many at once can never be accepted.
        await #expect(throws: GenerationServiceError.tooManyTexts(count: 6, maximum: 5)) {
            try await service.submit(requests)
        }
        #expect(await service.statistics == GenerationStatistics())
        var texts: [String] = []
        for updates in try await service.submit(requests.dropLast()) {
            texts.append(try await updates.collected().pieces)
        }
        #expect(texts == ["bcd", "cde", "def", "efg", "fgh"])
    }

    @Test func requestsAreRefusedWhileTheQueueIsFull() async throws {
        let service = try service(places: 1, queue: 2, context: 1 << 20) { usleep(100) }
        let running = try await service.submit(request("a", 100_000))
        let waiting = try await service.submit([request("b"), request("c")])
        await #expect(throws: GenerationServiceError.busy(queueCapacity: 2)) {
            try await service.submit(request("d"))
        }
        withExtendedLifetime((running, waiting)) {}
    }

    @Test func aTextAbandonedWhileItWaitsIsCounted() async throws {
        let service = try service(places: 1, context: 1 << 20) { usleep(100) }
        var first: GenerationService.Updates? = try await service.submit(request("a", 100_000))
        var second: GenerationService.Updates? = try await service.submit(request("b"))
        #expect(await service.statistics.queued == 1)
        withExtendedLifetime(second) {}
        second = nil
        while await service.statistics.queued == 1 { await Task.yield() }
        #expect(await service.statistics.finished == [.interrupted: 1])
        withExtendedLifetime(first) {}
        first = nil
        #expect(try await service.submit(request("x")).collected().pieces == "yz{")
        #expect(await service.statistics.finished == [.interrupted: 2, .length: 1])
    }

    @Test func anAbandonedTextGivesItsPlaceToAnother() async throws {
        let service = try service(places: 1, context: 1 << 20) { usleep(100) }
        for try await update in try await service.submit(request("a", 100_000)) {
            if case .piece = update { break }
        }
        #expect(try await service.submit(request("x")).collected().pieces == "yz{")
        #expect(await service.statistics.finished == [.interrupted: 1, .length: 1])
    }

    @Test func aTextThatCannotContinueEndsAlone() async throws {
        let service = try service(places: 2)
        let updates = try await service.submit([request("\u{1E}", 9), request("a", 9)])
        await #expect(throws: InferenceError.self) { _ = try await updates[0].collected() }
        #expect(try await updates[1].collected().pieces == "bcdefghij")
        #expect(await service.statistics.failed == 1)
        #expect(try await service.submit(request("k")).collected().pieces == "lmn")
    }

    @Test func piecesHaveTheLogprobsOfTheirTokensOnce() async throws {
        let service = try service()
        var asked = request("a", 5)
        asked.options.topLogprobs = 2
        var found: [TokenLogprobs] = []
        for try await update in try await service.submit(asked) {
            switch update {
            case .piece(_, let logprobs): found += logprobs
            case .finished(let text): #expect(text.logprobs == found)
            }
        }
        #expect(found.map(\.token) == "bcdef".utf8.map { Int32($0) })
        #expect(found.allSatisfy { $0.top.count == 2 })
    }

    @Test func anImpossibleRequestIsRefusedBeforeItWaits() async throws {
        let service = try service()
        await #expect(throws: TextTokenizerError.self) {
            try await service.submit(GenerationRequest(tokens: [300]))
        }
        await #expect(throws: InferenceError.promptTooLong(tokenCount: 257, maximum: 256)) {
            try await service.submit(GenerationRequest(tokens: Array(repeating: 1, count: 257)))
        }
        #expect(await service.statistics == GenerationStatistics())
    }

    @Test func itEndsWhenRunningAndWaitingTextsHaveEnded() async throws {
        let service = try service(places: 1)
        let updates = try await service.submit([request("a"), request("b")])
        await service.end(patience: .seconds(60))
        #expect(try await updates[0].collected().pieces == "bcd")
        #expect(try await updates[1].collected().pieces == "cde")
        await #expect(throws: GenerationServiceError.ending) {
            try await service.submit(request("c"))
        }
    }

    @Test func itInterruptsTextsThatTakeTooLong() async throws {
        let service = try service(places: 1) { usleep(2000) }
        let updates = try await service.submit([request("\0", 250), request("b")])
        await service.end(patience: .milliseconds(20))
        let (pieces, text) = try await updates[0].collected()
        #expect(text?.stopReason == .interrupted)
        #expect(text?.text == pieces)
        await #expect(throws: GenerationServiceError.ending) {
            _ = try await updates[1].collected()
        }
        let statistics = await service.statistics
        #expect(statistics.finished == [.interrupted: 1])
        #expect(statistics.failed == 1)
    }

    @Test func promptsThatBeginInTheSameWayAreReadOnce() async throws {
        let service = try service(places: 2)
        let system = String(repeating: "x", count: 60)
        for ending in ["a", "b", "c"] {
            let prompt = system + String(repeating: ending, count: 20)
            _ = try await service.submit(request(prompt)).collected()
        }
        let statistics = await service.statistics
        #expect(statistics.reusedTokens == 120)
        #expect(statistics.promptTokens == 120)
    }
}
