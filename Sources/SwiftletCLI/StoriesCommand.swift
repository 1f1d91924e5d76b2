import ArgumentParser
import Swiftlet

/// `swiftlet stories`: text to train on, without a download.
struct StoriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stories",
        abstract: "Tell short stories in simple English, as many as are asked for.",
        discussion: """
            Between two stories stands <|endoftext|>: prepare them with '--split marker'. The same \
            seed always tells the same stories.

            Example:
              swiftlet stories --bytes 3000000 --seed 1 --output stories.txt
            """
    )

    @Option(help: "Stories are told until they have this many bytes together.")
    var bytes: Int

    @Option(help: "Decides the stories.")
    var seed: UInt64 = 1

    @Option(help: "The directory of the grammar that the stories are made with.")
    var grammar: FilePath = "data/stories"

    @Option(help: "The file to write (default: standard output).")
    var output: FilePath?

    @Flag(help: "Replace a file of this name.")
    var overwrite = false

    func validate() throws {
        if bytes < 1 { throw ValidationError("--bytes must be at least 1, got \(bytes)") }
    }

    func run() throws {
        guard FileSystem.isDirectory(grammar) else {
            throw CommandError(
                .missingInput,
                "there is no directory '\(grammar)'; name that of a grammar, such as the "
                    + "project's data/stories, with --grammar"
            )
        }
        var generator = StoryGenerator(
            grammar: try StoryGrammar(directory: grammar),
            seed: seed
        )
        guard let output else {
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
        try Terminal.print("\(file.path): \(file.count.formattedAsBytes)")
    }
}
