import ArgumentParser
import Swiftlet

/// `swiftlet manual`: the pages of the manual, for those who install the program.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Write the pages of this program's manual.",
        discussion: """
            Prints the page of a command, or writes those of all commands into a directory. 'make \
            install' puts them where man finds them.

            Examples:
              swiftlet manual train | man -l -
              swiftlet manual --output runs/manual
            """,
        shouldDisplay: false
    )

    @Argument(help: "The words of a command, such as: bench train (default: the program's page).")
    var command: [String] = []

    @Option(help: ArgumentHelp("Where all pages go.", valueName: "directory"))
    var output: FilePath?

    @Flag(help: "Replace pages that exist.")
    var overwrite = false

    func validate() throws {
        if output?.isEmpty == true {
            throw ValidationError("--output needs the name of a directory")
        }
        if output != nil && !command.isEmpty {
            throw ValidationError("give either a command or --output, which takes all pages")
        }
    }

    func run() throws {
        let program = try CommandDescription(of: SwiftletCommand.self)
        let pages = ManualPage.all(of: program, version: SwiftletCommand.configuration.version)
        guard let output else {
            let name = ([program.commandName] + command).joined(separator: "-")
            guard let page = pages.first(where: { $0.name == name }) else {
                throw CommandError(
                    .wrongUsage,
                    "there is no command '\(command.joined(separator: " "))'; "
                        + "'swiftlet --help' lists them"
                )
            }
            return try Terminal.write(page.source)
        }
        let paths = pages.map { output.appending($0.fileName) }
        if !overwrite, let path = paths.first(where: FileSystem.exists) {
            throw FileIOError.alreadyExists(path: path)
        }
        try FileSystem.createDirectory(output)
        for (path, page) in zip(paths, pages) {
            let file = try AtomicFile(path, overwrite: overwrite)
            try file.write(Array(page.source.utf8))
            try file.commit()
        }
        try Terminal.print("\(output)")
    }
}
