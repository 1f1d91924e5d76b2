import ArgumentParser
import Swiftlet

/// `swiftlet prepare`: text to token shards.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Make token shards to train on, of any amount of text.",
        discussion: """
            Writes NAME_train.bin and NAME_val.bin, or NAME_train_000001.bin and so on with \
            --shard-tokens. They appear when all are complete, and beside them NAME_manifest.json: \
            which tokenizer made them, of how many tokens, and what of. train finds it there. \
            Before each document stands the token that the tokenizer's models begin texts with: \
            GPT-2's end of text, Llama's <s>.

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

    @Option(
        help: """
            A tokenizer: tokenizer.json, SentencePiece's tokenizer.model, llm.c's or llama2.c's \
            file, vocab.json beside merges.txt, a GGUF file, or a directory or model with any of \
            them.
            """
    )
    var tokenizer: FilePath

    @Option(help: "The directory of the shards, which is made if it is missing.")
    var output: FilePath = "."

    @Option(help: "How the shards' names begin (default: as the first input is called).")
    var name: ArgumentText?

    @Option(help: "Tokens for validation, the first of all; 0 makes no such shard.", in: .from(0))
    var validationTokens = 0

    @Option(help: "The most tokens of a shard to train on (default: all in one).", in: .from(1))
    var shardTokens: Int?

    @Flag(help: "Replace shards of this name.")
    var overwrite = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if let name, !name.string.utf8.elementsEqual(name.bytes) {
            throw ValidationError("--name must be UTF-8 text, as the names of shards are")
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

    /// What an input is called, without directories and the ending of its name.
    private static func name(of input: TextInput) -> String {
        input.path?.lastComponent?.stem ?? "text"
    }
}

/// What was made: `prepare --json` prints it.
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
