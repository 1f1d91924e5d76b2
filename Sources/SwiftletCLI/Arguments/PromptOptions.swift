// What a model continues: text from the command line, a file or standard input.

import ArgumentParser
import Swiftlet

/// The texts that a model continues.
struct PromptOptions: ParsableArguments {
    @Option(
        name: .customLong("prompt"),
        help: ArgumentHelp(
            "Text to continue; - reads stdin. Repeatable. Without any, a new text is started.",
            valueName: "text"
        )
    )
    var texts: [ArgumentText] = []

    @Option(help: "A file with text to continue, which may be a pipe; - reads stdin.")
    var promptFile: FilePath?

    @Option(
        name: .customLong("prompts"),
        help: ArgumentHelp(
            """
            A file of prompts: one a line, or rows of JSON with a field prompt when its first line \
            is a row; - reads stdin. Blank lines are passed over. It is read as it is needed, and \
            may be of any length.
            """,
            valueName: "file"
        )
    )
    var promptsFile: FilePath?

    /// Whether there is any prompt.
    var isEmpty: Bool { texts.isEmpty && promptFile == nil && promptsFile == nil }

    /// The prompts that are given one by one, in order.
    private var sources: [PromptSource] {
        texts.map { .text($0) } + (promptFile.map { [.file($0)] } ?? [])
    }

    func validate() throws {
        let count = sources.count(where: \.isStandardInput) + (promptsFile == "-" ? 1 : 0)
        if count > 1 { throw ValidationError("stdin can be read only once: give one '-'") }
    }

    /// The bytes of the prompts that are given one by one, in order.
    func givenPrompts() throws -> [[UInt8]] { try sources.map { try $0.bytes() } }

    /// The prompts after those, of which none has been read yet.
    func promptRows() throws -> TextRows? {
        try promptsFile.map { TextRows(try PromptSource.input($0), field: "prompt") }
    }
}
