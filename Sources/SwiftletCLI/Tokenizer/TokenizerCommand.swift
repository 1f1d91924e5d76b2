import ArgumentParser
import Swiftlet

/// `swiftlet tokenizer`: making tokenizers and looking at what they do.
struct TokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Train a tokenizer, or turn text into token ids and back.",
        subcommands: [
            TokenizerTrainCommand.self, TokenizerEncodeCommand.self, TokenizerDecodeCommand.self,
            TokenizerInfoCommand.self,
        ]
    )
}

/// `swiftlet tokenizer info`.
struct TokenizerInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a tokenizer holds.",
        discussion: """
            Example:
              swiftlet tokenizer info checkpoints/quickstart/tokenizer.bin
            """
    )

    @Argument(help: .anyTokenizer)
    var tokenizer: FilePath

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let report = try TokenizerInfo(tokenizer)
        try json ? Terminal.printJSON(report) : Terminal.print(report.text)
    }
}
