import ArgumentParser
import Swiftlet

/// `swiftlet inspect attention`: what each head attends to.
struct InspectAttentionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attention",
        abstract: "Show what each head attends to from one token of a text.",
        discussion: """
            At each token, a head attends to this token and to all before it, in shares that add \
            up to 1: its attention pattern. This shows the shares for one token, the last unless \
            --token names another, and for the heads that attend most to any token but the first, \
            where many heads look when they find nothing else. With --layers or --heads, all the \
            heads you choose are shown, and a single one with more tokens. --json prints complete \
            patterns.

            Examples:
              swiftlet inspect attention --model checkpoints/quickstart/run \\
                --prompt "The dog saw the cat. The dog"
              swiftlet inspect attention --model checkpoints/gpt2 \\
                --prompt "The dog saw the cat. The dog" --layers 5 --heads 1 --token 7
            """
    )

    @OptionGroup
    var inspection: PromptInspection

    @OptionGroup
    var token: TokenPosition

    @OptionGroup
    var layerList: LayerListOption

    @OptionGroup
    var headList: HeadListOption

    @Option(help: "How many heads to show (default: 8, or all the heads you choose).", in: .from(1))
    var top: Int?

    /// How many heads are shown by default.
    private static let usualTop = 8

    func validate() throws {
        let options = inspection.options
        try token.check(options)
        if top != nil && (options.json || options.output != nil) {
            throw ValidationError(
                "--top is for text output; --layers and --heads choose what --json and a page show"
            )
        }
    }

    func run() throws {
        let options = inspection.options
        let page = try inspection.open(at: token)
        let (model, names) = (page.model, page.names)
        let (tokens, position) = (page.prompt.tokens, page.prompt.chosen)
        let layers = try layerList.layers(of: model.layerCount)
        let heads = try headList.heads(of: model.headCount)
        if try options.draw({ try page.attention(layers: layers, heads: heads) }) { return }
        if options.json { return try printReport(model, tokens, names, layers, heads) }

        var looks: [AttentionBars.Head] = []
        try forEachPattern(model, tokens, layers) { patterns in
            looks += patterns.looks(of: heads, from: position)
        }
        looks.sort(by: AttentionBars.Head.isStronger)
        let isChosen = layerList.layers != nil || headList.heads != nil
        let count = top ?? (isChosen ? looks.count : Self.usualTop)
        let glyphs = DisplayGlyphs.ofLocale
        let bars = AttentionBars(glyphs: glyphs) { names.cell(of: $0, glyphs) }
        try Terminal.print(
            bars.lines(
                Array(looks.prefix(count)),
                of: looks.count,
                from: position,
                in: tokens,
                columns: Terminal.outputColumns
            )
        )
    }

    private func printReport(
        _ model: any InspectableModel,
        _ tokens: [TokenID],
        _ names: TokenNames,
        _ layers: [Int],
        _ heads: [Int]
    ) throws {
        var report = AttentionReport(
            tokens,
            names,
            layers: layerList.layers == nil ? nil : layers,
            heads: heads,
            isChosen: headList.heads != nil
        )
        try forEachPattern(model, tokens, layers) { try report.add($0) }
        try report.finish()
    }

    /// The most numbers of patterns in memory at once: a GiB.
    private static let patternLimit = 1 << 28

    /// Computes the patterns of some layers, as many at a time as the memory limit allows.
    private func forEachPattern(
        _ model: any InspectableModel,
        _ tokens: [TokenID],
        _ layers: [Int],
        _ body: (AttentionPatterns) throws -> Void
    ) throws {
        let count = max(1, Self.patternLimit / (model.headCount * tokens.count * tokens.count))
        for first in stride(from: 0, to: layers.count, by: count) {
            let some = Array(layers[first..<min(first + count, layers.count)])
            try body(model.attentionPatterns(of: tokens, layers: some))
        }
    }
}
