import ArgumentParser
import Swiftlet

/// `swiftlet chat`: a conversation with a model.
struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk with a model that was trained for conversations.",
        discussion: """
            Every line of standard input is a message, unless it is blank, and the reply goes to \
            stdout as it is made. \
            The model reads only what is new in each turn. When the context is full, the oldest \
            turns are forgotten; the system prompt never is. Ctrl-C ends a reply, and between \
            replies the conversation. A message that does not fit the context is refused: at a \
            terminal the conversation goes on without it, and a script ends there.

            The form of a conversation is the one that the model's files say, or --template.

            Examples:
              swiftlet chat --model SmolLM2-135M-Instruct
              swiftlet chat --model Llama-2-7b-chat-hf --precision q8_0 --system "Be brief."
            """
    )

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Option(help: "What the model is told about its part before the conversation.")
    var system: ArgumentText?

    @Option(
        help: ArgumentHelp(
            "The form of conversations (default: the one that the model's files say).",
            valueName: ChatForm.allCases.map(\.rawValue).joined(separator: "|")
        )
    )
    var template: ChatForm?

    @Option(
        help: """
            A file of messages in JSON, as OpenAI's interface has them: the conversation goes on \
            from there, and is saved there after every reply.
            """
    )
    var history: FilePath?

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    @OptionGroup(title: "Sampling")
    var sampling: SamplingArguments

    @Flag(help: "Print one JSON object a reply, when it is complete.")
    var json = false

    @Option(help: "Makes random draws repeatable (default: another one every time).", in: .from(0))
    var seed: UInt64?

    @OptionGroup
    var compute: ComputeOptions

    func run() throws {
        let options = try sampling.generationOptions()
        let source = try model.source()
        let tokenizer = try model.tokenizer(of: source)
        try options.check(vocabularySize: tokenizer.vocabularySize)
        let template = try source.chatTemplate(tokenizer, form: template)
        let messages = try history.map(ChatHistory.read) ?? []
        // What keeps it from being saved is found before anything is said.
        _ = try history.map { try AtomicFile($0) }
        let chat = try ChatSession(
            model.open(source, precision, compute),
            tokenizer: tokenizer,
            template: template,
            instructions: system?.string,
            history: messages,
            options: options,
            seed: seed
        )
        var lines = LineReader(.standardInput)
        while true {
            if Terminal.isInteractive { Terminal.writeError("> ") }
            guard let line = try lines.next() else {
                // After Ctrl-D the shell's prompt gets a line of its own.
                if Terminal.isInteractive { Terminal.writeError("\n") }
                return
            }
            // Bytes that are not UTF-8 become U+FFFD.
            let message = String(decoding: line, as: UTF8.self)
            if message.strippingBlanks().isEmpty { continue }
            do {
                try reply(to: message, in: chat)
            } catch let error as TextGenerationError where Terminal.isInteractive {
                // Who typed it can say it in fewer words.
                Terminal.diagnose(error.description)
            }
            // Asked when the signals end the program again: one that came until then ended nothing.
            // At a terminal Ctrl-C is for the reply alone.
            if Signals.isTerminated || Signals.isInterrupted && !Terminal.isInteractive {
                throw ExitStatus.interrupted
            }
        }
    }

    /// Prints the reply to one message.
    private func reply(to message: String, in chat: ChatSession) throws {
        let clock = ContinuousClock()
        let start = clock.now
        Signals.catchInterruption()
        defer { Signals.releaseInterruption() }
        let reply = try chat.streamResponse(to: message)
        while let piece = try reply.next() {
            if !json, !piece.isEmpty { try Terminal.write(piece) }
            if Signals.isInterrupted { reply.interrupt() }
        }
        let seconds = start.duration(to: clock.now) / .seconds(1)
        if let history { try ChatHistory.write(chat.messages, to: history) }
        let report = ChatReport(reply.response, seconds: seconds)
        if json { try Terminal.printJSON(report) } else { try Terminal.print("") }
        compute.note(report.summary)
    }
}

extension ChatForm: ExpressibleByArgument {}

/// One reply and how it was made; the keys of `chat --json`.
struct ChatReport: Encodable {
    let text: String
    let tokens: [TokenID]
    /// Tokens that were read before the reply: those of this turn, unless turns were forgotten.
    let promptTokens: Int
    let generatedTokens: Int
    /// From the message to the end of the reply.
    let seconds: Double
    let stopReason: StopReason?
    let forgottenTurns: Int

    init(_ reply: ChatResponse, seconds: Double) {
        text = reply.content
        tokens = reply.tokens
        promptTokens = reply.promptTokenCount
        generatedTokens = reply.tokens.count
        self.seconds = seconds
        stopReason = reply.stopReason
        forgottenTurns = reply.forgottenTurnCount
    }

    /// A line for stderr.
    var summary: String {
        let forgotten = forgottenTurns == 0 ? "" : ", \(counted(forgottenTurns, "turn")) forgotten"
        return "\(counted(promptTokens, "token")) read, \(generatedTokens) generated in "
            + "\(decimal(seconds, 2)) s\(forgotten)"
    }
}
