import ArgumentParser
import Server
import Swiftlet

/// `swiftlet serve`: a model for programs that speak OpenAI's interface, and for browsers.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a model to OpenAI's clients, and to a browser.",
        discussion: """
            Answers /v1/chat/completions, /v1/completions and /v1/models as OpenAI's servers do, \
            and /tokenize, /detokenize, /health and /metrics; a page to try the model is at /. \
            Its name there is that of its file or directory. A model that was not trained to \
            talk only continues texts.

            Several texts are made at a time, and requests beyond that wait for a place. SIGTERM \
            or Ctrl-C lets those that have begun end, for \(timeText(ServedModelRun.patience)) at \
            most, and takes no more; a second Ctrl-C ends at once.

            Only programs on this machine can connect unless --host says otherwise. There is no \
            TLS: put a server that has it in front, where others connect over a network.

            To see that it answers: curl http://127.0.0.1:8080/v1/models

            Examples:
              swiftlet serve --model checkpoints/smollm2-135m-instruct
              swiftlet serve --model checkpoints/gpt2 --precision q8_0 --parallel 8
            """
    )

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Option(
        help: ArgumentHelp(
            "The form of conversations (default: the one that the model's files say).",
            valueName: ChatForm.allCases.map(\.rawValue).joined(separator: "|")
        )
    )
    var template: ChatForm?

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    @OptionGroup(title: "Texts")
    var texts: ServedTextOptions

    @OptionGroup(title: "Clients")
    var clients: ServedClientOptions

    @OptionGroup
    var compute: ComputeOptions

    func run() throws {
        Signals.exitWhenInterrupted()
        Signals.ignoreClosedConnections()
        let key = try clients.key()
        // An address that cannot be had is found before time is spent on the model.
        let address = try Server.address(host: clients.address, port: clients.port)
        let source = try model.source()
        let tokenizer = try model.tokenizer(of: source)
        let template = try chatTemplate(of: source, tokenizer)
        try texts.check(contextLength: source.configuration.contextLength)
        let loading = SlowWork("loading '\(source.path)'")
        let opened = try model.open(source, precision, compute)
        try texts.checkMemory(of: opened)
        let cacheBytesPerToken = opened.cacheBytesPerToken
        // Nothing but the service uses the model from here on, nor the source it came from.
        nonisolated(unsafe) let generator = try TextGenerator(opened, tokenizer: tokenizer)
        let service = try texts.makeService(generator)
        loading.end()
        let served = ServedModel(
            name: ServedModelName(of: model.model).text,
            created: ServedModelRun.secondsSince1970,
            tokenizer: tokenizer,
            template: template,
            service: service
        )
        try ServedModelRun(
            served,
            clients,
            key: key,
            isLocal: address.isLoopback,
            summary: texts.summary(service, cacheBytesPerToken: cacheBytesPerToken),
            isVerbose: compute.verbose
        ).run()
    }

    /// The form of conversations that the model knows; nil for one that only continues texts.
    private func chatTemplate(
        of source: ModelSource,
        _ tokenizer: any Tokenizer
    ) throws -> (any ChatTemplate)? {
        do {
            return try source.chatTemplate(tokenizer, form: template)
        } catch OpeningError.noChatTemplate {
            return nil
        } catch let error as OpeningError {
            guard case .unknownChatTemplate = error else { throw error }
            Terminal.diagnose("\(error); until then conversations are refused")
            return nil
        }
    }
}
