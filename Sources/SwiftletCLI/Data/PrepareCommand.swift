import ArgumentParser
import Swiftlet

/// `swiftlet prepare`: turns text into token shards.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Turn any amount of text into token shards to train on.",
        discussion: """
            Writes NAME_train.bin and NAME_val.bin, or NAME_train_000001.bin and so on with \
            --shard-tokens. The files appear once all of them are complete, together with \
            NAME_manifest.json, which records the tokenizer, the size of its vocabulary and the \
            sources, and which train reads. Each document starts with the token that starts a \
            text for this tokenizer: GPT-2's end of text, Llama's <s>.

            Examples:
              swiftlet prepare checkpoints/quickstart/stories.txt --split marker \\
                --tokenizer checkpoints/gpt2 \\
                --validation-tokens 20000 --output shards --name stories
              swiftlet stories --bytes 10000000 --seed 2 | swiftlet prepare - \\
                --split marker --tokenizer checkpoints/quickstart/tokenizer.bin \\
                --output shards --name more --shard-tokens 1000000
            """
    )

    @OptionGroup(title: "Text")
    var text: TextOptions

    @Option(help: .anyTokenizer)
    var tokenizer: FilePath

    @Option(help: "The directory for the shards, created if it is missing.")
    var output: FilePath = "."

    @Option(help: "The prefix of the shards' names (default: the name of the first input).")
    var name: ArgumentText?

    @Option(
        help: "Tokens to hold out for validation, from the start; 0 holds out none.",
        in: .from(0)
    )
    var validationTokens = 0

    @Option(help: "The most tokens in a training shard (default: one shard for all).", in: .from(1))
    var shardTokens: Int?

    @Flag(help: "Replace the shards of this name if they exist.")
    var overwrite = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if let name, !name.string.utf8.elementsEqual(name.bytes) {
            throw ValidationError("--name must be UTF-8 text")
        }
    }

    func run() throws {
        let threads = compute.threadCount()
        let passedOver = PassedOverEntries()
        let documents = try text.documents(passedOver)
        let source = try TokenizerSource(tokenizer)
        let path = source.path
        let tokenizer = try source.tokenizer()
        compute.note(
            "\(counted(threads, "thread")), \(tokenizer.vocabularySize.grouped) tokens in '\(path)'"
        )

        var settings = ShardSettings(
            directory: output,
            name: name?.string ?? documents.inputs.first.map(Self.name) ?? ""
        )
        settings.validationTokens = validationTokens
        settings.shardTokens = shardTokens
        settings.overwrite = overwrite
        settings.tokenizerPath = path

        Signals.catchInterruption()
        let line = ProgressLine()
        defer { line.finish() }
        let preparation = TextPreparation(documents, tokenizer: tokenizer, threads: threads)
        let result = try preparation.run(settings) { progress in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            line.show(
                "\(byteProgress(progress.byteCount, of: progress.totalByteCount)), "
                    + "\(groupedTokens(progress.tokenCount)), \(Self.speed(progress))"
            )
        }
        line.finish()
        try report(result)
        passedOver.report()
    }

    private func report(_ result: TextPreparation.Result) throws {
        if let first = result.emptyInputs.first {
            let more = result.emptyInputs.count - 1
            Terminal.diagnose("no text in '\(first.name)'" + (more > 0 ? " and \(more) more" : ""))
        }
        let report = PrepareReport(result)
        if json {
            try Terminal.printJSON(report)
        } else {
            var table = Table(.left, .right)
            for shard in report.shards {
                table.append("\(shard.path)", groupedTokens(shard.tokens))
            }
            try Terminal.print(table.text)
        }
        let documents = result.documentCount == 1 ? "document" : "documents"
        Terminal.diagnose(
            "\(result.documentCount.grouped) \(documents), \(report.bytes.formattedAsBytes) in "
                + "\(decimal(report.seconds, 2)) s, \(Self.speed(result.progress))"
        )
    }

    private static func speed(_ progress: TextPreparation.Progress) -> String {
        "\(decimal(progress.bytesPerSecond / 1e6, 1)) MB/s"
    }

    /// The name of an input, without directories and extension.
    private static func name(of input: TextInput) -> String {
        input.path?.lastComponent?.stem ?? "text"
    }
}

/// What was made; the keys of `prepare --json`.
private struct PrepareReport: Encodable {
    struct Shard: Encodable {
        let path: ReportedPath
        let tokens: Int
    }

    let shards: [Shard]
    let documents: Int
    let bytes: Int
    let tokens: Int
    let seconds: Double

    init(_ result: TextPreparation.Result) {
        shards = result.shards.map { Shard(path: ReportedPath($0.path), tokens: $0.tokenCount) }
        documents = result.documentCount
        bytes = result.progress.byteCount
        tokens = result.progress.tokenCount
        seconds = result.progress.duration / .seconds(1)
    }
}
