import ArgumentParser
import Swiftlet

/// `swiftlet fetch`: published models and data, the only command that uses the network.
struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Download GPT-2, tokens of Shakespeare, or HellaSwag: llm.c's starter pack.",
        discussion: """
            What broke off, or was ended with Ctrl-C, goes on when the command is run again. A \
            file takes its name once it is whole and verified; one that is there is not \
            downloaded again.

              gpt2             gpt2_124M.bin, gpt2_tokenizer.bin
              tinyshakespeare  tiny_shakespeare_train.bin and _val.bin, gpt2_tokenizer.bin
              hellaswag        hellaswag_val.bin

            Examples:
              swiftlet fetch tinyshakespeare
              swiftlet fetch gpt2
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
            checkpoints/gpt2, data/tinyshakespeare or data/hellaswag).
            """
    )
    var output: FilePath?

    @Option(
        name: .customLong("base-url"),
        help: "Where the files are: this address, a slash, and a file's name."
    )
    var baseURL = ArgumentText(stringLiteral: StarterPack.baseURL)

    @Option(help: "The numbers of gpt2's weights (default: float32).")
    var precision: FetchPrecision?

    @Flag(help: "With gpt2, the batch with expected gradients that implementations are held to.")
    var debugState = false

    @Flag(help: "Download files that are there, too, and replace them.")
    var overwrite = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if name != .gpt2 && (precision != nil || debugState) {
            throw ValidationError("--precision and --debug-state are for gpt2 alone")
        }
    }

    func run() throws {
        let files = try files()
        let directory = output ?? name.directory
        let downloader = try Downloader(baseURL: baseURL.string)
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
            let entry = FetchReport.File(directory.appending(file.name), result)
            report.files.append(entry)
            if !json { try Terminal.print(entry.text) }
        }
        if json { try Terminal.printJSON(report) }
    }

    /// The files that belong to the name.
    private func files() throws -> [PublishedFile] {
        switch name {
        case .gpt2:
            let model: PublishedFile = precision?.elementType == .bfloat16 ? .gpt2BFloat16 : .gpt2
            return [.gpt2Tokenizer, model] + (debugState ? [.gpt2DebugState] : [])
        case .tinyshakespeare:
            return [.gpt2Tokenizer, .tinyShakespeareTrain, .tinyShakespeareVal]
        case .hellaswag:
            return [.hellaSwagVal]
        case .gpt2Medium, .gpt2Large, .gpt2XL:
            throw CommandError(
                .missingInput,
                "\(name.rawValue) is not in llm.c's starter pack, and Hugging Face's safetensors "
                    + "cannot be read yet; let llm.c's train_gpt2.py --model \(name.rawValue) "
                    + "--write_tensors 1 write it as a file that swiftlet reads, or fetch gpt2"
            )
        }
    }

    private static func text(_ progress: Downloader.Progress) -> String {
        let bytes = byteProgress(progress.received, of: progress.total)
        guard progress.bytesPerSecond > 0 else { return bytes }
        let left = progress.timeLeft.map { ", \(timeText($0)) left" } ?? ""
        return "\(bytes), \(decimal(progress.bytesPerSecond / 1e6, 1)) MB/s\(left)"
    }
}

/// What can be asked for.
enum FetchName: String, CaseIterable {
    case gpt2
    case gpt2Medium = "gpt2-medium"
    case gpt2Large = "gpt2-large"
    case gpt2XL = "gpt2-xl"
    case tinyshakespeare
    case hellaswag

    /// The case called `text`; the parser's own message for an enumeration has several lines.
    static func named(_ text: String) throws -> FetchName {
        if let name = FetchName(rawValue: text) { return name }
        let names = allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("there is no '\(text)' to fetch, only \(names)")
    }

    /// Where its files go unless told otherwise: models to checkpoints, data to data.
    var directory: FilePath {
        switch self {
        case .tinyshakespeare, .hellaswag: FilePath("data/\(rawValue)")
        default: FilePath("checkpoints/\(rawValue)")
        }
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

        init(_ path: FilePath, _ result: Downloader.Result) {
            self.path = ReportedPath(path)
            switch result {
            case .downloaded(let byteCount, let offset):
                (bytes, alreadyHere, resumedAt) = (byteCount, false, offset)
            case .alreadyThere(let byteCount):
                (bytes, alreadyHere, resumedAt) = (byteCount, true, 0)
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
