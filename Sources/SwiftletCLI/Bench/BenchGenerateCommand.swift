import ArgumentParser
import Benchmarks
import Swiftlet

/// `swiftlet bench generate`.
struct BenchGenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Time prompts and generation against the memory bandwidth.",
        discussion: """
            Examples:
              swiftlet bench generate --precision q8_0
              swiftlet bench generate --model checkpoints/quickstart/run --tokens 100
            """
    )

    @Option(
        help: """
            A model file or directory in any format, or the directory of a training run.
            """
    )
    var model: FilePath?

    @Option(help: CheckpointSelection.help)
    var checkpoint: CheckpointSelection?

    @Option(
        name: .customLong("init"),
        help: """
            The size of a model with random weights, instead of a file (default: gpt2). For a \
            Llama: llama2:layers=6,heads=6,channels=288,hidden=768,context=256, to which kv-heads \
            and vocabulary may be added.
            """
    )
    var descriptor: ArgumentText?

    @OptionGroup
    var precision: PrecisionOptions

    @Option(
        help: "Tokens in the prompt (default: 256, or the context if that is shorter).",
        in: .from(1, to: 1_000_000)
    )
    var promptTokens: Int?

    @Option(
        help: """
            Tokens to generate after a short prompt; the median time is reported (default: 64, or \
            as many as the context has room for).
            """,
        in: .from(1, to: 1_000_000)
    )
    var tokens: Int?

    @Option(help: "Sequences to generate together.", in: .from(1, to: 256))
    var batchSize = 1

    @Option(help: "Passes over the prompt; the median is reported.", in: .from(1, to: 1_000_000))
    var runs = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if model != nil && descriptor != nil {
            throw ValidationError("give either --model or --init, not both")
        }
        if checkpoint != nil && model == nil {
            throw ValidationError("--checkpoint is for a run named with --model")
        }
    }

    func run() throws {
        Signals.exitWhenInterrupted()
        let ops = try compute.makeOps()
        var storedPrecision = ElementType.float32
        let result = try measure(makeModel(ops, &storedPrecision), ops)
        let report = GenerationReport(
            result,
            precision: precision.weights ?? storedPrecision,
            cachePrecision: precision.cache,
            batchSize: batchSize
        )
        if json { try Terminal.printJSON(report) } else { try Terminal.print(report.text) }
    }

    private func measure(_ model: any LanguageModel, _ ops: Ops) throws -> GenerationResult {
        var benchmark = try GenerationBenchmark(
            contextLength: model.contextLength,
            batchSize: batchSize,
            runs: runs
        )
        if let promptTokens { benchmark.promptTokens = promptTokens }
        if let tokens { benchmark.decodeTokens = tokens }
        return try benchmark.run(model, ops: ops)
    }

    /// Opens or makes the model; `storedPrecision` is the type of its file.
    private func makeModel(
        _ ops: Ops,
        _ storedPrecision: inout ElementType
    ) throws -> any LanguageModel {
        if let model {
            let source = try ModelSource(model, checkpoint: checkpoint)
            storedPrecision = try source.weights.mainElementType()
            return try source.makeModel(
                precision: precision.weights,
                cachePrecision: precision.cache,
                ops: ops
            )
        }
        var generator = MersenneTwister(seed: 1)
        return try ModelDescriptor(descriptor?.string ?? "gpt2").configuration()
            .makeTrainableModel(using: &generator, ops: ops)
            .makeModel(
                precision: precision.weights ?? .float32,
                cachePrecision: precision.cache,
                ops: ops
            )
    }
}
