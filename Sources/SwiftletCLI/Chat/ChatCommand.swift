import ArgumentParser
import Swiftlet

/// `swiftlet chat`: a conversation with a model.
struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Chat with a model that was trained for conversation.",
        discussion: """
            Each line of standard input is a message, unless it is blank, and the reply is printed \
            to stdout as it is generated. At a terminal, lines can be edited as in a shell, with a \
            history, and a line that begins with a slash is a command: /help lists them.

            In each turn the model reads only what is new. When the context is full, the oldest \
            turns are dropped, but never the system prompt. Ctrl-C stops a reply; at an empty \
            prompt it ends the conversation. A message too long for the context is refused: at a \
            terminal the conversation goes on without it, but a script stops there.

            The conversation is formatted by the chat template in the model's files, or by the one \
            that --template names. A model without a template was not trained to chat: at a \
            terminal it continues the text you type.

            Examples:
              swiftlet chat --model SmolLM2-135M-Instruct
              swiftlet chat --model Llama-2-7b-chat-hf --precision q8_0 --system "Be brief."
            """
    )

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Option(help: "The system prompt, which tells the model how to behave.")
    var system: ArgumentText?

    @Option(help: .template())
    var template: ChatForm?

    @Option(
        help: """
            A JSON file of messages as in OpenAI's API: the conversation resumes from it, and is \
            saved to it after every reply.
            """
    )
    var history: FilePath?

    @Flag(
        name: .customLong("no-input-history"),
        help: """
            Do not save what you type at a terminal, which is otherwise kept in \
            ~/.local/state/swiftlet/chat_history, or under XDG_STATE_HOME.
            """
    )
    var noInputHistory = false

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    @OptionGroup(title: "Sampling")
    var sampling: SamplingArguments

    @Flag(help: "Print each reply as a JSON object, once it is complete.")
    var json = false

    @Option(help: "The random seed (default: a different one every time).", in: .from(0))
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
        // Anything that would prevent saving is found before the chat begins.
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

    /// The model's chat template; nil for a model that only continues texts, which is still useful
    /// at a terminal.
    private func chatTemplate(
        of source: ModelSource,
        _ tokenizer: any Tokenizer
    ) throws -> (any ChatTemplate)? {
        let mayContinue = Terminal.isInteractive && system == nil && history == nil
        do {
            return try source.chatTemplate(tokenizer, form: template)
        } catch OpeningError.noChatTemplate where mayContinue { return nil }
    }

    /// Introduces the model, and says what to type.
    private func greet(_ partner: ChatPartner) {
        let name = self.model.model.lastComponent.map { DisplayText.escaping($0) } ?? "the model"
        guard let session = partner.session else {
            ChatDialogue.say(
                "\(name) is a base model: it was trained to continue text, not to chat. Type the "
                    + "beginning of a text and it continues; /regenerate gives another "
                    + "continuation. To chat with it anyway, choose a template with --template, "
                    + "such as plain."
            )
            return
        }
        let turns = session.messages.count { $0.role == .user }
        let history = turns == 0 ? "" : ", \(counted(turns, "turn")) so far"
        ChatDialogue.say("\(name)\(history); /help lists the commands, Ctrl-D ends the chat")
    }
}

extension ChatForm: ExpressibleByArgument {}
