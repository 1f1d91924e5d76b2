// What is said about generated texts: `sample --json` prints it, and stderr gets a summary. Texts
// that are made side by side are written one below the other.

import Swiftlet

/// One text and how it was generated; the keys of `sample --json`.
struct SampleReport: Encodable {
    /// Which prompt it continues, from 0.
    let promptIndex: Int
    let text: String
    let tokens: [TokenID]
    /// One per token; nil if they were not asked for.
    let logprobs: [LogprobReport]?
    let promptTokens: Int
    let generatedTokens: Int
    /// The time of the pass over all prompts of a batch.
    let promptSeconds: Double
    /// The time from that pass to the end of this text, generated along with others.
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

    /// Tokens drawn after their own passes, including the one that ended the text: the first comes
    /// out of the prompt's pass.
    var timedTokens: Int {
        max(0, generatedTokens - (stopReason == .endOfText ? 0 : 1))
    }

    /// Why the text ended, and the seed that reproduces it.
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

/// How likely the model found a token, and the likeliest tokens in its place.
struct LogprobReport: Encodable {
    struct Alternative: Encodable {
        let token: TokenID
        let text: String
        let logprob: Float
    }

    let token: TokenID
    /// What it adds to the text; U+FFFD for part of a character.
    let text: String
    let logprob: Float
    let top: [Alternative]

    /// Reports on the tokens of a text.
    /// - Parameters:
    ///   - logprobs: One per token.
    ///   - last: The last token of the prompt.
    ///   - vocabulary: What tokens stand for.
    /// - Returns: As many reports.
    /// - Throws: `TextTokenizerError` for a token that the vocabulary lacks.
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
    /// The speed of texts that were generated together; for a single one, also how it ended.
    ///
    /// Tokens from the prompt's pass do not count toward the speed.
    /// - Parameter promptTokens: Tokens of the prompts, counting equal prompts once.
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

/// Writes texts that are generated in parallel, one below another.
///
/// The first unfinished one is written as it is generated; later ones wait.
struct TextColumn {
    /// A line between texts.
    static let separator = "---"

    /// The beginning of each text: its prompt.
    private let beginnings: [String]
    private var waiting: [String]
    private var isComplete: [Bool]
    /// The text being written.
    private var current = 0

    /// Starts with the first text's beginning.
    /// - Parameters:
    ///   - beginnings: The beginning of each text.
    ///   - isFirst: Whether no other text is above these.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    init(beginnings: [String], isFirst: Bool) throws {
        self.beginnings = beginnings
        waiting = beginnings.map { _ in "" }
        isComplete = beginnings.map { _ in false }
        try begin(isFirst: isFirst)
    }

    /// Takes the new part of one text.
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
