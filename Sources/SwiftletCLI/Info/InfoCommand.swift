import ArgumentParser
import Swiftlet

/// `swiftlet info`: what a file holds, or what this machine offers.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a file or a directory holds, or what this machine offers.",
        discussion: """
            Models and tokenizers in every format, the directories of training runs, token shards \
            and llm.c's debug states are all recognized by their content. Only the headers of \
            models and shards are read, so large files take no time.

            For a model, info also shows what the parameters are for, and how much memory training \
            would take, as train computes it for the same batch. In the JSON object, parts lists \
            what the parameters are for, each with part, parameters and share (a fraction of \
            1), and training holds the memory: batch_size, sequence_length, precision, recompute, \
            weights_bytes, rounded_weights_bytes, gradients_bytes, moments_bytes, \
            activations_bytes and total_bytes.

            Examples:
              swiftlet info checkpoints/gpt2
              swiftlet info checkpoints/smollm2-135m-instruct
              swiftlet info checkpoints/quickstart/run --json
              swiftlet info --machine
            """
    )

    @Argument(help: "A file, or the directory of a model or of a training run.")
    var file: FilePath?

    @Flag(help: "Show the processor, instruction sets, threads, OpenMP and MPI.")
    var machine = false

    @Option(help: CheckpointSelection.help)
    var checkpoint: CheckpointSelection?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Training")
    var training: TrainingShapeOptions

    func validate() throws {
        if (file == nil) != machine {
            throw ValidationError("give either a file or --machine")
        }
        if machine && training.isGiven {
            throw ValidationError("the training options describe a model and are not for --machine")
        }
    }

    func run() throws {
        let report: any InfoReport =
            if let file { try report(on: file) } else { try MachineInfo() }
        try json ? Terminal.printJSON(report) : Terminal.print(report.text)
    }

    private func report(on path: FilePath) throws -> any InfoReport {
        let kind = try FileKind(of: path)
        let isModel = kind == .runDirectory || ModelSource.mayBeModel(path, kind)
        if training.isGiven && !isModel {
            throw UnexpectedFileError(path: path, expected: FileKind.models, found: kind)
        }
        switch kind {
        case .runDirectory: return try RunInfo(RunDirectory(path), checkpoint, training)
        case .tokenizer, .sentencePiece: return try TokenizerInfo(path)
        case .tokenShard: return try TokenShardInfo(path)
        case .debugState: return try DebugStateInfo(path)
        case _ where ModelSource.mayBeModel(path, kind):
            return try ModelInfo(ModelSource(path, checkpoint: checkpoint), training)
        default:
            if kind == .json, let tokenizer = try? TokenizerInfo(path) { return tokenizer }
            throw UnexpectedFileError(
                path: path,
                expected: FileKind.models + [.tokenizer, .sentencePiece, .tokenShard, .debugState],
                found: kind
            )
        }
    }
}

/// Facts in two forms: encoded for programs, as text for people.
protocol InfoReport: Encodable {
    var text: String { get }
}
