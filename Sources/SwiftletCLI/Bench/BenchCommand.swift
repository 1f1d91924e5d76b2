import ArgumentParser
import Benchmarks
import Swiftlet

/// `swiftlet bench`: how much of this machine the kernels and the training step use.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure kernels, training and generation against this machine's limits.",
        subcommands: [BenchKernelsCommand.self, BenchTrainCommand.self, BenchGenerateCommand.self]
    )
}

/// `swiftlet bench kernels`.
struct BenchKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Measure each kernel as a fraction of the FMA peak or the memory bandwidth.",
        discussion: """
            Example:
              swiftlet bench kernels --only matmul --rows 64 --rows 1024
            """
    )

    @Option(
        help: "Rows of the linear layers: batch size times sequence length. Repeatable.",
        in: .from(1, to: 1 << 30)
    )
    var rows: [Int] = [256]

    @Option(help: "Runs of each kernel; the fastest one is reported.", in: .from(1, to: 1_000_000))
    var runs = 10

    @Option(help: "Run only the kernels whose names start with this, such as matmul.")
    var only: ArgumentText = ""

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup
    var compute: ComputeOptions

    func run() throws {
        Signals.exitWhenInterrupted()
        let ops = try compute.makeOps()
        let limits = try MachineLimits(ops: ops)
        let benchmark = KernelBenchmark(ops: ops, runs: runs, prefix: only.string)
        var report = KernelReport(ops: ops, limits: limits)
        if !json { try Terminal.print(report.heading) }
        try benchmark.run(rows: rows) { result in
            if !json { try Terminal.print(KernelReport.line(result)) }
            report.append(result)
        }
        guard !report.kernels.isEmpty else {
            throw CommandError(.wrongUsage, "--only matches no kernel; leave it out to run all")
        }
        if json { try Terminal.printJSON(report) }
    }
}

/// `swiftlet bench train`.
struct BenchTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Time optimizer steps of a model on random tokens.",
        discussion: """
            Examples:
              swiftlet bench train --init d6 --batch-size 8 --sequence-length 128
              swiftlet bench train --sequence-length 256 \\
                --init llama2:layers=6,heads=6,channels=288,hidden=768,context=256
            """
    )

    @Option(name: .customLong("init"), help: "The size of the model, as train takes it.")
    var descriptor: ArgumentText = "gpt2"

    @Option(
        help: "Vocabulary size (default: that of --init, else GPT-2's 50,257 or Llama 2's 32,000).",
        in: .from(1)
    )
    var vocabularySize: Int?

    @Option(help: "Sequences per step.", in: .from(1, to: 1 << 20))
    var batchSize = 4

    @Option(help: "Tokens per sequence.", in: .from(1, to: 1 << 20))
    var sequenceLength = 64

    @Option(\.recomputation) var recompute
    @Option(\.precision) var precision

    @Option(help: "Steps to time; the median is reported.", in: .from(1, to: 1_000_000))
    var steps = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup
    var compute: ComputeOptions

    func run() throws {
        Signals.exitWhenInterrupted()
        let benchmark = TrainingBenchmark(
            configuration: try ModelDescriptor(descriptor.string)
                .configuration(vocabularySize: vocabularySize),
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            recomputation: recompute,
            precision: precision.elementType,
            steps: steps
        )
        let ops = try compute.makeOps()
        let result = try benchmark.run(ops: ops) { number, seconds in
            Terminal.writeError("step \(number)/\(steps): \(decimal(seconds * 1000, 1)) ms\n")
        }
        let report = TrainingReport(result, precision: precision.elementType)
        if json { try Terminal.printJSON(report) } else { try Terminal.print(report.text) }
    }
}
