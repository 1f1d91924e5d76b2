// What is said about generated texts: `sample --json` prints it, and stderr gets a summary. Texts
// that are made side by side are written one below the other.

import Swiftlet

/// One text and how it was made; the keys of `sample --json`.
struct SampleReport: Encodable {
    /// Which prompt it continues, from 0.
    let promptIndex: Int
    let text: String
    let tokens: [TokenID]
    /// Of each token; nil where they were not asked for.
    let logprobs: [LogprobReport]?
    let promptTokens: Int
    let generatedTokens: Int
    /// The pass over all prompts of a batch.
    let promptSeconds: Double
    /// From that pass to the end of this text, the texts beside it included.
    let generationSeconds: Double
    let stopReason: StopReason?
    let seed: UInt64

    init(
        _ generated: GeneratedText,
        logprobs: [LogprobReport]?,
        promptIndex: Int,
        seed: UInt64,
        prompt: Duration,
        generation: Duration
    ) {
        self.promptIndex = promptIndex
        text = generated.text
        tokens = generated.tokens
        self.logprobs = logprobs
        promptTokens = generated.promptTokenCount
        generatedTokens = generated.tokens.count
        promptSeconds = prompt / .seconds(1)
        generationSeconds = generation / .seconds(1)
        stopReason = generated.stopReason
        self.seed = seed
    }

    /// Tokens drawn after passes of their own, the one that ended the text included: the first
    /// comes out of the prompt's.
    var timedTokens: Int {
        max(0, generatedTokens - (stopReason == .endOfText ? 0 : 1))
    }

    /// Why the text ended, and what makes it again.
    var ending: String {
        let reason =
            switch stopReason {
            case .endOfText: "end of text"
            case .stopString: "stop string"
            case .context: "the context is full"
            case .interrupted: "interrupted"
            case .length, nil: "length reached"
            }
        return "\(reason), seed \(seed)"
    }
}

/// How likely the model found a token, beside those it found likeliest in its place.
struct LogprobReport: Encodable {
    struct Alternative: Encodable {
        let token: TokenID
        let text: String
        let logprob: Float
    }

    let token: TokenID
    /// What it adds to the text; of a part of a character, U+FFFD.
    let text: String
    let logprob: Float
    let top: [Alternative]

    /// Reports on the tokens of a text.
    /// - Parameters:
    ///   - logprobs: Of each token.
    ///   - last: The last token of the prompt.
    ///   - vocabulary: What tokens stand for.
    /// - Returns: As many reports.
    /// - Throws: `TokenizerError` for a token that the vocabulary lacks.
    static func all(
        _ logprobs: [TokenLogprobs],
        after last: TokenID?,
        _ vocabulary: any TokenDecoder
    ) throws -> [LogprobReport] {
        var previous = last
        return try logprobs.map { found in
            func text(of token: TokenID) throws -> String {
                String(decoding: try vocabulary.bytes(of: token, after: previous), as: UTF8.self)
            }
            let report = LogprobReport(
                token: found.token,
                text: try text(of: found.token),
                logprob: found.logprob,
                top: try found.top.map {
                    Alternative(
                        token: $0.token,
                        text: try text(of: $0.token),
                        logprob: $0.logprob
                    )
                }
            )
            previous = vocabulary.context(after: found.token, previous)
            return report
        }
    }
}

extension [SampleReport] {
    /// The speed of texts that were generated together; of a single one, also how it ended.
    ///
    /// Tokens that came out of the prompt's pass do not count in the speed.
    /// - Parameter promptTokens: Tokens of the prompts, those of equal ones counted once.
    /// - Returns: A line for stderr.
    func summary(promptTokens: Int) -> String {
        let generated = reduce(0) { $0 + $1.generatedTokens }
        let seconds = reduce(0) { Swift.max($0, $1.generationSeconds) }
        let promptSeconds = first?.promptSeconds ?? 0
        let texts = count == 1 ? "" : "\(count) texts: "
        let ending = count == 1 ? "; " + self[0].ending : ""
        let timed = reduce(0) { $0 + $1.timedTokens }
        return "\(texts)\(counted(generated, "token")) in \(speed(timed, seconds)); "
            + "prompt of \(promptTokens) in \(speed(promptTokens, promptSeconds))\(ending)"
    }

    private func speed(_ tokens: Int, _ seconds: Double) -> String {
        let speed = seconds > 0 ? Double(tokens) / seconds : 0
        return "\(decimal(seconds, 2)) s, \(decimal(speed, 1)) tokens/s"
    }
}

/// Writes texts that are made side by side one below the other.
///
/// The first that is not complete is written as it is made; what is there of those after it waits.
struct TextColumn {
    /// A line between texts.
    static let separator = "---"

    /// What begins each text: its prompt.
    private let beginnings: [String]
    private var waiting: [String]
    private var isComplete: [Bool]
    /// The text being written.
    private var current = 0

    /// Starts with the first text's beginning.
    /// - Parameters:
    ///   - beginnings: What each text begins with.
    ///   - isFirst: Whether no other text stands above these.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    init(beginnings: [String], isFirst: Bool) throws {
        self.beginnings = beginnings
        waiting = beginnings.map { _ in "" }
        isComplete = beginnings.map { _ in false }
        try begin(isFirst: isFirst)
    }

    /// Takes what is new of one text.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    mutating func add(_ piece: TextPiece) throws {
        if piece.isLast { isComplete[piece.index] = true }
        waiting[piece.index] += piece.text
        while current < waiting.count {
            try Terminal.writeGenerated(waiting[current])
            waiting[current] = ""
            guard isComplete[current] else { return }
            try Terminal.print("")
            current += 1
            if current < waiting.count { try begin(isFirst: false) }
        }
    }

    private func begin(isFirst: Bool) throws {
        if !isFirst { try Terminal.print(Self.separator) }
        try Terminal.writePrompt(beginnings[current])
    }
}
