// Many texts at a time from one model: requests are accepted while others run, wait in a bounded
// queue when all places are taken, and leave when nobody wants them any more.

import Inference
import Synchronization
import Tokenization

/// A model that generates texts for many tasks at the same time.
///
/// ```swift
/// let service = try GenerationService(generator, sequenceCount: 4)
/// for try await update in try await service.submit(GenerationRequest(tokens: prompt)) {
///     if case .piece(let text, _) = update { print(text, terminator: "") }
/// }
/// ```
///
/// The same request with the same seed gives the same text, whatever other requests there are: see
/// `GenerationEngine/isReproducible`. Memory for all places is taken at the start.
package actor GenerationService {
    /// The updates of one text.
    ///
    /// When they are released, or the task that waits for one is canceled, the text's place is free
    /// within a token.
    package typealias Updates = AsyncThrowingStream<GenerationUpdate, any Error>

    /// A request that is waiting or running.
    private struct Entry {
        let id: Int
        let request: GenerationRequest
        let updates: Updates.Continuation
        /// How many log-probabilities have been returned.
        var givenLogprobs = 0
    }

    /// The longest text, including its prompt.
    package nonisolated let contextLength: Int
    /// The most texts generated at the same time.
    package nonisolated let sequenceCount: Int
    /// The most texts that may wait.
    package nonisolated let queueCapacity: Int
    /// What each token stands for.
    package nonisolated let vocabulary: any TokenDecoder

    private let texts: LiveTexts
    private let thread = GenerationThread()
    private var queue: [Entry] = []
    private var running: [Int: Entry] = [:]
    private var counts = GenerationStatistics()
    private var lastID = 0
    private var isLooping = false
    private nonisolated let ending = Atomic(false)
    private var whenIdle: [CheckedContinuation<Void, Never>] = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Takes over a model, which nothing else may use afterwards.
    /// - Parameters:
    ///   - generator: The model and what its tokens stand for.
    ///   - sequenceCount: Texts generated at the same time, at least 1.
    ///   - contextLength: Tokens of each, prompt included; nil is the model's context.
    ///   - queueCapacity: Texts that may wait, 0 or more.
    ///   - promptTokensPerPass: Tokens of prompts read between two tokens of running texts.
    /// - Throws: A model's error when memory is short.
    package init(
        _ generator: sending TextGenerator,
        sequenceCount: Int = 4,
        contextLength: Int? = nil,
        queueCapacity: Int = 64,
        promptTokensPerPass: Int = 256
    ) throws {
        let contextLength = min(contextLength ?? .max, generator.model.contextLength)
        let engine = try GenerationEngine(
            generator.model,
            sequenceCount: sequenceCount,
            contextLength: contextLength
        )
        engine.isReproducible = true
        engine.promptTokensPerPass = promptTokensPerPass
        try engine.reserve()
        texts = LiveTexts(engine)
        vocabulary = generator.vocabulary
        self.contextLength = contextLength
        self.sequenceCount = sequenceCount
        self.queueCapacity = queueCapacity
    }

    /// Whether no more requests are accepted.
    package nonisolated var isEnding: Bool { ending.load(ordering: .relaxed) }

    /// Checks that this many texts could run and wait together if there were no others.
    /// - Throws: ``GenerationServiceError/tooManyTexts(count:maximum:)``.
    package nonisolated func checkCount(_ count: Int) throws {
        let most = sequenceCount + queueCapacity
        guard count <= most else {
            throw GenerationServiceError.tooManyTexts(count: count, maximum: most)
        }
    }

    /// The statistics so far.
    package var statistics: GenerationStatistics {
        var counts = counts
        counts.running = running.count
        counts.queued = queue.count
        return counts
    }

    /// Asks for a text.
    /// - Returns: Its updates. They throw what the model or the sampler throws.
    /// - Throws: ``GenerationServiceError``, or an error that says what is wrong with the request.
    package func submit(_ request: GenerationRequest) throws -> Updates {
        try submit([request])[0]
    }

    /// Asks for several texts, all of them or none.
    /// - Returns: The updates of each.
    /// - Throws: ``GenerationServiceError``, or an error that says what is wrong with a request.
    package func submit(_ requests: [GenerationRequest]) throws -> [Updates] {
        if isEnding { throw GenerationServiceError.ending }
        try checkCount(requests.count)
        let requests = try requests.map {
            try $0.checked(vocabulary, contextLength: contextLength)
        }
        guard requests.count <= texts.engine.freeCount - queue.count + queueCapacity else {
            throw GenerationServiceError.busy(queueCapacity: queueCapacity)
        }
        let updates = requests.map(enqueue)
        if !isLooping {
            isLooping = true
            Task { await loop() }
        }
        return updates
    }

    /// Accepts no more requests, and waits for those that run or wait; after a while they are
    /// interrupted.
    /// - Parameter patience: How long to wait for them.
    package func end(patience: Duration) async {
        ending.store(true, ordering: .relaxed)
        guard isLooping else { return }
        let limit = Task {
            try await Task.sleep(for: patience)
            interrupt()
        }
        await withCheckedContinuation { whenIdle.append($0) }
        limit.cancel()
    }

    /// Ends all texts where they are.
    private func interrupt() {
        for entry in queue { fail(entry, GenerationServiceError.ending) }
        queue = []
        texts.engine.interrupt()
    }

    private func enqueue(_ request: GenerationRequest) -> Updates {
        lastID += 1
        let id = lastID
        let (updates, continuation) = Updates.makeStream()
        continuation.onTermination = { [weak self] reason in
            guard case .cancelled = reason else { return }
            Task { await self?.leave(id) }
        }
        queue.append(Entry(id: id, request: request, updates: continuation))
        return updates
    }

    /// Frees the place of an abandoned text.
    private func leave(_ id: Int) {
        if let place = queue.firstIndex(where: { $0.id == id }) {
            queue.remove(at: place)
        } else if let (number, _) = running.first(where: { $0.value.id == id }) {
            forget(number)
        } else {
            return
        }
        counts.finished[.interrupted, default: 0] += 1
    }

    /// Generates until there is nothing left to do; other calls get their turn between rounds.
    private func loop() async {
        while !queue.isEmpty || !running.isEmpty {
            admit()
            round()
            await Task.yield()
        }
        isLooping = false
        for continuation in whenIdle { continuation.resume() }
        whenIdle = []
    }

    /// Gives free places to those who have waited longest.
    private func admit() {
        while !queue.isEmpty, texts.engine.freeCount > 0 {
            let entry = queue.removeFirst()
            let (request, options) = (entry.request, entry.request.options)
            do {
                let number = try texts.engine.add(
                    prompt: request.tokens,
                    sampler: Sampler(
                        options.sampling,
                        seed: request.seed,
                        tokenLimit: vocabulary.vocabularySize
                    ),
                    limits: options.limits(vocabulary, endTokens: request.endTokens),
                    topLogprobs: options.topLogprobs
                )
                texts.follow(
                    number,
                    TextAssembler(
                        vocabulary,
                        after: request.continuesPrompt
                            ? request.tokens.last : vocabulary.startOfText,
                        stopStrings: options.stopStrings
                    )
                )
                running[number] = entry
            } catch { fail(entry, error) }
        }
    }

    /// Generates a token for each running text.
    private func round() {
        var failures: [(number: Int, error: any Error)] = []
        do {
            let pieces = try texts.next { failures.append(($0, $1)) } ?? []
            for piece in pieces where !failures.contains(where: { $0.number == piece.index }) {
                give(piece)
            }
        } catch {
            failures = running.keys.map { ($0, error) }
        }
        for (number, error) in failures {
            guard let entry = running[number] else { continue }
            fail(entry, error)
            forget(number)
        }
    }

    private func give(_ piece: TextPiece) {
        guard let entry = running[piece.index] else { return }
        let new = texts.logprobs(of: piece.index)[entry.givenLogprobs...]
        running[piece.index]?.givenLogprobs += new.count
        if !piece.isLast { counts.generatedTokens += 1 }
        if !piece.text.isEmpty || !new.isEmpty {
            entry.updates.yield(.piece(piece.text, logprobs: Array(new)))
        }
        guard piece.isLast else { return }
        let text = texts[piece.index]
        entry.updates.yield(.finished(text))
        entry.updates.finish()
        if let reason = text.stopReason { counts.finished[reason, default: 0] += 1 }
        forget(piece.index)
    }

    private func fail(_ entry: Entry, _ error: any Error) {
        counts.failed += 1
        entry.updates.finish(throwing: error)
    }

    private func forget(_ number: Int) {
        let sequence = texts.engine[number]
        counts.reusedTokens += sequence.reusedTokenCount
        counts.promptTokens += sequence.readPromptTokenCount - sequence.reusedTokenCount
        texts.remove(number)
        running[number] = nil
    }
}
