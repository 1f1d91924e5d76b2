import ArgumentParser
import Swiftlet

/// `swiftlet tokenizer train`.
struct TokenizerTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Learn a byte-level BPE tokenizer from text, with GPT-2's pre-tokenizer.",
        discussion: """
            The same text always gives the same tokenizer. The smallest vocabulary is 257 tokens: \
            the bytes and the end of text.

            Example:
              swiftlet tokenizer train checkpoints/quickstart/stories.txt \\
                --vocabulary-size 512 --output tokenizer.bin
            """
    )

    @OptionGroup(title: "Text")
    var text: TextOptions

    @Option(
        help: "The number of tokens, including the 256 bytes and the end of text.",
        in: .from(257, to: 1_000_000_000)
    )
    var vocabularySize: Int

    @Option(help: "The tokenizer file to write, in llm.c's format.")
    var output: FilePath

    @Option(
        help: ArgumentHelp(
            "Also write vocab.json and merges.txt to this directory.",
            valueName: "directory"
        )
    )
    var huggingface: FilePath?

    @Flag(help: "Replace the files if they exist.")
    var overwrite = false

    @OptionGroup
    var compute: ComputeOptions

    /// Enough for every thread to have some of it.
    private static let chunkByteCount = 4 << 20

    func run() throws {
        let threads = compute.threadCount()
        var trainer: BytePairTrainer
        do {
            trainer = try BytePairTrainer(vocabularySize: vocabularySize, threads: threads)
        } catch {
            throw CommandError(.wrongUsage, "--vocabulary-size: \(error)")
        }
        let passedOver = PassedOverEntries()
        var documents = try text.documents(passedOver)
        documents.chunkByteCount = Self.chunkByteCount
        try prepareOutputs()

        Signals.catchInterruption()
        let line = ProgressLine()
        defer { line.finish() }
        try read(documents, into: &trainer, line)
        let tokenizer = try trainer.train { progress in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            line.show(
                "\(progress.tokenCount.grouped) of \(progress.vocabularySize.grouped) tokens"
            )
        }
        line.finish()
        try write(tokenizer)
        passedOver.report()
    }

    private func read(
        _ documents: TextDocuments,
        into trainer: inout BytePairTrainer,
        _ line: ProgressLine
    ) throws {
        let total = documents.byteCount
        let emptyInputs = try documents.read { text, endsDocument, bytesRead in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            trainer.append(text)
            if endsDocument { trainer.endText() }
            line.show("reading: \(byteProgress(bytesRead, of: total))")
        }
        if emptyInputs.count == documents.inputs.count {
            throw PreparationError.noText(inputs: emptyInputs.map(\.name))
        }
    }

    /// Finds out what cannot be written before the work is done rather than after.
    private func prepareOutputs() throws {
        _ = try AtomicFile(output, overwrite: overwrite)
        guard let huggingface else { return }
        try FileSystem.createDirectory(huggingface)
        let (vocabulary, merges) = Self.files(in: huggingface)
        _ = try AtomicFile(vocabulary, overwrite: overwrite)
        _ = try AtomicFile(merges, overwrite: overwrite)
    }

    private func write(_ tokenizer: BytePairTokenizer) throws {
        try tokenizer.writeLLMCFile(to: output, overwrite: overwrite)
        var table = Table(.left, .right)
        table.append("\(output)", "\(tokenizer.vocabularySize.grouped) tokens")
        if let huggingface {
            let (vocabulary, merges) = Self.files(in: huggingface)
            try tokenizer.write(
                vocabularyFile: vocabulary,
                mergesFile: merges,
                overwrite: overwrite
            )
            table.append("\(vocabulary)", "")
            table.append("\(merges)", "")
        }
        try Terminal.print(table.text, besideOutput: output)
    }

    private static func files(
        in directory: FilePath
    ) -> (vocabulary: FilePath, merges: FilePath) {
        (directory.appending("vocab.json"), directory.appending("merges.txt"))
    }
}
