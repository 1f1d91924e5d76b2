import ArgumentParser
import Swiftlet

/// `swiftlet sample`: text from a model, as it is made.
struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Generate text with a model.",
        discussion: """
            The prompt and the text that continues it go to stdout as it is made, and a line \
            about the speed to stderr. Several texts are divided by lines of three dashes. With \
            --json the prompt is left out.

            Examples:
              swiftlet sample --model runs/first --prompt "ROMEO:"
              swiftlet sample --model gpt2_124M.bin --tokenizer gpt2_tokenizer.bin --top-k 40
            """
    )

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @OptionGroup(title: "Prompt")
    var prompt: PromptOptions

    @OptionGroup(title: "Sampling")
    var sampling: SamplingArguments

    @Option(help: "Texts to generate for each prompt, one after the other.")
    var numSamples = 1

    @Flag(help: "Print one JSON object a text, when it is complete.")
    var json = false

    @Option(help: "Makes random draws repeatable (default: another one every time).")
    var seed: UInt64?

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if numSamples < 1 {
            throw ValidationError("--num-samples must be at least 1, got \(numSamples)")
        }
    }

    func run() throws {
        let options = try sampling.generationOptions()
        let modelPath = try model.modelPath()
        let (vocabulary, prompts) = try readPrompts(
            tokenizerPath: model.tokenizerPath(besideModel: modelPath)
        )
        let gpt2 = try GPT2(llmcCheckpoint: modelPath, ops: compute.makeOps())
        let generator = try TextGenerator(gpt2, vocabulary: vocabulary)
        compute.note("model '\(modelPath)', \(gpt2.configuration.unpaddedParameterCount) weights")

        let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        Signals.catchInterruption()
        let texts = prompts.lazy.flatMap { repeatElement($0, count: numSamples) }
        for (index, prompt) in texts.enumerated() {
            // Each text has a seed of its own, so that it does not depend on those before it.
            let textSeed = seed &+ UInt64(index)
            let stream = try generator.stream(prompt: prompt, options: options, seed: textSeed)
            if !json {
                if index > 0 { try Terminal.print("---") }
                try Terminal.write(vocabulary.decode(prompt))
            }
            try generate(stream, seed: textSeed)
            if Signals.isInterrupted { throw ExitStatus.interrupted }
        }
    }

    /// The bytes of each token, and the tokens of each prompt; one of no tokens when there is none.
    private func readPrompts(
        tokenizerPath: FilePath
    ) throws -> (vocabulary: Vocabulary, prompts: [[TokenID]]) {
        if prompt.isEmpty { return (try TokenizerFile.vocabulary(tokenizerPath), [[]]) }
        let tokenizer = try BytePairTokenizer(contentsOf: tokenizerPath)
        let prompts = try prompt.prompts().map {
            tokenizer.encode($0, endOfTextMarker: .token)
        }
        return (tokenizer.vocabulary, prompts)
    }

    /// Prints one text as it is made, or as JSON when it is complete.
    private func generate(_ stream: TextStream<GPT2>, seed: UInt64) throws {
        var stream = stream
        let clock = ContinuousClock()
        let start = clock.now
        var promptEnd: ContinuousClock.Instant?
        while let piece = try stream.next() {
            promptEnd = promptEnd ?? clock.now
            if !json { try Terminal.write(piece) }
            if Signals.isInterrupted { stream.interrupt() }
        }
        let end = clock.now
        let report = SampleReport(
            stream,
            seed: seed,
            promptDuration: start.duration(to: promptEnd ?? end),
            generationDuration: (promptEnd ?? end).duration(to: end)
        )
        try json ? Terminal.printJSON(report) : Terminal.print("")
        Terminal.diagnose(report.summary)
    }
}

/// The flags that say how tokens are drawn.
struct SamplingArguments: ParsableArguments {
    @Option(help: "Tokens to generate, unless the text ends before.")
    var maxTokens = 256

    @Option(help: "Below 1 sharpens the distribution, above 1 flattens it; 0 is greedy.")
    var temperature: Float = 1

    @Option(help: "Draw from the K most likely tokens only; 0 is no limit.")
    var topK = 0

    @Option(help: "Draw from the most likely tokens that reach this probability; 1 is no limit.")
    var topP: Float = 1

    @Flag(help: "Go on when the model ends the text.")
    var ignoreEos = false

    func validate() throws {
        if maxTokens < 1 {
            throw ValidationError("--max-tokens must be at least 1, got \(maxTokens)")
        }
    }

    /// The flags as the library takes them.
    func generationOptions() throws -> GenerationOptions {
        GenerationOptions(
            maxTokens: maxTokens,
            sampling: try SamplingOptions(temperature: temperature, topK: topK, topP: topP),
            ignoresEndOfText: ignoreEos
        )
    }
}

/// What is said about a text: `sample --json` prints it.
private struct SampleReport: Encodable {
    let text: String
    let tokens: [TokenID]
    let promptTokens: Int
    let generatedTokens: Int
    let promptSeconds: Double
    let generationSeconds: Double
    let stopReason: StopReason?
    let seed: UInt64

    init(
        _ stream: TextStream<GPT2>,
        seed: UInt64,
        promptDuration: Duration,
        generationDuration: Duration
    ) {
        text = stream.text
        tokens = stream.tokens
        promptTokens = stream.promptTokenCount
        generatedTokens = stream.tokens.count
        promptSeconds = promptDuration / .seconds(1)
        generationSeconds = generationDuration / .seconds(1)
        stopReason = stream.stopReason
        self.seed = seed
    }

    /// One line about length, speed and why the text ended.
    ///
    /// The speed is that of all tokens over all of the time, the prompt's pass included, which
    /// gives the first token.
    var summary: String {
        let seconds = promptSeconds + generationSeconds
        let speed = seconds > 0 ? Double(generatedTokens) / seconds : 0
        let reason =
            switch stopReason {
            case .endOfText: "end of text"
            case .context: "the context is full"
            case .interrupted: "interrupted"
            case .length, nil: "length reached"
            }
        return "\(generatedTokens) tokens in \(decimal(seconds, 2)) s, "
            + "\(decimal(speed, 1)) tokens/s, \(reason), seed \(seed)"
    }
}
