// The flags of `train`, in the groups that its help shows, and the settings they make. The flag of
// a setting is declared by its property; its name, help, default and bounds are in the table of
// settings. TrainFlags.swift stores the flags in run.json.

import ArgumentParser
import Swiftlet

extension ResumePolicy: ExpressibleByArgument {}

/// Which sequences make a batch.
enum DataOrder: String, CaseIterable, ExpressibleByArgument {
    case llmc, random
}

/// Whether a document sees those before it in its sequence.
enum DocumentBorders: String, CaseIterable, ExpressibleByArgument {
    case joined, separate
}

/// What to train on.
struct DataOptions: ParsableArguments {
    @Option(help: "Token shards to train on; a pattern such as 'data/*_train*.bin'.")
    var trainData: FilePath?

    @Option(help: "Token shards to validate on.")
    var valData: FilePath?

    @Option(
        help: ArgumentHelp(
            """
            Conversations instead of --train-data, one per line: {"messages": [{"role": "user", \
            "content": "..."}, {"role": "assistant", "content": "..."}]}. Only what the assistant \
            says is learned, and no conversation sees another.
            """,
            valueName: "file.jsonl"
        )
    )
    var chat: FilePath?

    @Option(
        help: ArgumentHelp("Conversations to validate on.", valueName: "file.jsonl")
    )
    var valChat: FilePath?

    @Option(
        help: .template(
            """
            The chat template (default: the one in the model's files, else plain); it is saved \
            with the run, where chat finds it.
            """
        )
    )
    var template: ChatForm?

    @Option(
        help: """
            A text instead of --train-data: a file, or a directory of text files. Its tokens are \
            kept in the run directory; without --val-data, the first of them are held out for \
            validation.
            """
    )
    var text: FilePath?

    @Option(
        help: """
            The tokenizer for --text, --chat and samples; copied into the run directory (default: \
            that of the --init model, or the one that the shards were prepared with).
            """
    )
    var tokenizer: FilePath?

    @Option(
        help: """
            The order of the data: batches as in llm.c (llmc), or sequences that begin anywhere, \
            as in nanoGPT (random).
            """
    )
    var order = DataOrder.llmc

    @Option(
        help: """
            Whether the documents in a sequence see those before them (joined) or not (separate).
            """
    )
    var documents = DocumentBorders.joined

    @Flag(inversion: .prefixedNo, help: "With --order llmc: shuffle the data.")
    var shuffle = true

    @Flag(\.overfitsSingleBatch) var overfitSingleBatch

    func validate() throws {
        guard [trainData, text, chat].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("give the data as one of --train-data, --text and --chat")
        }
        for (name, path) in [("text", text), ("chat", chat), ("val-chat", valChat)]
        where path == "-" {
            throw ValidationError("--\(name) needs a file, because a resumed run reads it again")
        }
        if chat == nil {
            if valChat != nil { throw ValidationError("--val-chat is for --chat") }
            if template != nil { throw ValidationError("--template is for --chat") }
        }
        if valChat != nil && valData != nil {
            throw ValidationError("give either --val-data or --val-chat, not both")
        }
        if order == .random {
            if chat != nil {
                throw ValidationError("--order random cannot be used with --chat")
            }
            if !shuffle { throw ValidationError("--no-shuffle is for --order llmc") }
        }
    }
}

extension DataOptions {
    /// The manifest of the shards that these options name, if it is next to them.
    func manifest() throws -> ShardManifest.Found? {
        let patterns = [trainData, valData].compactMap(\.self)
        return try ShardManifest.find(
            besideShards: patterns.flatMap { try TokenLoader.shardPaths(matching: $0) }
        )
    }
}

/// How much data a step takes.
struct BatchOptions: ParsableArguments {
    @Option(\.batchSize) var batchSize
    @Option(\.sequenceLength) var sequenceLength: Int?
    @Option(\.totalBatchTokens) var totalBatchTokens: Int?
    @Option(\.schedule.totalSteps) var steps: Int?
    @Option(\.recomputation) var recompute
    @Option(\.precision) var precision
}

/// How the processes of one run divide the work.
struct ProcessOptions: ParsableArguments {
    @Option(
        help: """
            What the processes that mpirun starts divide among themselves, rather than each \
            keeping all of it: nothing (0), or AdamW's moments (1).
            """,
        in: .from(0, to: 1)
    )
    var zeroStage = 0

