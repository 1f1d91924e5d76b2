// What a model continues: text from the command line, a file or standard input.

import ArgumentParser
import Swiftlet

/// The texts that a model continues.
struct PromptOptions: ParsableArguments {
    @Option(
        name: .customLong("prompt"),
        help: ArgumentHelp(
            "Text to continue; - reads stdin. Repeatable. Without one, a new text is started.",
            valueName: "text"
        )
    )
    var texts: [ArgumentText] = []

    @Option(help: "A file with text to continue, which may be a pipe.")
    var promptFile: FilePath?

    /// Whether there is any prompt.
    var isEmpty: Bool { texts.isEmpty && promptFile == nil }

    func validate() throws {
        if texts.count(where: { $0 == "-" }) > 1 {
            throw ValidationError("stdin can be only one prompt: give '--prompt -' once")
        }
    }

    /// The bytes of all prompts, in order.
    func prompts() throws -> [[UInt8]] {
        var prompts = try texts.map { text in
            text == "-" ? withoutLineEnd(try Terminal.readAll(.standardInput)) : text.bytes
        }
        if let promptFile {
            let file = try InputFile(promptFile)
            prompts.append(withoutLineEnd(try Terminal.readAll(file)))
        }
        return prompts
    }

    /// Editors and `echo` end a text with a line end that is no part of it.
    private func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.last == UInt8(ascii: "\n") else { return bytes }
        let text = bytes.dropLast()
        return Array(text.last == UInt8(ascii: "\r") ? text.dropLast() : text)
    }
}
