import ArgumentParser
import Swiftlet

/// `swiftlet manual`: the manual pages, for those who install the program.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Write the manual pages of this program.",
        discussion: """
            Prints the page of a command, or writes the pages of all commands to a directory. \
            'make install' puts them where man finds them.

            Examples:
              swiftlet manual train | man -l -
              swiftlet manual --output runs/manual
            """,
        shouldDisplay: false
    )

    @Argument(help: "The words of a command, such as: bench train (default: the program's page).")
    var command: [String] = []

    @Option(help: ArgumentHelp("The directory for all pages.", valueName: "directory"))
    var output: FilePath?

    @Flag(help: "Replace existing pages.")
    var overwrite = false

    func validate() throws {
        if output?.isEmpty == true {
            throw ValidationError("--output needs the name of a directory")
        }
        if output != nil && !command.isEmpty {
            throw ValidationError("give either a command or --output, which writes all pages")
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
