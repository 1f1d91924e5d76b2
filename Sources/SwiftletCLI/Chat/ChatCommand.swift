import ArgumentParser
import Swiftlet

/// `swiftlet chat`: a conversation with a model.
struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk with a model that was trained for conversations.",
        discussion: """
            Every line of standard input is a message, unless it is blank, and the reply goes to \
            stdout as it is made. At a terminal, lines are edited as in a shell, with a history, \
            and a line that begins with a slash is a command: /help lists them.

            The model reads only what is new in each turn. When the context is full, the oldest \
            turns are forgotten; the system prompt never is. Ctrl-C ends a reply, and where \
            nothing is typed the conversation. A message that does not fit the context is \
            refused: at a terminal the conversation goes on without it, and a script ends there.

            The form of a conversation is the one that the model's files say, or --template. A \
            model that has none was not trained to talk: at a terminal it goes on with what is \
            typed.

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

    @Flag(
        name: .customLong("no-input-history"),
        help: """
            Do not keep what is typed at a terminal for the next time: it is in \
            ~/.local/state/swiftlet/chat_history, or where XDG_STATE_HOME says.
            """
    )
    var noInputHistory = false

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
        let form = try chatTemplate(of: source, tokenizer)
        let messages = try history.map(ChatHistory.read) ?? []
        // What keeps it from being saved is found before anything is said.
        _ = try history.map { try AtomicFile($0) }
        let input = ChatInput(keepsHistory: !noInputHistory) { compute.note($0) }
        let model = try model.open(source, precision, compute)
        let partner: ChatPartner =
            if let form {
                .conversation(
                    try ChatSession(
                        model,
                        tokenizer: tokenizer,
                        template: form,
                        instructions: system?.string,
                        history: messages,
                        options: options,
                        seed: seed
                    )
                )
            } else {
                .continuation(
                    TextContinuation(
                        try TextGenerator(model, tokenizer: tokenizer),
                        options: options,
                        seed: seed ?? .random()
                    )
                )
            }
        if Terminal.isInteractive { greet(partner) }
        let replies = ChatReplies(partner, json: json, history: history, compute: compute)
        try ChatDialogue(replies, input: input).run()
    }

    /// The form of conversations that the model knows; nil for one that only continues texts, which
    /// somebody at a terminal may do all the same.
    private func chatTemplate(
        of source: ModelSource,
        _ tokenizer: any Tokenizer
    ) throws -> (any ChatTemplate)? {
        let mayContinue = Terminal.isInteractive && system == nil && history == nil
        do {
            return try source.chatTemplate(tokenizer, form: template)
        } catch OpeningError.noChatTemplate where mayContinue { return nil }
    }

    /// Says who is there, and what to type.
    private func greet(_ partner: ChatPartner) {
        let name = self.model.model.lastComponent.map { DisplayText.escaping($0) } ?? "the model"
        guard let session = partner.session else {
            ChatDialogue.say(
                "\(name) is a base model: it was trained to continue texts, not to talk. Type how "
                    + "a text begins, and it goes on; /regenerate goes on in another way. To talk "
                    + "with it all the same, choose a form of conversations with --template, such "
                    + "as plain."
            )
            return
        }
        let turns = session.messages.count { $0.role == .user }
        let history = turns == 0 ? "" : ", \(counted(turns, "turn")) so far"
        ChatDialogue.say("\(name)\(history); /help lists what you can type, Ctrl-D ends")
    }
}

extension ChatForm: ExpressibleByArgument {}
