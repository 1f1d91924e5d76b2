import ArgumentParser
import Server
import Swiftlet

/// `swiftlet serve`: a model for programs that speak OpenAI's interface, and for browsers.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a model to OpenAI clients and to a browser.",
        discussion: """
            Answers /v1/chat/completions, /v1/completions and /v1/models as OpenAI's servers do, \
            and /tokenize, /detokenize, /health and /metrics; a page for trying the model is at /. \
            Clients know the model by the name of its file or directory. A model that was not \
            trained to chat only continues texts.

            Several texts are generated at a time; further requests wait their turn. On SIGTERM or \
            Ctrl-C the server takes no new requests and gives the texts in progress up to \
            \(timeText(ServedModelRun.patience)) to finish; a second Ctrl-C stops it at once.

            Only programs on this machine can connect unless --host says otherwise. There is no \
            TLS: if others connect over a network, put a server with TLS in front of this one.

            To check that it answers: curl http://127.0.0.1:8080/v1/models

            Examples:
              swiftlet serve --model checkpoints/smollm2-135m-instruct
              swiftlet serve --model checkpoints/gpt2 --precision q8_0 --parallel 8
            """
    )

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Option(help: .template())
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
        // An address that cannot be used is reported before time is spent on the model.
        let address = try Server.address(host: clients.address, port: clients.port)
        let source = try model.source()
        let tokenizer = try model.tokenizer(of: source)
        let template = try chatTemplate(of: source, tokenizer)
        try texts.check(contextLength: source.configuration.contextLength)
        let loading = SlowWork("loading '\(source.path)'")
        let opened = try model.open(source, precision, compute)
        try texts.checkMemory(of: opened)
        let cacheBytesPerToken = opened.cacheBytesPerToken
        // From here on, only the service uses the model and the source it came from.
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

    /// The model's chat template; nil for a model that only continues texts.
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
            Terminal.diagnose("\(error); until then, conversations are refused")
            return nil
        }
    }
}
