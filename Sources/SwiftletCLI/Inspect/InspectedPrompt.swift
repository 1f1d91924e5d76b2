// The text that a model is looked at with. What the model makes of it is each command's business.

import ArgumentParser
import Swiftlet

/// `--prompt` or `--prompt-file`, one of which there must be.
struct InspectedPrompt: ParsableArguments {
    @Option(
        name: .customLong("prompt"),
        help: ArgumentHelp("The text to look at; - reads stdin.", valueName: "text")
    )
    var text: ArgumentText?

    @Option(help: "A file with that text, which may be a pipe; - reads stdin.")
    var promptFile: FilePath?

    func validate() throws {
        if (text == nil) == (promptFile == nil) {
            throw ValidationError("give the text to look at, either with --prompt or --prompt-file")
        }
    }

    /// The tokens of the text, after what stands before texts of this model, as `sample` has them.
    /// - Throws: ``CommandError`` for no text at all, ``InterpretabilityError`` for more of it than
    ///   the model can look at; ``FileIOError``.
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
            "A token of the prompt, by its position from 0.",
            valueName: "position"
        ),
        in: .from(0)
    )
    var token: Int?

    /// The position, where one was named.
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
