import ArgumentParser
import Swiftlet

/// `swiftlet inspect lens`: what each layer believes comes next.
struct InspectLensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lens",
        abstract: "Show what each layer would predict: the logit lens.",
        discussion: """
            After each block, the residual stream of a token goes through the model's final norm \
            and classifier, as if the model ended there. Layer 0 is before the first block, and \
            the last layer is the model's own prediction. The entropy says how uncertain a \
            prediction is, and kl how far it is from the model's own, both in nats: kl is the sum \
            of p ln(p/q), where p is the model's prediction.

            The table has a row for each token, or for each layer if only that fits. With --token \
            it shows all layers for one token, with probabilities.

            Examples:
              swiftlet inspect lens --model checkpoints/quickstart/run \\
                --prompt "One day, a little girl named"
              swiftlet inspect lens --model checkpoints/gpt2 \\
                --prompt "The capital of France is" --token 4
            """
    )

    @OptionGroup
    var inspection: PromptInspection

    @OptionGroup
    var token: TokenPosition

    @OptionGroup
    var layerList: LayerListOption

    @Option(
        help: "Predictions for each layer and token (default: 1 in the table, 5 elsewhere).",
        in: .from(1)
    )
    var top: Int?

    /// How many predictions are shown by default.
    private static let usualTop = 5

    func validate() throws {
        try token.check(inspection.options)
    }

    func run() throws {
        let options = inspection.options
        let page = try inspection.open(at: token)
        let (model, names) = (page.model, page.names)
        let tokens = page.prompt.tokens
        // There is one more than there are blocks.
        let layers = Set(try layerList.layers(of: model.layerCount + 1))
        if try options.draw({ try page.lens(layers: layers, top: top) }) { return }
        let isTable = !options.json && token.token == nil
        let whole = try model.logitLens(of: tokens, top: top ?? (isTable ? 1 : Self.usualTop))
        let lens = LogitLens(
            tokens: tokens,
            layers: whole.layers.filter { layers.contains($0.layer) }
        )
        if options.json { return try Terminal.printJSON(LensReport(lens, names)) }

        let glyphs = DisplayGlyphs.ofLocale
        let name = { (token: TokenID) in names.cell(of: token, glyphs) }
        let columns = Terminal.outputColumns
        if let position = token.token {
            let column = LensColumn(glyphs: glyphs, name: name, last: model.layerCount)
            return try Terminal.print(column.lines(lens, at: position, columns: columns))
        }
        let table = LensTable(
            glyphs: glyphs,
            isInColor: Terminal.colorsOutput,
            name: name,
            last: model.layerCount
        )
        try Terminal.print(table.lines(lens, top: top ?? 1, columns: columns))
    }
}
