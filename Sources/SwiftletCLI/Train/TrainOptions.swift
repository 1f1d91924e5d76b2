// The flags of `train`, in the groups its help shows, and the settings they make. What run.json
// keeps of them is in TrainFlags.swift.

import ArgumentParser
import Swiftlet

extension LearningRateSchedule.Shape: ExpressibleByArgument {}
extension OptimizerKind: ExpressibleByArgument {}
extension Recomputation: ExpressibleByArgument {}
extension ResumePolicy: ExpressibleByArgument {}

/// What numbers training computes with.
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

/// What is learnt from.
struct DataOptions: ParsableArguments {
    @Option(help: "Token shards to learn from; a pattern such as 'data/*_train*.bin'.")
    var trainData: FilePath?

    @Option(help: "Token shards to validate on.")
    var valData: FilePath?

    @Option(
        help: ArgumentHelp(
            """
            Conversations instead of --train-data, one a line: {"messages": [{"role": "user", \
            "content": "..."}, {"role": "assistant", "content": "..."}]}. What the assistant says \
            is learnt, and no conversation sees another.
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
            The form of conversations (default: the one that the model's files say, else plain); \
            the run keeps it, so that chat knows it.
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
            A tokenizer, for --text, --chat and samples; copied into the run directory (default: \
            that of the model in --init, or the one that the shards were prepared with).
            """
    )
    var tokenizer: FilePath?

    @Option(
        help: """
            Batches in llm.c's order, or, random, sequences that begin anywhere in the data, as \
            nanoGPT's do.
            """
    )
    var order = DataOrder.llmc

    @Option(
        help: """
            Whether the documents in a sequence see those before them (joined), or begin anew \
            (separate).
            """
    )
    var documents = DocumentBorders.joined

    @Flag(inversion: .prefixedNo, help: "Shuffle the data, in llm.c's order.")
    var shuffle = true

    @Flag(help: "Learn from the first step's data in every step: the loss must fall to nothing.")
    var overfitSingleBatch = false

    func validate() throws {
        guard [trainData, text, chat].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("give the data as one of --train-data, --text and --chat")
        }
        for (name, path) in [("text", text), ("chat", chat), ("val-chat", valChat)]
        where path == "-" {
            throw ValidationError("--\(name) needs a file, as a resumed run reads it again")
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
                throw ValidationError("--order random is for tokens in a row, and not for --chat")
            }
            if !shuffle { throw ValidationError("--no-shuffle is for --order llmc") }
        }
    }
}

extension DataOptions {
    /// What made the shards that these options name, where it lies beside them.
    func manifest() throws -> ShardManifest.Found? {
        let patterns = [trainData, valData].compactMap(\.self)
        return try ShardManifest.find(
            besideShards: patterns.flatMap { try TokenLoader.shardPaths(matching: $0) }
        )
    }
}

/// How much data a step takes.
struct BatchOptions: ParsableArguments {
    @Option(help: "Sequences in a micro-batch.", in: .from(1, to: 1 << 20))
    var batchSize = 4

    @Option(
        help: "Tokens in a sequence (default: 1024, or the model's context if shorter).",
        in: .from(1, to: 1 << 20)
    )
    var sequenceLength: Int?

    @Option(
        help: """
            Tokens of an optimiser step: a multiple of batch size times length, and times the \
            number of processes where there are several (default: that).
            """,
        in: .from(1)
    )
    var totalBatchTokens: Int?

    @Option(help: "Optimiser steps (default: one epoch).", in: .from(0, to: Int(Int32.max)))
    var steps: Int?

    @Option(help: "What the backward pass computes again, to save memory.")
    var recompute = Recomputation.none

    @Option(help: "What numbers training computes with.")
    var precision = TrainingPrecision(elementType: .float32)
}

/// What the processes of one run leave to each other.
struct ProcessOptions: ParsableArguments {
    @Option(
        help: """
            What the processes that mpirun starts keep only once among them: nothing (0), or \
            AdamW's moments (1).
            """,
        in: .from(0, to: 1)
    )
    var zeroStage = 0

    @Option(help: "The numbers as which gradients travel between the processes.")
    var gradientPrecision = TrainingPrecision(elementType: .float32)

