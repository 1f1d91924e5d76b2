// The flags of `train`, in the groups that its help shows, and the settings they make.
// TrainFlags.swift stores them in run.json.

import ArgumentParser
import Swiftlet

extension LearningRateSchedule.Shape: ExpressibleByArgument {}
extension OptimizerKind: ExpressibleByArgument {}
extension Recomputation: ExpressibleByArgument {}
extension ResumePolicy: ExpressibleByArgument {}

/// The precision to train in.
struct TrainingPrecision: ElementTypeArgument {
    static let choices = ElementType.floatTypes
    let elementType: ElementType
}

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
        help: ArgumentHelp(
            """
            The chat template (default: the one in the model's files, else plain); it is saved \
            with the run, where chat finds it.
            """,
            valueName: ChatForm.allCases.map(\.rawValue).joined(separator: "|")
        )
    )
    var template: ChatForm?

    @Option(
        help: """
            A text instead of --train-data: a file, or a directory of text files. Its tokens are \
            kept in the run directory, and without --val-data the first of them are held out.
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
            Batches in llm.c's order (llmc), or sequences that begin anywhere in the data, as in \
            nanoGPT (random).
            """
    )
    var order = DataOrder.llmc

    @Option(
        help: """
            Whether the documents in a sequence see those before them (joined) or not (separate).
            """
    )
    var documents = DocumentBorders.joined

    @Flag(inversion: .prefixedNo, help: "Shuffle the data, with --order llmc.")
    var shuffle = true

    @Flag(help: "Use the first step's data in every step: the loss should fall to almost nothing.")
    var overfitSingleBatch = false

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
    @Option(help: "Sequences per micro-batch.", in: .from(1, to: 1 << 20))
    var batchSize = 4

    @Option(
        help: "Tokens per sequence (default: 1024, or the model's context if shorter).",
        in: .from(1, to: 1 << 20)
    )
    var sequenceLength: Int?

    @Option(
        help: """
            Tokens per optimizer step: a multiple of batch size times sequence length, times the \
            number of processes if there are several (default: exactly that).
            """,
        in: .from(1)
    )
    var totalBatchTokens: Int?

    @Option(help: "Optimizer steps (default: one epoch).", in: .from(0, to: Int(Int32.max)))
    var steps: Int?

    @Option(help: "What the backward pass recomputes to save memory.")
    var recompute = Recomputation.none

    @Option(help: "The precision to train in.")
    var precision = TrainingPrecision(elementType: .float32)
}

/// How the processes of one run divide the work.
struct ProcessOptions: ParsableArguments {
    @Option(
        help: """
            What the processes started by mpirun split between them instead of each keeping all of \
            it: nothing (0), or AdamW's moments (1).
            """,
        in: .from(0, to: 1)
    )
    var zeroStage = 0

    @Option(help: "The precision in which processes exchange gradients.")
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
    @Option(
        help: """
            The optimizer: AdamW, or Muon for the matrices within blocks and AdamW for the rest.
            """
    )
    var optimizer = OptimizerKind.adamw

    @Option(help: "The peak learning rate.", in: .positive)
    var learningRate: Float = 3e-4

    @Option(help: "The learning rate schedule after the warmup.")
    var schedule = LearningRateSchedule.Shape.cosine

    @Option(help: "Steps over which the learning rate rises to its peak.", in: .from(0))
    var warmupSteps = 0

    @Option(help: "The final learning rate, as a fraction of the peak.", in: .fraction)
    var finalLearningRateFraction: Float = 0

    @Option(help: "Weight decay, on weight matrices only.", in: .notNegative)
    var weightDecay: Float = 0.1

    @Option(
        help: """
            The probability that training drops a number: of embeddings, of attention, and of the \
            outputs of attention and the MLP.
            """,
        in: .belowOne
    )
    var dropout: Float = 0

    @Option(help: "AdamW's decay rate for the first moment.", in: .belowOne)
    var beta1: Float = 0.9

    @Option(help: "AdamW's decay rate for the second moment.", in: .belowOne)
    var beta2: Float = 0.95

    @Option(help: "AdamW's epsilon.", in: .positive)
    var epsilon: Float = 1e-8

    @Option(help: "The largest norm of the gradients; 0 is no limit.", in: .notNegativeOrInfinite)
    var gradClip: Float = 1

    @Option(
        name: .customLong("skip-loss-zscore"),
        help: "Skip an update whose loss is this many deviations above the last 128; 0 never does.",
        in: .notNegativeOrInfinite
    )
    var skipLossZScore = 0.0

    @Option(
        name: .customLong("skip-norm-zscore"),
        help: "Skip an update whose gradient norm is this many deviations above; 0 never does.",
        in: .notNegativeOrInfinite
    )
    var skipNormZScore = 0.0

    /// The optimizer's rates in the library's form.
    var settings: AdamW.Settings {
        var settings = AdamW.Settings()
        settings.beta1 = beta1
        settings.beta2 = beta2
        settings.epsilon = epsilon
        settings.weightDecay = weightDecay
        settings.gradientClip = gradClip
        return settings
    }

    /// The learning rate schedule of a run of `steps` steps.
    func schedule(steps: Int) -> LearningRateSchedule {
        LearningRateSchedule(
            shape: schedule,
            peak: learningRate,
            warmupSteps: warmupSteps,
            finalFraction: finalLearningRateFraction,
            totalSteps: steps
        )
    }
}

/// What happens between steps.
struct IntervalOptions: ParsableArguments {
    @Option(help: "Steps between validations; 0 is never.", in: .from(0))
    var valEvery = 250

    @Option(help: "Batches per validation; 0 is all.", in: .from(0))
    var valBatches = 20

    @Option(help: "Steps between samples; 0 is never.", in: .from(0))
    var sampleEvery = 0

    @Option(help: "Tokens per sample.", in: .from(1))
    var sampleTokens = 64

    @Option(
        help: """
            The text that samples continue (default: they start a new one); with --chat, the \
            message that they reply to.
            """
    )
    var samplePrompt: ArgumentText?

    @Option(
        name: .customLong("hellaswag"),
        help: "HellaSwag questions: the .jsonl file, or llm.c's shard."
    )
    var hellaSwag: FilePath?

    @Option(
        name: .customLong("hellaswag-every"),
        help: "Steps between HellaSwag evaluations; 0 is never.",
        in: .from(0)
    )
    var hellaSwagEvery = 0

    @Option(
        help: """
            Steps between checkpoints; one more is written at the end, and at every best \
            validation so far. 0 is never, not even for the best.
            """,
        in: .from(0)
    )
    var checkpointEvery = 1000

    @Option(help: "How many of the newest checkpoints to keep, besides the best.", in: .from(1))
    var keepLast = 2

    @Option(
        help: "Keep the checkpoints of all multiples of this many steps forever; 0 is none.",
        in: .from(0)
    )
    var keepEvery = 0

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
    @Option(help: "Resume a run in the output directory (auto) or refuse it (never).")
    var resume = ResumePolicy.auto

    @Flag(help: "Resume even if settings or data differ from the run's; the new ones then apply.")
    var allowChanges = false

    @Flag(help: "Replace an existing run in the output directory.")
    var overwrite = false

    @Option(help: "Take flags from a run's run.json; those on the command line take precedence.")
    var config: FilePath?
}
