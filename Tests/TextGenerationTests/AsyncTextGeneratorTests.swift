import Inference
import Synchronization
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

/// What a model saw, on whatever thread it ran.
private final class Observation: Sendable {
    let passes = Mutex(0)
    let threads = Mutex<Set<UInt>>([])

    func note() {
        passes.withLock { $0 += 1 }
        threads.withLock { _ = $0.insert(UInt(bitPattern: pthread_self().hashValue)) }
    }
}

/// Emits `text` byte by byte, and then its last byte forever.
private func makeGenerator(
    _ text: String,
    _ observation: Observation = Observation()
) throws -> AsyncTextGenerator {
    let model = PlaybackModel(
        vocabularySize: 257,
        contextLength: 1 << 20,
        tokens: text.utf8.map { Int32($0) },
        willPredict: { observation.note() }
    )
    return AsyncTextGenerator(try TextGenerator(model, vocabulary: byteVocabulary))
}

private func options(_ maxTokens: Int, stop: [String] = []) -> TextGenerationOptions {
    TextGenerationOptions(maxTokens: maxTokens, sampling: .greedy, stopStrings: stop)
}

@Suite struct AsyncTextGeneratorTests {
    @Test func piecesAreWholeCharactersAndNeverEmpty() async throws {
        let generator = try makeGenerator("né 🙂!")
        var pieces: [String] = []
        for try await piece in generator.stream(options: options(9), seed: 0) {
            pieces.append(piece)
        }
        #expect(pieces == ["n", "é", " ", "🙂", "!"])
    }

    @Test func eachIterationGeneratesTheTextAgain() async throws {
        let generator = try makeGenerator("abc")
        let pieces = generator.stream(options: options(3), seed: 0)
        for _ in 0..<2 {
            #expect(try await pieces.reduce("", +) == "abc")
        }
    }

    @Test func aWholeTextComesWithItsTokensAndItsEnd() async throws {
        let generator = try makeGenerator("ab STOP")
        let text = try await generator.text(
            tokens: [1, 2],
            options: options(20, stop: ["STOP"]),
            seed: 0
        )
        #expect(text.text == "ab ")
        #expect(text.tokens.count == 7)
        #expect(text.promptTokenCount == 2)
        #expect(text.stopReason == .stopString)
    }

    @Test func cancelingTheTaskStopsWithinAToken() async throws {
        let observation = Observation()
        let generator = try makeGenerator("x", observation)
        let count = 20
        let task = Task {
            var seen = 0
            for try await _ in generator.stream(options: options(1 << 19), seed: 0) {
                seen += 1
                if seen == count { withUnsafeCurrentTask { $0?.cancel() } }
            }
            return seen
        }
        #expect(try await task.value == count)
        #expect(observation.passes.withLock { $0 } == count)
    }

    @Test func cancelingAWholeTextReturnsWhatIsThere() async throws {
        let observation = Observation()
        let generator = try makeGenerator("x", observation)
        let task = Task {
            try await generator.text(options: options(1 << 19), seed: 0)
        }
        while observation.passes.withLock({ $0 }) < 10 { await Task.yield() }
        task.cancel()
        let text = try await task.value
        #expect(text.stopReason == .interrupted)
        #expect(text.text == String(repeating: "x", count: text.tokens.count))
        #expect(text.tokens.count >= 10)
        #expect(observation.passes.withLock { $0 } == text.tokens.count)
    }

    @Test func leavingTheLoopGeneratesNoFurtherToken() async throws {
        let observation = Observation()
        let generator = try makeGenerator("x", observation)
        for try await _ in generator.stream(options: options(1 << 19), seed: 0) { break }
        // A later text is not delayed, and no more tokens of the first are generated.
        #expect(try await generator.text(options: options(2), seed: 0).text == "xx")
        #expect(observation.passes.withLock { $0 } == 3)
    }

    @Test func theModelRunsOnOneThreadForAllTasks() async throws {
        let observation = Observation()
        let generator = try makeGenerator("abcdef", observation)
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await generator.stream(options: options(6), seed: 0).reduce("", +)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(texts == Array(repeating: "abcdef", count: 8))
        #expect(observation.passes.withLock { $0 } == 48)
        #expect(observation.threads.withLock { $0.count } == 1)
    }

    @Test func theModelDoesNotRunOnTheThreadsOfTasks() async throws {
        let observation = Observation()
        let generator = try makeGenerator("x", observation)
        _ = try await generator.text(options: options(1), seed: 0)
        let own = await withTaskGroup(of: UInt.self) { group in
            for _ in 0..<32 {
                group.addTask { UInt(bitPattern: pthread_self().hashValue) }
            }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        // Until here, because the id of a thread that has ended may be reused.
        withExtendedLifetime(generator) {
            #expect(observation.threads.withLock { $0.isDisjoint(with: own) })
        }
    }

    @Test func errorsReachTheTask() async throws {
        let generator = try makeGenerator("x")
        await #expect(throws: TextGenerationError.emptyStopString) {
            for try await _ in generator.stream(options: options(1, stop: [""]), seed: 0) {}
        }
        await #expect(throws: TextGenerationError.emptyStopString) {
            try await generator.text(options: options(1, stop: [""]), seed: 0)
        }
    }

    @Test func generatorsComeAndGo() async throws {
        for _ in 0..<50 {
            let generator = try makeGenerator("x")
            #expect(try await generator.text(options: options(1), seed: 0).text == "x")
        }
    }
}