    /// As the library takes them.
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
            What updates the weights: AdamW, or Muon for the matrices within blocks and AdamW for \
            the rest.
            """
    )
    var optimizer = OptimizerKind.adamw

    @Option(help: "The peak learning rate.", in: .positive)
    var learningRate: Float = 3e-4

    @Option(help: "Its course after the warm-up.")
    var schedule = LearningRateSchedule.Shape.cosine

    @Option(help: "Steps over which the learning rate rises to its peak.", in: .from(0))
    var warmupSteps = 0

    @Option(help: "The last learning rate, as a fraction of the peak.", in: .fraction)
    var finalLearningRateFraction: Float = 0

    @Option(help: "Weight decay, on weight matrices only.", in: .notNegative)
    var weightDecay: Float = 0.1

    @Option(
        help: """
            How likely a number is dropped in training: of embeddings, of attention, and of what \
            attention and the MLP add.
            """,
        in: .belowOne
    )
    var dropout: Float = 0

    @Option(help: "AdamW's decay rate of the first moment.", in: .belowOne)
    var beta1: Float = 0.9

    @Option(help: "AdamW's decay rate of the second moment.", in: .belowOne)
    var beta2: Float = 0.95

    @Option(help: "AdamW's epsilon.", in: .positive)
    var epsilon: Float = 1e-8

    @Option(help: "The largest norm of the gradients; 0 is no limit.", in: .notNegativeOrInfinite)
    var gradClip: Float = 1

    @Option(
        name: .customLong("skip-loss-zscore"),
        help: "Skip an update whose loss is so many deviations above the last 128; 0 never.",
        in: .notNegativeOrInfinite
    )
    var skipLossZScore = 0.0

    @Option(
        name: .customLong("skip-norm-zscore"),
        help: "Skip an update whose gradient norm is so many deviations above them; 0 never.",
        in: .notNegativeOrInfinite
    )
    var skipNormZScore = 0.0

    /// The optimiser's rates as the library takes them.
    var settings: AdamW.Settings {
        var settings = AdamW.Settings()
        settings.beta1 = beta1
        settings.beta2 = beta2
        settings.epsilon = epsilon
        settings.weightDecay = weightDecay
        settings.gradientClip = gradClip
        return settings
    }

    /// The learning rate of a run of `steps` steps.
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

    @Option(help: "Batches of a validation; 0 is all.", in: .from(0))
    var valBatches = 20

    @Option(help: "Steps between samples; 0 is never.", in: .from(0))
    var sampleEvery = 0

    @Option(help: "Tokens of a sample.", in: .from(1))
    var sampleTokens = 64

    @Option(
        help: """
            What samples continue (default: they start a new text); with --chat, the message that \
            they reply to.
            """
    )
    var samplePrompt: ArgumentText?

    @Option(
        name: .customLong("hellaswag"),
        help: "Questions of HellaSwag: its .jsonl file, or llm.c's shard of it."
    )
    var hellaSwag: FilePath?

    @Option(
        name: .customLong("hellaswag-every"),
        help: "Steps between measurements of the accuracy on HellaSwag; 0 is never.",
        in: .from(0)
    )
    var hellaSwagEvery = 0

    @Option(
        help: """
            Steps between checkpoints, and one at the end; one more whenever a validation is the \
            best so far. 0 is never, not even for the best.
            """,
        in: .from(0)
    )
    var checkpointEvery = 1000

    @Option(help: "How many of the newest checkpoints are kept, besides the best.", in: .from(1))
    var keepLast = 2

    @Option(
        help: "Checkpoints of every multiple of so many steps are kept for ever; 0 is none.",
        in: .from(0)
    )
    var keepEvery = 0

    @Flag(
        name: .customLong("tensorboard"),
        help: """
            Write what is measured into an event file too, in the run directory, where \
            TensorBoard finds it.
            """
    )
    var tensorBoard = false

    func validate() throws {
        if hellaSwagEvery > 0 && hellaSwag == nil {
            throw ValidationError("--hellaswag-every needs --hellaswag, the questions")
        }
    }
}

/// What becomes of a run that is in the output directory.
struct ResumeOptions: ParsableArguments {
    @Option(help: "A run that is in the output directory goes on (auto) or is refused (never).")
    var resume = ResumePolicy.auto

    @Flag(help: "Go on although settings or data differ from the run's; the new ones then hold.")
    var allowChanges = false

    @Flag(help: "Replace a run that is in the output directory.")
    var overwrite = false

    @Option(help: "Take flags from a run's run.json; those on the command line win.")
    var config: FilePath?
}
