import ArgumentParser
import Swiftlet

/// `swiftlet report`: a page on one run, or on several.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Draw training runs as one page to open in a browser.",
        discussion: """
            The page needs no network and shows losses, learning rate, gradient norm, speed, \
            samples and the configuration; several runs are drawn over each other. A run may \
            still be going on. Prints the path of the page, or the page itself with '--output -'.

            Examples:
              swiftlet report checkpoints/quickstart/run
              swiftlet report runs/first runs/second --output compare.html
            """
    )

    @Argument(help: "The directories of training runs.")
    var directories: [FilePath]

    @Option(
        help: ArgumentHelp(
            """
            The page, or - for standard output (default: report.html in the run, or here when \
            there are several).
            """,
            valueName: "file.html"
        )
    )
    var output: FilePath?

    @Flag(help: "Replace a page that exists.")
    var overwrite = false

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output needs the name of a file") }
    }

    func run() throws {
        let runs = directories.map { RunDirectory($0) }
        for run in runs { try FileKind.require(.runDirectory, at: run.path) }
        let printsPage = output == "-"
        let path = output ?? ReportPage.defaultPath(for: runs)
        // Reading may take a while; an output in the way is better said at once.
        let isWrittenThrough = printsPage || FileSystem.isStream(path)
        if !overwrite && !isWrittenThrough && FileSystem.exists(path) {
            throw FileIOError.alreadyExists(path: path)
        }
        let histories = try zip(runs, RunHistory.names(of: runs)).map {
            try RunHistory($0, name: $1)
        }
        let page = try ReportPage(histories)
        if printsPage {
            try Terminal.write(page.source)
        } else {
            try page.write(to: path, overwrite: overwrite)
            try Terminal.print("\(path)", besideOutput: path)
        }
    }
}
