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

    func validate() throws {
        let files = [promptFile, promptsFile].count { $0 == "-" }
        if texts.count(where: { $0 == "-" }) + files > 1 {
            throw ValidationError("stdin can be read only once: give one '-'")
        }
    }

    /// The bytes of the prompts that are given one by one, in order.
    func givenPrompts() throws -> [[UInt8]] {
        var prompts = try texts.map { text in
            text == "-" ? withoutLineEnd(try Terminal.readAll(.standardInput)) : text.bytes
        }
        if let promptFile {
            prompts.append(withoutLineEnd(try Terminal.readAll(input(promptFile))))
        }
        return prompts
    }

    /// The prompts after those, of which none has been read yet.
    func promptRows() throws -> TextRows? {
        try promptsFile.map { TextRows(try input($0), field: "prompt") }
    }

    private func input(_ path: FilePath) throws -> InputFile {
        path == "-" ? .standardInput : try InputFile(path)
    }

    /// Editors and `echo` end a text with a line end that is no part of it.
    private func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.last == UInt8(ascii: "\n") else { return bytes }
        let text = bytes.dropLast()
        return Array(text.last == UInt8(ascii: "\r") ? text.dropLast() : text)
    }
}
