import ArgumentParser
import Swiftlet

/// `swiftlet inspect next`: how well a text is predicted, and what comes after it.
struct InspectNextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Show the loss of each token of a text, and the likeliest next tokens.",
        discussion: """
            The loss of a token is the negative logarithm, in nats, of the probability that the \
            model gives it, given the tokens before it; the first token has none.

            Examples:
              swiftlet inspect next --model checkpoints/quickstart/run \\
                --prompt "One day, a little girl named"
              swiftlet inspect next --model checkpoints/gpt2 --top 20 \\
                --prompt "The capital of France is"
            """
    )

    @OptionGroup
    var inspection: PromptInspection

    @Option(help: "How many of the likeliest next tokens to list.", in: .from(1))
    var top = 10

    func run() throws {
        let options = inspection.options
        let page = try inspection.open()
        let names = page.names
        let predictions = try page.model.predictions(of: page.prompt.tokens, top: top)
        let losses = predictions.losses.compactMap { $0 }
        if try options.draw({ try page.predictions(predictions) }) { return }
        if options.json { return try Terminal.printJSON(NextReport(predictions, names)) }

        let glyphs = DisplayGlyphs.ofLocale
        let mean =
            losses.isEmpty
            ? nil
            : try LossMeasurement(
                tokenCount: losses.count,
                totalLoss: losses.reduce(0.0) { $0 + Double($1) },
                byteCount: nil
            )
        let bars = LossBars(glyphs: glyphs) { names.cell(of: $0, glyphs) }
        try Terminal.print(
            bars.lines(predictions, mean: mean, columns: Terminal.outputColumns)
        )
    }
}