    @Option(help: "The precision of the gradients that processes exchange.")
    var gradientPrecision = TrainingPrecision(elementType: .float32)

    /// The options in the library's form.
    var parallel: DataParallel {
        DataParallel(
            shardsOptimizer: zeroStage == 1,
            gradientType: gradientPrecision.elementType
        )
    }
}

/// How a step changes the weights.
struct OptimizerOptions: ParsableArguments {
    @Option(\.optimizerKind) var optimizer
    @Option(\.schedule.peak) var learningRate
    @Option(\.schedule.shape) var schedule
    @Option(\.schedule.warmupSteps) var warmupSteps
    @Option(\.schedule.finalFraction) var finalLearningRateFraction
    @Option(\.optimizer.weightDecay) var weightDecay
    @Option(\.dropout) var dropout
    @Option(\.optimizer.beta1) var beta1
    @Option(\.optimizer.beta2) var beta2
    @Option(\.optimizer.epsilon) var epsilon
    @Option(\.optimizer.gradientClip) var gradClip
    @Option(\.skipLossZScore) var skipLossZScore
    @Option(\.skipNormZScore) var skipNormZScore
}

/// What happens between steps.
struct IntervalOptions: ParsableArguments {
    @Option(\.validationInterval) var valEvery
    @Option(\.validationBatches) var valBatches
    @Option(\.sampleInterval) var sampleEvery

    @Option(help: "Tokens per sample.", in: .from(1))
    var sampleTokens = 64

    @Option(
        help: """
            The text that samples continue (default: none, so that they start a new one); with \
            --chat, the message that they answer.
            """
    )
    var samplePrompt: ArgumentText?

    @Option(
        name: .customLong("hellaswag"),
        help: "HellaSwag questions: llm.c's evaluation shard, or the published .jsonl file."
    )
    var hellaSwag: FilePath?

    @Option(\.hellaSwagInterval) var hellaSwagEvery
    @Option(\.checkpointInterval) var checkpointEvery
    @Option(\.keepLast) var keepLast
    @Option(\.keepEvery) var keepEvery

    @Flag(
        name: .customLong("tensorboard"),
        help: """
            Also write the measurements to an event file in the run directory, for TensorBoard.
            """
    )
    var tensorBoard = false

    func validate() throws {
        if hellaSwagEvery > 0 && hellaSwag == nil {
            throw ValidationError("--hellaswag-every needs --hellaswag, the questions")
        }
    }
}

/// What to do with a run in the output directory.
struct ResumeOptions: ParsableArguments {
    @Option(help: "Whether to resume a run in the output directory (auto) or to refuse it (never).")
    var resume = ResumePolicy.auto

    @Flag(help: "Resume even if settings or data differ from the run's; the new ones then apply.")
    var allowChanges = false

    @Flag(help: "Replace an existing run in the output directory.")
    var overwrite = false

    @Option(help: "Take flags from a run's run.json; those on the command line take precedence.")
    var config: FilePath?
}

extension TrainCommand {
    /// Changes settings to those that the options give, but for what depends on model and data.
    func apply(to settings: inout TrainingSettings) {
        settings.batchSize = batch.batchSize
        settings.recomputation = batch.recompute
        settings.precision = batch.precision.elementType
        settings.optimizerKind = optimizer.optimizer
        settings.schedule.peak = optimizer.learningRate
        settings.schedule.shape = optimizer.schedule
        settings.schedule.warmupSteps = optimizer.warmupSteps
        settings.schedule.finalFraction = optimizer.finalLearningRateFraction
        settings.optimizer.weightDecay = optimizer.weightDecay
        settings.dropout = optimizer.dropout
        settings.optimizer.beta1 = optimizer.beta1
        settings.optimizer.beta2 = optimizer.beta2
        settings.optimizer.epsilon = optimizer.epsilon
        settings.optimizer.gradientClip = optimizer.gradClip
        settings.skipLossZScore = optimizer.skipLossZScore
        settings.skipNormZScore = optimizer.skipNormZScore
        settings.validationInterval = intervals.valEvery
        settings.validationBatches = intervals.valBatches
        settings.sampleInterval = intervals.sampleEvery
        settings.hellaSwagInterval = intervals.hellaSwagEvery
        settings.checkpointInterval = intervals.checkpointEvery
        settings.keepLast = intervals.keepLast
        settings.keepEvery = intervals.keepEvery
        settings.overfitsSingleBatch = data.overfitSingleBatch
        settings.seed = seed
    }
}
