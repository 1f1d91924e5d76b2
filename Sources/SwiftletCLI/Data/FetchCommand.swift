import ArgumentParser
import Swiftlet

/// `swiftlet fetch`: published models and data, the only command that uses the network.
struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Download published models and data.",
        discussion: """
            A download that broke off, or that you stopped with Ctrl-C, resumes when you run the \
            command again. A file gets its final name once it is complete and verified; files that \
            are already there are not downloaded again.

              gpt2, gpt2-medium,     OpenAI's GPT-2 of 124, 355, 774 and 1,558 million
              gpt2-large, gpt2-xl    parameters, as a Hugging Face directory
              smollm2-135m-instruct  a small chat model, as a Hugging Face directory
              tinyllama-chat         a larger chat model, as a Hugging Face directory
              stories15M, stories42M, stories110M
                                     llama2.c's models, which write stories
              gpt2-llmc              GPT-2 124M in llm.c's own format
              tinyshakespeare        Shakespeare as GPT-2 tokens
              hellaswag              questions to evaluate a model with

            Weights are checked against their header and against the SHA-256 that Hugging Face's \
            server states.

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
            The directory for the files, created if it is missing (default: \
            checkpoints/NAME for models, data/NAME for data).
            """
    )
    var output: FilePath?

    @Option(
        name: .customLong("base-url"),
        help: """
            The address to download from; a slash and the name of the file are added to it \
            (default: where the file is published).
            """
    )
    var baseURL: ArgumentText?

    @Option(help: "The precision of gpt2-llmc's weights (default: float32).")
    var precision: FetchPrecision?

    @Flag(
        help: """
            With gpt2-llmc: also download the batch and the gradients that implementations are \
            tested against.
            """
    )
    var debugState = false

    @Flag(help: "Download existing files again and replace them.")
    var overwrite = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if name != .gpt2LLMC && (precision != nil || debugState) {
            throw ValidationError("--precision and --debug-state are for gpt2-llmc only")
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

/// The precision of a model's weights.
struct FetchPrecision: ElementTypeArgument {
    static let choices = ElementType.floatTypes
    let elementType: ElementType
}

/// The file that is there now; the keys of `fetch --json`.
private struct FetchReport: Encodable {
    struct File: Encodable {
        let path: ReportedPath
        let bytes: Int
        /// Whether it was there before.
        let alreadyHere: Bool
        /// Bytes left by an earlier run.
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
            let resumed = resumedAt > 0 ? ", resumed at \(resumedAt.formattedAsBytes)" : ""
            return "\(path): \(bytes.formattedAsBytes), \(state)\(resumed)"
        }
    }

    var files: [File] = []
}
