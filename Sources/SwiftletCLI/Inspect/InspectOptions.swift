// `inspect`, and what its commands have in common: which model is looked at, the text it is looked
// at with, and where what is found goes.

import ArgumentParser
import Swiftlet

/// `swiftlet inspect`: what a model looks at, believes and is made of.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Look inside a model: attention, predictions, heads, weights, neurons.",
        discussion: """
            Each command answers one question about a model in any format. The answer is printed \
            as text; --json prints it for programs, and --output draws it as a web page, which \
            needs no network.

            Layers, heads, neurons and positions are counted from 0. Names and definitions follow \
            TransformerLens.
            """,
        subcommands: [
            InspectAttentionCommand.self, InspectLensCommand.self, InspectNextCommand.self,
            InspectHeadsCommand.self, InspectAblateCommand.self, InspectWeightsCommand.self,
            InspectNeuronsCommand.self, InspectNeighboursCommand.self,
        ]
    )
}

/// The model, and the form of the result.
struct InspectOptions: ParsableArguments {
    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Draw a web page instead, and print its path; - prints the page itself.",
            valueName: "file.html"
        )
    )
    var output: FilePath?

    @Flag(help: "Replace the page if it exists.")
    var overwrite = false

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output needs the name of a file") }
        if output == "-" && json {
            throw ValidationError("only one of --json and the page can go to standard output")
        }
        if overwrite && output == nil { throw ValidationError("--overwrite is for --output") }
    }

    /// Checks the model, and whether the page can be written, before time is spent on either.
    /// - Throws: An error about the model's files, or that the page cannot be written.
    func source() throws -> ModelSource {
        // There is nothing to save.
        Signals.exitWhenInterrupted()
        if let output { try requireWritable(output, overwrite: overwrite) }
        return try model.source()
    }

    /// The weights of the model, with its adapter merged in if it has one.
    /// - Throws: An error about the adapter's files.
    func weights(of source: ModelSource, ops: Ops) throws -> any ModelWeights {
        try source.mergedWeights(with: model.adapter.map { try LowRankAdapter($0) }, ops: ops)
    }
}

/// `--prompt` or `--prompt-file`, one of which is required.
struct InspectedPrompt: ParsableArguments {
    @Option(
        name: .customLong("prompt"),
        help: ArgumentHelp("The text to look at; - reads stdin.", valueName: "text")
    )
    var text: ArgumentText?

    @Option(help: "A file that holds the text, which may be a pipe; - reads stdin.")
    var promptFile: FilePath?

    func validate() throws {
        if (text == nil) == (promptFile == nil) {
            throw ValidationError("give the text to look at with either --prompt or --prompt-file")
        }
    }

    /// The tokens of the text, after what begins texts for this model, as in `sample`.
    /// - Throws: ``CommandError`` for an empty text, ``InterpretabilityError`` for one that exceeds
    ///   the model's context; ``FileIOError``.
    func tokens(for source: ModelSource, _ tokenizer: any Tokenizer) throws -> [TokenID] {
        let bytes = try promptSource.bytes()
        guard !bytes.isEmpty else {
            throw CommandError(
                text == nil || text == "-" ? .wrongContent : .wrongUsage,
                "the prompt is empty; give a text to look at"
            )
        }
        let tokens = try tokenizer.promptTokens(of: bytes)
        let maximum = source.configuration.contextLength
        guard tokens.count <= maximum else {
            throw InterpretabilityError.tooManyTokens(count: tokens.count, maximum: maximum)
        }
        return tokens
    }

    private var promptSource: PromptSource {
        text.map { .text($0) } ?? .file(promptFile ?? "-")
    }
}

/// `--token`: one token of that text.
struct TokenPosition: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A token of the prompt, by its position, counted from 0.",
            valueName: "position"
        ),
        in: .from(0)
    )
    var token: Int?

    /// Refuses a token where all are printed.
    /// - Throws: `ValidationError`.
    func check(_ options: InspectOptions) throws {
        if token != nil && options.json && options.output == nil {
            throw ValidationError("--token cannot be used with --json, which prints all tokens")
        }
    }

    /// The position, if one was given.
    /// - Throws: ``CommandError`` for one that the text does not have.
    func position(below count: Int) throws -> Int? {
        guard let token else { return nil }
        guard token < count else {
            throw CommandError(
                .wrongUsage,
                "--token names position \(token), but the prompt has \(counted(count, "token")), "
                    + (count == 1 ? "which is at 0" : "which are at 0 to \(count - 1)")
            )
        }
        return token
    }
}
