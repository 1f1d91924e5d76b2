import ArgumentParser
import Swiftlet

/// `swiftlet bench generate`.
struct BenchGenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Time a prompt and generated tokens beside the memory bandwidth."
    )

    @Option(help: "An llm.c model file, or the directory of a training run.")
    var model: String?

    @Option(
        name: .customLong("init"),
        help: """
            In place of a file: the size of a model of random weights (default: gpt2). A Llama 2 \
            is llama2:layers=6,heads=6,channels=288,hidden=768,context=256, where kv-heads and \
            vocabulary may be added.
            """
    )
    var descriptor: String?

    @OptionGroup
    var precision: PrecisionOptions

    @Option(help: "Tokens of the prompt.")
    var promptTokens = 256

    @Option(help: "Tokens generated after a short prompt; the median time counts.")
    var tokens = 64

    @Option(help: "Sequences generated together.")
    var batchSize = 1

    @Option(help: "Passes over the prompt; the median counts.")
    var runs = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup
    var compute: ComputeOptions

    /// More than any context, and days of passes.
    private static let maximumCount = 1_000_000

    func validate() throws {
        if model != nil && descriptor != nil {
            throw ValidationError("give either --model or --init, not both")
        }
        for (value, name) in [
            (promptTokens, "--prompt-tokens"), (tokens, "--tokens"), (runs, "--runs"),
        ] where !(1...Self.maximumCount ~= value) {
            throw ValidationError(
                "\(name) must be between 1 and \(Self.maximumCount), got \(value)"
            )
        }
        guard 1...256 ~= batchSize else {
            throw ValidationError("--batch-size must be between 1 and 256, got \(batchSize)")
        }
    }

    func run() throws {
        let ops = try compute.makeOps()
        let result =
            switch try makeModel(ops) {
            case .gpt2(let model):
                try measure(model, weightBytes: model.weightBytesPerToken, ops)
            case .llama2(let model):
                try measure(model, weightBytes: model.weightBytesPerToken, ops)
            }
        let report = GenerationReport(result, precision: precision, batchSize: batchSize)
        if json { try Terminal.printJSON(report) } else { try Terminal.print(report.text) }
    }

    private func measure<Model: CachedTransformer & LanguageModel>(
        _ model: Model,
        weightBytes: Int,
        _ ops: Ops
    ) throws -> GenerationResult where Model.Session == CachedSession<Model> {
        let benchmark = GenerationBenchmark(
            promptTokens: promptTokens,
            decodeTokens: tokens,
            batchSize: batchSize,
            runs: runs
        )
        return try benchmark.run(model, weightBytes: weightBytes, ops: ops)
    }

    private func makeModel(_ ops: Ops) throws -> GeneratingModel {
        if let model {
            return try ModelFile(FilePath(model), checkpoint: nil).open(precision, ops: ops)
        }
        var generator = MersenneTwister(seed: 1)
        let descriptor = descriptor ?? "gpt2"
        if Llama2Configuration.isDescriptor(descriptor) {
            let weights = try Llama2Checkpoint(
                randomWeights: Llama2Configuration(descriptor: descriptor),
                using: &generator
            )
            let model = try Llama2Decoder(
                weights,
                precision: precision.weightFormat,
                cachePrecision: precision.cachePrecision,
                ops: ops
            )
            return .llama2(model)
        }
        let weights = try GPT2(
            randomWeights: GPT2Configuration(descriptor: descriptor),
            using: &generator,
            ops: ops
        )
        let model = try GPT2Decoder(
            weights,
            precision: precision.weightFormat,
            cachePrecision: precision.cachePrecision
        )
        return .gpt2(model)
    }
}

/// The result of `bench generate`.
struct GenerationReport: Encodable {
    let precision: String
    let cache_precision: String
    let batch_size: Int
    let decode_tokens_per_second: Double
    let prompt_tokens_per_second: Double
    let fraction_of_bandwidth: Double
    let memory_bandwidth_gbs: Double
    let weight_bytes_per_token: Int
    let cache_bytes: Int
    let peak_memory_bytes: Int

    init(_ result: GenerationResult, precision: PrecisionOptions, batchSize: Int) {
        self.precision = precision.precision.rawValue
        cache_precision = precision.cachePrecision.rawValue
        batch_size = batchSize
        decode_tokens_per_second = result.decodeTokensPerSecond
        prompt_tokens_per_second = result.promptTokensPerSecond
        fraction_of_bandwidth = result.fractionOfBandwidth
        memory_bandwidth_gbs = result.readBandwidth / 1e9
        weight_bytes_per_token = result.weightBytes
        cache_bytes = result.cacheBytes
        peak_memory_bytes = result.peakMemoryBytes
    }

    var text: String {
        """
        \(precision): prompt \(decimal(prompt_tokens_per_second, 0)) tokens/s, generation \
        \(decimal(decode_tokens_per_second, 1)) tokens/s, which reads weights at \
        \(decimal(fraction_of_bandwidth * 100, 1))% of the \
        \(decimal(memory_bandwidth_gbs, 1)) GB/s that memory gives
        """
    }
}
