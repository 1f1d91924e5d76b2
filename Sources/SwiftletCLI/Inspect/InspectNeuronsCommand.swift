import ArgumentParser
import Swiftlet

/// `swiftlet inspect neurons`: where in a text the neurons of an MLP are active.
struct InspectNeuronsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neurons",
        abstract: "List the places in a text where an MLP neuron is most active.",
        discussion: """
            A neuron is one channel between the two matrices of a layer's MLP. Its activation \
            (TransformerLens's mlp.hook_post) is the output of GELU, or in a Llama what the gate \
            lets through. Each place is shown with the text around it and its token in brackets. \
            Without --neuron, the most active neurons of the layer get a line each, and --json \
            lists them all.

            The text is read in sequences, each of which starts where the previous one ended and \
            sees nothing of it.

            Examples:
              swiftlet inspect neurons --model checkpoints/quickstart/run --layer 1 \\
                --text checkpoints/quickstart/stories.txt
              swiftlet inspect neurons --model checkpoints/gpt2 --layer 8 --neuron 42 \\
                --text checkpoints/quickstart/stories.txt --top 20
            """
    )

    @OptionGroup
    var options: InspectOptions

    @Option(help: "The layer, counted from 0.", in: .from(0))
    var layer: Int

    @Option(help: "The neuron, counted from 0 (default: all those of the layer).", in: .from(0))
    var neuron: Int?

    @Option(help: "A text file to look through.")
    var text: FilePath

    @Option(help: "How many places to list for each neuron.", in: .from(1, to: 1000))
    var top = 10

    @OptionGroup
    var sequenceLength: SequenceLength

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    func run() throws {
        let source = try options.source()
        let layerCount = source.configuration.layerCount
        // Errors in the arguments are reported before the text is read and encoded.
        guard layer < layerCount else {
            throw InterpretabilityError.layerOutOfRange(layer: layer, count: layerCount)
        }
        let length = try sequenceLength.length(for: source)
        let tokenizer = try options.model.tokenizer(of: source)
        let tokens = try InspectedData.tokens(
            ofText: text,
            tokenizer,
            threads: options.compute.threadCount()
        )
        // Nothing is predicted, so the rest that fills no sequence counts too.
        let sequences = stride(from: 0, to: tokens.count, by: length).map {
            Array(tokens[$0..<min($0 + length, tokens.count)])
        }
        let model = try options.model.open(source, precision, options.compute)
        let progress = ProgressLine()
        defer { progress.finish() }
        let excitations = try model.excitations(
            layer: layer,
            neurons: neuron.map { [$0] },
            of: sequences,
            // For a whole layer, text shows only the first place; a page shows more.
            top: neuron == nil && !options.json && options.output == nil ? 1 : top
        ) {
            progress.show("neurons: \($0.grouped) of \($1.grouped) sequences")
        }
        progress.finish()
        let names = TokenNames(tokenizer)
        let report = NeuronReport(layer, excitations, sequences, names)
        if try options.draw({ options.page(of: report.part, source, precision, names) }) { return }
        if options.json { return try Terminal.printJSON(report) }
        try Terminal.print(report.lines(columns: Terminal.outputColumns))
    }
}
