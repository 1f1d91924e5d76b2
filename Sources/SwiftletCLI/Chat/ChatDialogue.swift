// A chat in progress: what is typed is a message or a command, and remarks about it go to stderr,
// so that stdout has only the replies. ChatInput handles typing, ChatReplies the replies.

import Swiftlet

/// A conversation at a terminal, or with the lines of standard input.
final class ChatDialogue {
    private let input: ChatInput
    private let replies: ChatReplies
    /// The last message that was replied to, if nothing else remembers it.
    private var lastMessage: String?
    private var forgottenTurns = 0

    init(_ replies: ChatReplies, input: ChatInput) {
        self.replies = replies
        self.input = input
    }

    /// Continues until there are no more messages.
    /// - Throws: ``ExitStatus/interrupted``, what the model throws, and ``FileIOError``.
    func run() throws {
        defer { input.end() }
        while let text = try input.next() {
            if text.strippingBlanks().isEmpty { continue }
            // In a script every line is a message, whatever it begins with.
            guard Terminal.isInteractive else {
                try reply(to: text)
                continue
            }
            switch SlashCommand.read(text) {
            case .message(let message): try reply(to: message)
            case .command(.exit, _): return
            case .command(.regenerate, _): try regenerate()
            case .command(let command, let argument): perform(command, argument)
            case .unknown(let name): refuse(name)
            }
        }
    }

    /// Prints a remark about the conversation.
    static func say(_ text: String) {
        let columns = Terminal.errorSize.columns
        for line in text.wrapped(columns: max(1, columns - 1), limit: .max - 1, more: "") {
            say(line: line)
        }
    }

    private static func say(line: String) {
        let inColor = Terminal.usesColor && Terminal.canRedraw
        Terminal.writeError(StyledLine(line, .faint).rendered(inColor: inColor) + "\n")
    }

    // MARK: Replies

    private func reply(to message: String) throws {
        do {
            input.wait()
            let report = try replies.reply(to: message)
            lastMessage = message
            if Terminal.isInteractive { remark(on: report) }
        } catch let error where Terminal.isInteractive && Self.isAboutMessage(error) {
            // Whoever typed it can rephrase it.
            Terminal.diagnose("\(error)")
        }
        // Checked once signals end the program again: one that came before ended nothing. At a
        // terminal Ctrl-C is only for the reply.
        if Signals.isTerminated || Signals.isInterrupted && !Terminal.isInteractive {
            throw ExitStatus.interrupted
        }
    }

    /// Whether an error is about the message rather than the model.
    private static func isAboutMessage(_ error: any Error) -> Bool {
        if case InferenceError.promptTooLong = error { return true }
        return error is TextGenerationError || error is TextTokenizerError
    }

    /// Explains what a reader would wonder about.
    private func remark(on report: ChatReport) {
        if report.stopReason == .length {
            Self.say("(\(groupedTokens(report.generatedTokens)), as many as --max-tokens allows)")
        } else if report.stopReason == .context {
            Self.say("(the context is full)")
        }
        if report.forgottenTurns > forgottenTurns {
            let turns = counted(report.forgottenTurns, "turn")
            Self.say("(the context is full, and the oldest turns were dropped: \(turns) so far)")
        }
        forgottenTurns = report.forgottenTurns
        if input.editsLines, Terminal.showsOutput { Terminal.writeError("\n") }
    }

    private func regenerate() throws {
        guard let session = replies.partner.session else {
            guard let lastMessage else { return Self.say("there is nothing to continue yet") }
            return try reply(to: lastMessage)
        }
        let messages = session.messages
        guard let last = messages.last(where: { $0.role == .user }) else {
            return Self.say("there is no reply to regenerate yet")
        }
        try session.restart(with: messages.dropLast(2))
        try reply(to: last.content)
        // If it could not be replied to again, it keeps the reply it had.
        if session.messages.count < messages.count { try session.restart(with: messages) }
    }

    // MARK: Commands

    private func perform(_ command: SlashCommand, _ argument: String) {
        if command == .help {
            let columns = max(1, Terminal.errorSize.columns - 1)
            let lines = SlashCommand.help(columns: columns, editsLines: input.editsLines)
            return lines.forEach(Self.say(line:))
        }
        guard let session = replies.partner.session else {
            return Self.say(
                command == .stats
                    ? replies.totals.summary
                    : "this model only continues text, so there is no conversation"
            )
        }
        do {
            switch command {
            case .reset: try reset(session)
            case .system: try instruct(session, argument)
            case .save: try save(session, argument)
            case .load: try load(session, argument)
            case .stats: try showTotals(session)
            case .help, .exit, .regenerate: break
            }
        } catch { Terminal.diagnose("\(error)") }
    }

    private func refuse(_ name: String) {
        let names = SlashCommand.allCases.map { "/\($0.rawValue)" }
        let suggestion = nearestName(to: name, in: names).map { " (did you mean \($0)?)" } ?? ""
        Self.say(
            "there is no command \(DisplayText.escaping(name))\(suggestion); /help lists them, and "
                + "/\(DisplayText.escaping(name)) sends it as a message"
        )
    }

    private func reset(_ session: ChatSession) throws {
        try session.restart(with: session.messages.filter { $0.role == .system })
        forgottenTurns = 0
        Self.say("the conversation starts over")
    }

    private func instruct(_ session: ChatSession, _ text: String) throws {
        let instructions = session.messages.first { $0.role == .system }
        if text.isEmpty {
            guard let instructions else { return Self.say("there is no system prompt") }
            return Self.say(instructions.content)
        }
        let turns = session.messages.filter { $0.role != .system }
        try session.restart(with: [ChatMessage(role: .system, content: text)] + turns)
        Self.say("the system prompt applies from the next message on")
    }

    private func save(_ session: ChatSession, _ name: String) throws {
        guard !name.isEmpty else { return Self.say("name a file: /save FILE") }
        guard session.messages.contains(where: { $0.role == .user }) else {
            return Self.say("there is nothing to save yet")
        }
        let path = FilePath(typed: name)
        // An existing file is replaced only if it is a conversation too.
        _ = try ChatHistory.read(path)
        try ChatHistory.write(session.messages, to: path)
        Self.say("saved in '\(path)'")
    }

    private func load(_ session: ChatSession, _ name: String) throws {
        guard !name.isEmpty else { return Self.say("name a file: /load FILE") }
        let path = FilePath(typed: name)
        guard FileSystem.exists(path) else { throw FileIOError.missing(path: path) }
        var messages = try ChatHistory.read(path)
        if messages.first?.role != .system {
            messages = session.messages.filter { $0.role == .system } + messages
        }
        try session.restart(with: messages)
        forgottenTurns = 0
        Self.say("the conversation continues from \(counted(messages.count, "message"))")
    }

    private func showTotals(_ session: ChatSession) throws {
        let (count, length) = (try session.contextTokenCount(), session.contextLength)
        let share = decimal(Double(count) / Double(max(1, length)) * 100, 0)
        Self.say(replies.totals.summary)
        Self.say("context: \(count.grouped) of \(groupedTokens(length)), \(share)%")
    }
}
