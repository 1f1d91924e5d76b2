// Prints replies, and keeps totals about them.

import Swiftlet

/// Prints a model's replies to messages.
final class ChatReplies {
    let partner: ChatPartner
    private let json: Bool
    /// Where the conversation is saved after every reply.
    private let history: FilePath?
    private let compute: ComputeOptions
    /// The totals of the replies so far.
    private(set) var totals = ChatTotals()

    init(_ partner: ChatPartner, json: Bool, history: FilePath?, compute: ComputeOptions) {
        self.partner = partner
        self.json = json
        self.history = history
        self.compute = compute
    }

    /// Prints the reply to a message as it is generated.
    /// - Returns: How it was generated.
    /// - Throws: What the model throws; the conversation then lacks this turn.
    func reply(to message: String) throws -> ChatReport {
        let clock = ContinuousClock()
        let start = clock.now
        Signals.catchInterruption()
        defer { Signals.releaseInterruption() }
        let reply = try partner.stream(to: message)
        // A text and its continuation are printed as one.
        if !json, partner.continuesMessages { try Terminal.writePrompt(message) }
        var readingEnd: ContinuousClock.Instant?
        while let piece = try reply.next() {
            // The first piece arrives when the message has been read.
            if readingEnd == nil { readingEnd = clock.now }
            if !json, !piece.isEmpty { try Terminal.writeGenerated(piece) }
            if Signals.isInterrupted { reply.interrupt() }
        }
        let end = clock.now
        if let history { try ChatHistory.write(partner.messages, to: history) }
        let report = reply.report(seconds: start.duration(to: end) / .seconds(1))
        if json { try Terminal.printJSON(report) } else { try Terminal.print("") }
        compute.note(report.summary)
        totals.add(
            report,
            reading: start.duration(to: readingEnd ?? end),
            generation: (readingEnd ?? end).duration(to: end)
        )
        return report
    }
}

/// The totals of a conversation's replies.
struct ChatTotals {
    private var replies = 0
    private var promptTokens = 0
    private var generatedTokens = 0
    private var readingSeconds = 0.0
    private var generationSeconds = 0.0

    /// Adds a reply.
    mutating func add(_ report: ChatReport, reading: Duration, generation: Duration) {
        replies += 1
        promptTokens += report.promptTokens
        generatedTokens += report.generatedTokens
        readingSeconds += reading / .seconds(1)
        generationSeconds += generation / .seconds(1)
    }

    /// A summary in one line.
    var summary: String {
        let generated = groupedTokens(generatedTokens)
        return "\(counted(replies, "reply", plural: "replies")): "
            + "\(generated) generated\(speed(generatedTokens, generationSeconds)), "
            + "\(promptTokens.grouped) read\(speed(promptTokens, readingSeconds))"
    }

    private func speed(_ tokens: Int, _ seconds: Double) -> String {
        seconds > 0 ? " at \(decimal(Double(tokens) / seconds, 1)) tokens/s" : ""
    }
}

/// One reply and how it was generated; the keys of `chat --json`.
struct ChatReport: Encodable {
    let text: String
    let tokens: [TokenID]
    /// Tokens read before the reply: those of this turn, or more if turns were dropped.
    let promptTokens: Int
    let generatedTokens: Int
    /// From the message to the end of the reply.
    let seconds: Double
    let stopReason: StopReason?
    let forgottenTurns: Int

    /// A line for stderr.
    var summary: String {
        let forgotten = forgottenTurns == 0 ? "" : ", \(counted(forgottenTurns, "turn")) dropped"
        return "\(counted(promptTokens, "token")) read, \(generatedTokens) generated in "
            + "\(decimal(seconds, 2)) s\(forgotten)"
    }
}
