// Making tokens that have already occurred less likely.

/// Makes tokens that have already occurred less likely.
///
/// The method is that of CTRL (Keskar et al. 2019). A positive logit is divided by the penalty and
/// a negative one multiplied by it, as in transformers; how often a token occurred makes no
/// difference.
package struct RepetitionPenalty: LogitsProcessor {
    /// Above 1 discourages repetition, below 1 encourages it; 1 changes nothing.
    package let penalty: Float
    /// Only this many of the last tokens count; 0 is all.
    package let window: Int

    private var counts: TokenCounts

    /// Checks the values.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    package init(_ penalty: Float, window: Int = 0) throws {
        let bounds = SamplingOptions.bounds
        try InferenceError.require(penalty, "repetition penalty", in: bounds.repetitionPenalty)
        try InferenceError.require(window, "repetition window", in: bounds.repetitionWindow)
        self.penalty = penalty
        self.window = window
        counts = TokenCounts(window: window)
    }

    package mutating func prompt(_ tokens: [Int32]) {
        counts.removeAll()
        for token in window == 0 ? tokens[...] : tokens.suffix(window) { counts.add(token) }
    }

    package mutating func didSample(_ token: Int32) {
        counts.add(token)
    }

    /// Changes the logits of tokens that occurred.
    /// - Parameter logits: `(V)`, one for each token of the vocabulary.
    /// - Precondition: there is a logit for every token that occurred.
    package func process(_ logits: inout MutableSpan<Float>) {
        for (token, _) in counts.entries {
            let token = Int(token)
            precondition(token < logits.count, "token \(token) among \(logits.count) logits")
            let logit = logits[token]
            logits[token] = logit > 0 ? logit / penalty : logit * penalty
        }
    }
}

/// Makes tokens that were already generated less likely: once, or for every occurrence.
///
/// The two penalties are those of OpenAI's interface. Both are subtracted from a token's logit: one
/// when it was generated at all, the other for every time it was. Tokens of the prompt do not
/// count.
package struct OccurrencePenalty: LogitsProcessor {
    /// Subtracted from the logits of tokens that were generated; below 0 encourages them.
    package let presence: Float
    /// Subtracted for every time that they were; below 0 encourages them.
    package let frequency: Float

    private var counts = TokenCounts()

    /// Checks the values.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    package init(presence: Float = 0, frequency: Float = 0) throws {
        for (name, value) in [("presence penalty", presence), ("frequency penalty", frequency)] {
            try InferenceError.require(value, name, in: SamplingOptions.bounds.occurrencePenalty)
        }
        self.presence = presence
        self.frequency = frequency
    }

    package mutating func prompt(_ tokens: [Int32]) {
        counts.removeAll()
    }

    package mutating func didSample(_ token: Int32) {
        counts.add(token)
    }

    /// Changes the logits of tokens that were generated.
    /// - Parameter logits: `(V)`, one for each token of the vocabulary.
    /// - Precondition: there is a logit for every one of those tokens.
    package func process(_ logits: inout MutableSpan<Float>) {
        for (token, count) in counts.entries {
            precondition(Int(token) < logits.count, "token \(token) of \(logits.count)")
            logits[Int(token)] -= presence + Float(count) * frequency
        }
    }
}

/// How often tokens occurred, updated token by token.
struct TokenCounts: Sendable {
    /// Tokens that occurred, in no order, and how often.
    private(set) var entries: [(token: Int32, count: Int32)] = []
    /// Only this many of the last tokens count; 0 is all.
    private let window: Int
    /// Where each token's entry is; -1 without one.
    private var places: [Int32] = []
    /// With a window, the tokens in it: the oldest at ``oldest``, once it is full.
    private var recent: [Int32] = []
    private var oldest = 0

    init(window: Int = 0) {
        self.window = window
    }

    /// Forgets all tokens.
    mutating func removeAll() {
        for (token, _) in entries { places[Int(token)] = -1 }
        entries.removeAll(keepingCapacity: true)
        recent.removeAll(keepingCapacity: true)
        oldest = 0
    }

    /// Takes the next token; in a full window it replaces the oldest.
    mutating func add(_ token: Int32) {
        precondition(token >= 0, "token \(token) among those that occurred")
        count(token)
        guard window > 0 else { return }
        if recent.count < window {
            recent.append(token)
        } else {
            discount(recent[oldest])
            recent[oldest] = token
            oldest = (oldest + 1) % window
        }
    }

    private mutating func count(_ token: Int32) {
        let token = Int(token)
        if token >= places.count {
            places += repeatElement(-1, count: token + 1 - places.count)
        }
        let place = Int(places[token])
        if place >= 0 {
            entries[place].count += 1
        } else {
            places[token] = Int32(entries.count)
            entries.append((Int32(token), 1))
        }
    }

    private mutating func discount(_ token: Int32) {
        let place = Int(places[Int(token)])
        entries[place].count -= 1
        guard entries[place].count == 0 else { return }
        // The last entry takes its place.
        places[Int(token)] = -1
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        places[Int(last.token)] = Int32(place)
    }
}
