import ArgumentParser
import Swiftlet

/// `swiftlet inspect heads`: what each head does, in numbers.
struct InspectHeadsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heads",
        abstract: "Score each head: previous token, first token, duplicate token, induction.",
        discussion: """
            Each score is a mean share of attention: from a token to the one before it; to the \
            first one; and, on random tokens that are repeated once, from a token in the second \
            half to its first occurrence (duplicate token), and to the token after that \
            (induction). The distance is how far back a head looks, in tokens, and the entropy is \
            that of its patterns, in nats. The two scores on repeated tokens are always measured \
            on random tokens; everything else is measured on --text, if it is given.

            Examples:
              swiftlet inspect heads --model checkpoints/quickstart/run
              swiftlet inspect heads --model checkpoints/gpt2 \\
                --text checkpoints/quickstart/stories.txt
            """
    )

    @OptionGroup
    var options: InspectOptions

    @Option(help: "A text file to measure on.")
    var text: FilePath?

    @OptionGroup
    var length: SequenceLength

    @Option(help: "The seed of the random tokens.", in: .from(0))
    var seed: UInt64 = 0

    @OptionGroup
    var layerList: LayerListOption

    @OptionGroup
    var headList: HeadListOption

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    func validate() throws {
        if length.sequenceLength != nil && text == nil {
            throw ValidationError("--sequence-length is for --text")
        }
    }

    func run() throws {
        let source = try options.source()
        // Errors in the arguments are reported before the text is read and encoded.
        let layers = Set(try layerList.layers(of: source.configuration.layerCount))
        let heads = Set(try headList.heads(of: source.configuration.headCount))
        let sequences = try text.map {
            try InspectedData.sequences(
                ofText: $0,
                length: length.length(for: source),
                options.model.tokenizer(of: source),
                threads: options.compute.threadCount()
            )
        }
        let model = try options.model.open(source, precision, options.compute)
        let progress = ProgressLine()
        defer { progress.finish() }
        // Nothing is predicted here, so the token after a sequence does not count.
        let scores = try model.headScores(
            on: sequences?.map { $0.dropLast() } ?? [],
            seed: seed
        ) {
            progress.show("heads: \($0.grouped) of \($1.grouped) sequences")
        }
        .filter { layers.contains($0.layer) && heads.contains($0.head) }
        progress.finish()
        let part = InspectPage.Part.headScores(
            scores,
            measuredOn: text.map { "the text '\($0)'" } ?? "the random tokens"
        )
        if try options.draw({ options.page(of: part, source, precision, TokenNames(nil)) }) {
            return
        }
        if options.json { return try Terminal.printJSON(HeadsReport(scores)) }
        try Terminal.print(
            HeadRanking(glyphs: .ofLocale).lines(scores, columns: Terminal.outputColumns)
        )
    }
}
