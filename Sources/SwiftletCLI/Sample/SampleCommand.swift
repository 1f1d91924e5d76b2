import ArgumentParser
import Swiftlet

/// `swiftlet sample`: text from a model, as it is generated.
struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Generate text with a model.",
        discussion: """
            The prompt and the text that continues it are printed to stdout as the text is \
            generated, and then a line about the speed to stderr. Several texts are generated \
            together, \(batchSize) at a time, and printed in order, separated by lines of three \
            dashes. With --json the prompt is not repeated; prompt_index is its number among those \
            of --prompt, --prompt-file and --prompts, in this order and counted from 0.

            Examples:
              swiftlet sample --model checkpoints/quickstart/run \\
                --prompt "One rainy day," --stop "The end"
              swiftlet sample --model checkpoints/gpt2 \\
                --prompt "The answer is" --top-k 40 --precision q8_0
              printf 'One day,\\nOne night,' | swiftlet sample --prompts - --json \\
                --model checkpoints/quickstart/run
            """
    )

    /// Texts generated together: enough to share the reading of weights, and few enough that their
    /// caches fit next to the weights.
    private static let batchSize = 8

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @OptionGroup(title: "Prompt")
    var prompt: PromptOptions

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    @OptionGroup(title: "Sampling")
    var sampling: SamplingArguments

    @Option(
        help: ArgumentHelp(
            """
            When the text fills the model's context: end it (stop), or drop its older half except \
            for the start token (slide). With slide, a prompt that is too long is cut the same way.
            """,
            valueName: "stop|slide"
        )
    )
    var contextOverflow = ContextOverflow.stop

    @Option(help: "How many texts to generate for each prompt.", in: .from(1))
    var numSamples = 1

    @Flag(help: "Print each text as a JSON object, once its batch is complete.")
    var json = false

    @Option(
        help: """
            With --json: add the log-probability of every generated token, and of this many of the \
            most likely tokens in its place, all from the model's own distribution.
            """,
        in: .from(0)
    )
    var logprobs: Int?

    @Option(
        help: """
            The random seed (default: a different one every time); each further text uses the next \
            seed. A text that is generated together with others may be rounded differently, and so \
            come out different.
            """,
        in: .from(0)
    )
    var seed: UInt64?

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if logprobs != nil && !json { throw ValidationError("--logprobs is for --json") }
    }

    func run() throws {
        let options = try sampling.generationOptions(
            contextOverflow: contextOverflow,
            topLogprobs: logprobs
        )
        let source = try model.source()
        let tokenizer = try model.tokenizer(of: source)
        var prompts = try PromptQueue(prompt, count: numSamples, encode: tokenizer.promptTokens) {
            try options.check(
                prompts: [$0],
                vocabularySize: tokenizer.vocabularySize,
                contextLength: source.configuration.contextLength
            )
        }
        // Errors in them are found before time is spent on the model.
        let first = try prompts.next(Self.batchSize)
        let model = try model.open(source, precision, compute)
        try generate(TextGenerator(model, tokenizer: tokenizer), first, &prompts, options)
    }

    /// Generates the texts of all prompts, batch by batch.
    private func generate(
        _ generator: TextGenerator,
        _ first: [PromptQueue.Prompt],
        _ rest: inout PromptQueue,
        _ options: TextGenerationOptions
    ) throws {
        var seed = seed ?? .random()
        var prompts = first
        var isFirst = true
        // Text on standard input may arrive late.
        var hasRemarked = remarkOnUnreadInput()
        while !prompts.isEmpty {
            Signals.catchInterruption()
            // Each text has its own seed, so that it does not depend on those before it.
            let seeds = prompts.indices.map { seed &+ UInt64($0) }
            seed &+= UInt64(prompts.count)
            let batch = try generator.batch(
                tokens: prompts.map(\.tokens),
                options: options,
                seeds: seeds
            )
            try generate(batch, prompts, generator.vocabulary, seeds: seeds, isFirst: isFirst)
            // While it waits for more prompts, Ctrl-C ends the program.
            Signals.releaseInterruption()
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            if !hasRemarked { hasRemarked = remarkOnUnreadInput() }
            isFirst = false
            prompts = try rest.next(Self.batchSize)
        }
    }

    /// Remarks that a text on standard input was not read, if no prompt was given.
    ///
    /// It is not taken as a prompt: it may belong to a script's loop, and a pipe may never end.
    /// - Returns: Whether anything was printed.
    private func remarkOnUnreadInput() -> Bool {
        guard prompt.isEmpty, Terminal.hasUnreadInput else { return false }
        Terminal.diagnose(
            "standard input was not read; give --prompt - to continue its text, or --prompts - for "
                + "one prompt per line"
        )
        return true
    }

    /// Prints texts as they are generated, or as JSON when they are complete.
    private func generate(
        _ batch: TextBatch,
        _ prompts: [PromptQueue.Prompt],
        _ vocabulary: any TokenDecoder,
        seeds: [UInt64],
        isFirst: Bool
    ) throws {
        var column =
            json
            ? nil
            : try TextColumn(
                beginnings: prompts.map { try vocabulary.decode($0.tokens) },
                isFirst: isFirst
            )
        let clock = ContinuousClock()
        let start = clock.now
        // A long prompt takes a while, and until the first token nothing would be lost.
        if !Signals.isInterrupted { Signals.exitWhenInterrupted() }
        try batch.readPrompts()
        if !Signals.isInterrupted { Signals.catchInterruption() }
        let promptEnd = clock.now
        var ends = prompts.map { _ in promptEnd }
        if Signals.isInterrupted { batch.interrupt() }
        while let pieces = try batch.next() {
            for piece in pieces {
                try column?.add(piece)
                ends[piece.index] = clock.now
            }
            if Signals.isInterrupted { batch.interrupt() }
        }

        let reports = try seeds.indices.map { index in
            SampleReport(
                batch[index],
                logprobs: logprobs == nil
                    ? nil
                    : try LogprobReport.all(
                        batch[index].logprobs,
                        after: prompts[index].tokens.last,
                        vocabulary
                    ),
                promptIndex: prompts[index].index,
                seed: seeds[index],
                prompt: start.duration(to: promptEnd),
                generation: promptEnd.duration(to: ends[index])
            )
        }
        if json { for report in reports { try Terminal.printJSON(report) } }
        if reports.count > 1 {
            for report in reports {
                Terminal.diagnose("\(counted(report.generatedTokens, "token")), \(report.ending)")
            }
        }
        // Equal prompts are read once.
        let counts = zip(prompts.map(\.tokens), reports.map(\.promptTokens))
        let read = Dictionary(counts) { first, _ in first }
        for (prompt, count) in read where count < prompt.count {
            Terminal.diagnose(
                "a prompt of \(prompt.count) tokens is longer than the context and was cut to the "
                    + "last \(count)"
            )
        }
        Terminal.diagnose(reports.summary(promptTokens: read.values.reduce(0, +)))
    }
}
