import ArgumentParser
import Swiftlet

/// `swiftlet fetch`: published models and data, the only command that uses the network.
struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Download models and data that others have published.",
        discussion: """
            What broke off, or was ended with Ctrl-C, goes on when the command is run again. A \
            file takes its name once it is whole and verified; one that is there is not \
            downloaded again.

              gpt2, gpt2-medium,     OpenAI's GPT-2 of 124, 355, 774 and 1,558 million
              gpt2-large, gpt2-xl    parameters: Hugging Face's directory
              smollm2-135m-instruct  a small model to chat with: Hugging Face's directory
              tinyllama-chat         a larger one: Hugging Face's directory
              stories15M, stories42M, stories110M
                                     llama2.c's models that tell stories
              gpt2-llmc              GPT-2 124M in llm.c's own format
              tinyshakespeare        Shakespeare in GPT-2's tokens
              hellaswag              questions to evaluate a model with

            Weights are verified by their header, and by the SHA-256 that Hugging Face's server \
            announces.

            Examples:
              swiftlet fetch smollm2-135m-instruct
              swiftlet fetch gpt2
              swiftlet fetch tinyshakespeare
            """
    )

    @Argument(
        help: ArgumentHelp(
            "What to download: \(FetchName.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "name"
        ),
        completion: .list(FetchName.allCases.map(\.rawValue)),
        transform: FetchName.named
    )
    var name: FetchName

    @Option(
        help: """
            The directory for the files, which is made if it is missing (default: \
            checkpoints/NAME for models, data/NAME for data).
            """
    )
    var output: FilePath?

    @Option(
        name: .customLong("base-url"),
        help: """
            Where the files are: this address, a slash, and a file's name (default: where they are \
            published).
            """
    )
    var baseURL: ArgumentText?

    @Option(help: "The numbers of gpt2-llmc's weights (default: float32).")
    var precision: FetchPrecision?

    @Flag(
        help: "With gpt2-llmc, the batch with expected gradients that implementations are held to."
    )
    var debugState = false

    @Flag(help: "Download files that are there, too, and replace them.")
    var overwrite = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if name != .gpt2LLMC && (precision != nil || debugState) {
            throw ValidationError("--precision and --debug-state are for gpt2-llmc alone")
        }
    }

    func run() throws {
        let files = name.files(
            bfloat16: precision?.elementType == .bfloat16,
            debugState: debugState
        )
        let directory = output ?? name.directory
        let downloader = try Downloader(baseURL: baseURL?.string)
        Signals.catchInterruption()
        Signals.ignoreClosedConnections()
        let line = ProgressLine()
        defer { line.finish() }
        var report = FetchReport()
        for file in files {
            let result = try downloader.fetch(file, into: directory, overwrite: overwrite) {
                progress in
                if Signals.isInterrupted { throw ExitStatus.interrupted }
                line.show("\(file.name): \(Self.text(progress))")
            }
            line.finish()
            guard let entry = FetchReport.File(directory.appending(file.name), result) else {
                continue
            }
            report.files.append(entry)
            if !json { try Terminal.print(entry.text) }
        }
        if json { try Terminal.printJSON(report) }
    }

    private static func text(_ progress: Downloader.Progress) -> String {
        let bytes = byteProgress(progress.received, of: progress.total)
        guard progress.bytesPerSecond > 0 else { return bytes }
        let left = progress.timeLeft.map { ", \(timeText($0)) left" } ?? ""
        return "\(bytes), \(decimal(progress.bytesPerSecond / 1e6, 1)) MB/s\(left)"
    }
}

/// The numbers of a model's weights.
struct FetchPrecision: ElementTypeArgument {
    static let choices = ElementType.floatTypes
    let elementType: ElementType
}

/// What is there now: `fetch --json` prints it.
private struct FetchReport: Encodable {
    struct File: Encodable {
        let path: ReportedPath
        let bytes: Int
        /// Whether it was there before.
        let alreadyHere: Bool
        /// Bytes that an earlier run had left.
        let resumedAt: Int

        init?(_ path: FilePath, _ result: Downloader.Result) {
            self.path = ReportedPath(path)
            switch result {
            case .downloaded(let byteCount, let offset):
                (bytes, alreadyHere, resumedAt) = (byteCount, false, offset)
            case .alreadyThere(let byteCount):
                (bytes, alreadyHere, resumedAt) = (byteCount, true, 0)
            case .notPublished:
                return nil
            }
        }

        var text: String {
            let state = alreadyHere ? "already here" : "downloaded and verified"
            let resumed = resumedAt > 0 ? ", from \(resumedAt.formattedAsBytes) on" : ""
            return "\(path): \(bytes.formattedAsBytes), \(state)\(resumed)"
        }
    }

    var files: [File] = []
}
