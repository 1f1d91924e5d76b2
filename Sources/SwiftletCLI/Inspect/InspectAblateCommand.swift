import ArgumentParser
import Swiftlet

/// `swiftlet inspect ablate`: what a model loses without each head.
struct InspectAblateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ablate",
        abstract: "Measure the loss without each head, and rank what the model misses most.",
        discussion: """
            A head is ablated by setting its output before the projection to zero at every token, \
            and a feed-forward network (MLP) by adding nothing to the residual stream in its \
            place. The loss is the mean over all whole sequences of the data, each read on its \
            own. Layers below the ablated one are computed only once.

            Examples:
              swiftlet inspect ablate --model checkpoints/quickstart/run \\
                --data 'checkpoints/quickstart/data/*_val*.bin'
              swiftlet inspect ablate --model checkpoints/gpt2 --layers 0-2 --mlps \\
                --text checkpoints/quickstart/stories.txt --sequence-length 256
            """
    )

    @OptionGroup
    var options: InspectOptions

    @Option(help: "Token shards to measure on; a pattern such as 'data/*_val*.bin'.")
    var data: FilePath?

    @Option(help: "A text file to measure on.")
    var text: FilePath?

    @Flag(help: "Ablate each feed-forward network as well.")
    var mlps = false

    @OptionGroup
    var length: SequenceLength

    @Option(help: "Sequences to compute at a time.", in: .from(1, to: 1 << 20))
    var batchSize = 1

    @OptionGroup
    var layerList: LayerListOption

    @OptionGroup
    var headList: HeadListOption

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    func validate() throws {
        if (data == nil) == (text == nil) {
            throw ValidationError("give the data to measure on with either --data or --text")
        }
    }

    func run() throws {
        let source = try options.source()
        // Errors in the arguments are reported before the text is read and encoded.
        let layers = try layerList.layers(of: source.configuration.layerCount)
        let heads = try headList.heads(of: source.configuration.headCount)
        let sequences = try sequences(for: source)
        let model = try options.model.open(source, precision, options.compute)
        let ablation = try model.ablateShowingProgress(
            sequences,
            layers: layers,
            heads: heads,
            mlps: mlps,
            batchSize: batchSize
        )
        let part = InspectPage.Part.ablation(ablation)
        if try options.draw({ options.page(of: part, source, precision, TokenNames(nil)) }) {
            return
        }
        if options.json {
            return try Terminal.printJSON(AblationReport(ablation, withMLPs: mlps))
        }
        try Terminal.print(
            AblationTable(glyphs: .ofLocale).lines(ablation, columns: Terminal.outputColumns)
        )
    }

    private func sequences(for source: ModelSource) throws -> [[TokenID]] {
        let length = try length.length(for: source)
        if let data {
            return try InspectedData.sequences(
                ofShards: data,
                length: length,
                vocabularySize: source.configuration.vocabularySize
            )
        }
        return try InspectedData.sequences(
            ofText: text ?? "-",
            length: length,
            options.model.tokenizer(of: source),
            threads: options.compute.threadCount()
        )
    }

    /// How far the work has come, and how long the rest will take at this speed.
    static func text(done: Int, of total: Int, after time: Duration) -> String {
        let percent = "\(done * 100 / max(1, total))%"
        guard done > 0 else { return "ablation: \(percent)" }
        let left = time * Double(total - done) / Double(done)
        return "ablation: \(percent), \(timeText(left)) left"
    }
}
