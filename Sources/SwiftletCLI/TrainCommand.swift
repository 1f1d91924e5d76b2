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

    @Option(help: "Threads (default: physical cores available).")
    var threads: Int?

    @Option(help: "Decides the random weights and samples.")
    var seed: UInt64 = 42

    private static let sizes =
        GPT2Configuration.named.map(\.name).joined(separator: ", ")
        + " or layers=4,heads=4,channels=128,context=256"

    func run() throws {
        let ops = try Ops(threadCount: threads)
        let vocabulary = try tokenizer.map { try Vocabulary(llmcFile: FilePath($0)) }
        let model = try makeModel(vocabularySize: vocabulary?.count, ops: ops)
        let configuration = model.configuration
        let sequenceLength = batch.sequenceLength ?? min(1024, configuration.contextLength)

        func loader(_ pattern: String, shuffled: Bool) throws -> TokenLoader {
            try TokenLoader(
                matching: pattern,
                batchSize: batch.batchSize,
                sequenceLength: sequenceLength,
                shuffled: shuffled,
                vocabularySize: configuration.vocabularySize
            )
        }
        let training = try loader(trainData, shuffled: shuffle)
        let validation = try valData.map { try loader($0, shuffled: false) }
        let settings = settings(sequenceLength: sequenceLength, samples: training.samplesPerEpoch)
        let trainer = try Trainer(model: model, settings: settings, loader: training, ops: ops)
        let run = try TrainingRun(
            trainer,
            validation: validation,
            directory: RunDirectory(FilePath(output)),
            overwrite: overwrite
        )
        let display = TrainingDisplay(totalSteps: settings.schedule.totalSteps)
        defer { display.finish() }
        try run.run { display.show($0) }
    }

    private func makeModel(vocabularySize: Int?, ops: Ops) throws -> GPT2 {
        guard GPT2Configuration.isDescriptor(initialization) else {
            return try GPT2(llmcCheckpoint: FilePath(initialization), ops: ops)
        }
        let configuration = try GPT2Configuration(
            descriptor: initialization,
            vocabularySize: vocabularySize ?? GPT2Configuration.gpt2VocabularySize
        )
        var generator = MersenneTwister(seed: seed)
        return try GPT2(randomWeights: configuration, using: &generator, ops: ops)
    }

    private func settings(sequenceLength: Int, samples: Int) -> TrainingSettings {
        let accumulation = max(
            (batch.totalBatchTokens ?? 0) / (batch.batchSize * sequenceLength),
            1
        )
        var settings = TrainingSettings(
            batchSize: batch.batchSize,
            sequenceLength: sequenceLength,
            totalBatchTokens: batch.totalBatchTokens,
            schedule: optimizer.schedule(steps: batch.steps ?? samples / accumulation)
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
