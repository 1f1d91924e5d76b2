import ArgumentParser
import Swiftlet

/// `swiftlet stories`: text to train on, without a download.
struct StoriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stories",
        abstract: "Generate short stories in simple English, as many as you ask for.",
        discussion: """
            The stories are separated by <|endoftext|>, so prepare them with '--split marker'. The \
            same seed always gives the same stories.

            Example:
              swiftlet stories --bytes 3000000 --seed 1 --output stories.txt
            """
    )

    @Option(help: "Stop once the stories have this many bytes in all.", in: .from(1))
    var bytes: Int

    @Option(help: "The random seed.", in: .from(0))
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "The directory of another grammar for the stories (default: the built-in one).",
            valueName: "directory"
        )
    )
    var grammar: FilePath?

    @Option(help: "The file to write (default: -, which is standard output).")
    var output: FilePath?

    @Flag(help: "Replace the file if it exists.")
    var overwrite = false

    func run() throws {
        var generator = StoryGenerator(grammar: try storyGrammar(), seed: seed)
        guard let output, output != "-" else {
            try generator.write(byteCount: bytes) { try Terminal.write($0) }
            return
        }
        let file = try AtomicFile(output, overwrite: overwrite)
        Signals.catchInterruption()
        try generator.write(byteCount: bytes) { story in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            try file.write(Array(story.utf8))
        }
        try file.commit()
        try Terminal.print(
            "\(file.path): \(file.count.formattedAsBytes)",
            besideOutput: file.path
        )
    }

    private func storyGrammar() throws -> StoryGrammar {
        guard let grammar else { return StoryGrammar() }
        guard FileSystem.isDirectory(grammar) else {
            throw CommandError(
                .missingInput,
                "there is no directory '\(grammar)'; name the directory of a grammar with "
                    + "--grammar, or leave it out for the built-in one"
            )
        }
        return try StoryGrammar(directory: grammar)
    }
}
