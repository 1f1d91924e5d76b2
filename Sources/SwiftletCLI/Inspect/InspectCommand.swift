import ArgumentParser
import Swiftlet

/// `swiftlet inspect`: what a model looks at, believes and is made of.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Look inside a model: attention, predictions, heads, weights, neurons.",
        discussion: """
            Each command answers one question about a model of any format. What it finds is shown \
            as text; --json prints it for programs, and --output draws it as one page for a \
            browser, which needs no network.

            Layers, heads, neurons and positions are counted from 0. Names and definitions are \
            those of TransformerLens.
            """,
        subcommands: [
            InspectAttentionCommand.self, InspectLensCommand.self, InspectNextCommand.self,
            InspectHeadsCommand.self, InspectAblateCommand.self, InspectWeightsCommand.self,
            InspectNeuronsCommand.self, InspectNeighboursCommand.self,
        ]
    )
}
