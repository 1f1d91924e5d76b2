import ArgumentParser
import Swiftlet

/// `swiftlet evaluate`: how well a model predicts.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure a model: loss, perplexity, bits per byte, HellaSwag.",
        discussion: """
            Shards are read as in training: all batches in order, each sequence on its own. A text \
            is read through a sliding window, so that every token is predicted once and with \
            context; the first one is predicted from the token that starts a text for this \
            tokenizer. --precision and --cache-precision mean what they mean for sample, and \
            tokens are computed like those of a prompt.

            Examples:
              swiftlet evaluate --model checkpoints/quickstart/run \\
                --data 'checkpoints/quickstart/data/*_val*.bin'
              swiftlet evaluate --model checkpoints/gpt2 \\
                --text checkpoints/quickstart/stories.txt --precision bfloat16
              swiftlet evaluate --model checkpoints/gpt2 \\
                --hellaswag data/hellaswag/hellaswag_val.bin
            """
    )

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    @Option(help: "Token shards to evaluate on; a pattern such as 'data/*_val*.bin'.")
    var data: FilePath?

    @Option(help: "A text file to evaluate on.")
    var text: FilePath?

    @Option(help: "HellaSwag questions: llm.c's evaluation shard, or the published .jsonl file.")
    var hellaswag: FilePath?

    @Option(help: "Sequences to compute at a time.", in: .from(1, to: 1 << 20))
    var batchSize = 4

    @OptionGroup
    var length: SequenceLength

    @Option(
        help: "How many tokens the window moves at a time (default: half a sequence).",
        in: .from(1)
    )
    var stride: Int?

    @Option(
        help: "How many HellaSwag examples to use, from the first (default: all).",
        in: .from(1)
    )
    var maxExamples: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if data != nil && text != nil {
            throw ValidationError("give either --data or --text, not both")
        }
        if data == nil && text == nil && hellaswag == nil {
            throw ValidationError("give what to evaluate on: --data, --text or --hellaswag")
        }
        if stride != nil && text == nil { throw ValidationError("--stride is for --text") }
        if maxExamples != nil && hellaswag == nil {
            throw ValidationError("--max-examples is for --hellaswag")
        }
    }

    func run() throws {
        // There is nothing to save.
        Signals.exitWhenInterrupted()
        let source = try model.source()
        let evaluator = try Evaluator(
            model.open(source, precision, compute),
            batchSize: batchSize,
            sequenceLength: length.sequenceLength
        )
        // Errors in the questions are found before time is spent on the loss.
        let examples = try hellaswag.map {
            try HellaSwagFile.examples(
                $0,
                vocabularySize: source.configuration.vocabularySize,
                limit: maxExamples
            ) { try model.tokenizer(of: source) }
        }
        let progress = ProgressLine()
        defer { progress.finish() }
        let loss = try measureLoss(evaluator, source, progress)
        let score = try examples.map {
            try evaluator.score($0) { done, total in
                progress.show("HellaSwag: \(done.grouped) of \(total.grouped) endings")
            }
        }
        progress.finish()
        let report = EvaluationReport(loss: loss, score: score)
        try json ? Terminal.printJSON(report) : Terminal.print(report.table)
    }

    /// The loss on the shards or the text, if one of them was given.
    private func measureLoss(
        _ evaluator: Evaluator,
        _ source: ModelSource,
        _ progress: ProgressLine
    ) throws -> LossMeasurement? {
        if let data {
            let vocabulary = try model.tokenizerIfAny(of: source)
            return try evaluator.loss(ofShards: data, vocabulary: vocabulary) {
                progress.show("loss: \($0.grouped) of \($1.grouped) batches")
            }
        }
        guard let path = text else { return nil }
        try checkKinds(of: [TextInput(path: path, format: .text)])
        let encoded = try EncodedText(
            contentsOf: path,
            tokenizer: model.tokenizer(of: source),
            threads: compute.threadCount()
        )
        return try evaluator.loss(of: encoded, stride: stride) {
            progress.show("loss: \($0.grouped) of \($1.grouped) tokens")
        }
    }
}

/// What `evaluate` found: `--json` prints it.
private struct EvaluationReport: Encodable {
    let loss: LossMeasurement?
    let score: MultipleChoiceScore?

    private enum Key: String, CodingKey {
        case loss, perplexity, bitsPerByte, tokens, hellaswagAccuracy, hellaswagExamples
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        if let loss {
            try container.encode(loss.loss, forKey: .loss)
            // JSON has no infinity, which only a useless loss gives.
            try container.encode(
                min(loss.perplexity, .greatestFiniteMagnitude),
                forKey: .perplexity
            )
            // encode, not encodeIfPresent: without a tokenizer it is null.
            try container.encode(loss.bitsPerByte, forKey: .bitsPerByte)
            try container.encode(loss.tokenCount, forKey: .tokens)
        }
        if let score {
            try container.encode(score.accuracy, forKey: .hellaswagAccuracy)
            try container.encode(score.exampleCount, forKey: .hellaswagExamples)
        }
    }

    /// The same for people.
    var table: String {
        var table = Table(.left, .right)
        if let loss {
            table.append("loss", decimal(loss.loss, 4))
            table.append("perplexity", decimal(loss.perplexity, 2))
            if let bits = loss.bitsPerByte { table.append("bits per byte", decimal(bits, 4)) }
            table.append("tokens", loss.tokenCount.grouped)
        }
        if let score {
            table.append("HellaSwag accuracy", decimal(score.accuracy, 4))
            table.append("HellaSwag examples", score.exampleCount.grouped)
        }
        return table.text
    }
}
