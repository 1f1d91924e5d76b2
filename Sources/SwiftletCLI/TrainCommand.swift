import ArgumentParser
import Swiftlet

/// `swiftlet train`: parses, builds the objects of a run, and draws its events.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a GPT-2 from token shards, from scratch or from a checkpoint.",
        discussion: """
            Example:
              swiftlet train --init layers=4,heads=4,channels=128,context=256 \\
                --train-data 'data/*_train*.bin' --val-data 'data/*_val*.bin' \\
                --steps 500 --output runs/first
            """
    )

    @Option(name: .customLong("init"), help: "A size (\(sizes)) or an llm.c checkpoint.")
    var initialization: String

    @Option(help: "Token shards to learn from; a pattern such as 'data/*_train*.bin'.")
    var trainData: String

    @Option(help: "Token shards to validate on.")
    var valData: String?

    @Option(help: "The run directory.")
    var output: String

    @Option(help: "A tokenizer, needed only for samples; copied into the run directory.")
    var tokenizer: String?

    @Flag(inversion: .prefixedNo, help: "Shuffle the data, in llm.c's order.")
    var shuffle = true

    @Flag(help: "Replace a run that is in the output directory.")
    var overwrite = false

    @OptionGroup(title: "Batches and steps")
    var batch: BatchOptions

    @OptionGroup(title: "Optimiser")
    var optimizer: OptimizerOptions

    @OptionGroup(title: "Between steps")
    var intervals: IntervalOptions

    @Option(help: "Decides the random weights and the samples.")
    var seed: UInt64 = 42

    @OptionGroup
    var compute: ComputeOptions

    private static let sizes =
        GPT2Configuration.named.map(\.name).joined(separator: ", ")
        + " or layers=4,heads=4,channels=128,context=256"

    func validate() throws {
        if intervals.sampleEvery > 0 && tokenizer == nil {
            throw ValidationError("--sample-every needs --tokenizer, to turn tokens into text")
        }
        if batch.batchSize < 1 || (batch.sequenceLength ?? 1) < 1 || (batch.steps ?? 0) < 0 {
            throw ValidationError(
                "--batch-size and --sequence-length must be at least 1, and --steps at least 0"
            )
        }
        if output.isEmpty { throw ValidationError("--output needs the name of a directory") }
        if intervals.sampleTokens < 1 {
            throw ValidationError("--sample-tokens must be at least 1")
        }
    }

    func run() throws {
        let ops = try compute.makeOps()
        let tokenizer = try tokenizer.map {
            try BytePairTokenizer(contentsOf: TokenizerFile.checked(FilePath($0)))
        }
        let model = try makeModel(vocabularySize: tokenizer?.vocabularySize, ops: ops)
        let sample = try tokenizer.map { try makeSampler(model, $0) }
        let sequenceLength =
            batch.sequenceLength
            ?? min(GPT2Configuration.gpt2ContextLength, model.configuration.contextLength)
        let training = try loader(trainData, model, sequenceLength, shuffled: shuffle)
        let validation = try valData.map {
            try loader($0, model, sequenceLength, shuffled: false)
        }
        let settings = try settings(sequenceLength: sequenceLength, data: training)
        let trainer = try Trainer(model: model, settings: settings, loader: training, ops: ops)
        let directory = RunDirectory(FilePath(output))
        let run = try TrainingRun(
            trainer,
            validation: validation,
            directory: directory,
            overwrite: overwrite,
            sample: sample
        )
        try tokenizer?.save(in: directory.path)
        describe(model, settings, training)

        Signals.catchInterruption()
        let display = TrainingDisplay(totalSteps: settings.schedule.totalSteps)
        defer { display.finish() }
        try run.run(until: { Signals.isInterrupted }, report: { display.show($0) })
        if Signals.isInterrupted { throw ExitStatus.interrupted }
    }

    private func makeModel(vocabularySize: Int?, ops: Ops) throws -> GPT2 {
        guard GPT2Configuration.isDescriptor(initialization) else {
            let path = FilePath(initialization)
            let isRun = try FileKind.require(.model, .runDirectory, at: path) == .runDirectory
            return try GPT2(
                llmcCheckpoint: isRun ? RunDirectory(path).modelPath(.latest) : path,
                ops: ops
            )
        }
        let configuration = try GPT2Configuration(
            descriptor: initialization,
            vocabularySize: vocabularySize ?? GPT2Configuration.gpt2VocabularySize
        )
        var generator = MersenneTwister(seed: seed)
        return try GPT2(randomWeights: configuration, using: &generator, ops: ops)
    }

    /// Draws a text from the model as it is at the time.
    private func makeSampler(
        _ model: GPT2,
        _ tokenizer: BytePairTokenizer
    ) throws -> () throws -> String {
        let generator = try TextGenerator(model, vocabulary: tokenizer.vocabulary)
        let prompt = intervals.samplePrompt ?? ""
        let options = GenerationOptions(
            maxTokens: intervals.sampleTokens,
            sampling: try SamplingOptions()
        )
        return {
            var stream = try generator.stream(
                prompt: tokenizer.encode(prompt, endOfTextMarker: .token),
                options: options,
                seed: seed
            )
            while try stream.next() != nil {}
            return prompt + stream.text
        }
    }

    private func loader(
        _ pattern: String,
        _ model: GPT2,
        _ sequenceLength: Int,
        shuffled: Bool
    ) throws -> TokenLoader {
        try TokenLoader(
            matching: pattern,
            batchSize: batch.batchSize,
            sequenceLength: sequenceLength,
            shuffled: shuffled,
            vocabularySize: model.configuration.vocabularySize
        )
    }

    /// Says what is about to happen.
    private func describe(_ model: GPT2, _ settings: TrainingSettings, _ loader: TokenLoader) {
        let configuration = model.configuration
        let parameters = configuration.unpaddedParameterCount.grouped
        Terminal.diagnose(
            "GPT-2 of \(parameters) parameters: \(configuration.layerCount) layers, "
                + "\(configuration.headCount) heads, \(configuration.channels) channels"
        )
        Terminal.diagnose(
            "\(settings.schedule.totalSteps) steps of \(settings.totalBatchTokens) tokens, "
                + "from \(loader.tokenCount.grouped) tokens in \(loader.shardPaths.count) "
                + (loader.shardPaths.count == 1 ? "shard" : "shards")
        )
    }

    private func settings(sequenceLength: Int, data: TokenLoader) throws -> TrainingSettings {
        let accumulation = max(
            (batch.totalBatchTokens ?? 0) / (batch.batchSize * sequenceLength),
            1
        )
        let stepsPerEpoch = data.samplesPerEpoch / accumulation
        guard batch.steps != nil || stepsPerEpoch > 0 else {
            throw CommandError(
                .wrongUsage,
                "one epoch of \(data.tokenCount) tokens is shorter than a step; give the number of "
                    + "--steps, or smaller --total-batch-tokens"
            )
        }
        var settings = TrainingSettings(
            batchSize: batch.batchSize,
            sequenceLength: sequenceLength,
            totalBatchTokens: batch.totalBatchTokens,
            schedule: optimizer.schedule(steps: batch.steps ?? stepsPerEpoch)
        )
        settings.optimizer = optimizer.settings
        settings.recomputation = batch.recompute
        settings.validationInterval = intervals.valEvery
        settings.validationBatches = intervals.valBatches
        settings.checkpointInterval = intervals.checkpointEvery
        settings.sampleInterval = intervals.sampleEvery
        return settings
    }
}
