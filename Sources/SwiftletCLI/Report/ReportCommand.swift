import ArgumentParser
import Swiftlet

/// `swiftlet report`: a page about one run or several, or their measurements for other programs.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Draw training runs as a web page.",
        discussion: """
            The page needs no network. It shows losses, learning rate, gradient norm, speed, \
            samples and the configuration; several runs share its charts. Charts are drawn over \
            steps, tokens or time; drag across one to zoom in, and click a name to hide its line. \
            A run may still be in progress. The path of the page is printed, or the page itself \
            with '--output -'.

            With --csv or --tensorboard, the measurements are written for other programs, and the \
            page only if --output names one.

            Examples:
              swiftlet report checkpoints/quickstart/run
              swiftlet report runs/first runs/second --output compare.html
              swiftlet report runs/first --watch --overwrite
              swiftlet report runs/first --csv first.csv
            """
    )

    @Argument(help: "The directories of training runs.")
    var directories: [FilePath]

    @Option(
        help: ArgumentHelp(
            """
            The page, or - for standard output (default: report.html in the run, or in the current \
            directory if there are several).
            """,
            valueName: "file.html"
        )
    )
    var output: FilePath?

    @Option(
        help: ArgumentHelp(
            """
            Write a table with a row for every step to this file, or - for standard output; its \
            columns are named as in metrics.jsonl.
            """,
            valueName: "file.csv"
        )
    )
    var csv: FilePath?

    @Option(
        name: .customLong("tensorboard"),
        help: ArgumentHelp(
            """
            Write an event file for TensorBoard to this directory, or to a subdirectory for each \
            run if there are several.
            """,
            valueName: "directory"
        )
    )
    var tensorBoard: FilePath?

    @Flag(
        help: """
            Redraw the page as the runs progress, until all have ended or you press Ctrl-C; a \
            browser that shows it follows by itself.
            """
    )
    var watch = false

    @Flag(help: "Replace the page, table or event file if it exists.")
    var overwrite = false

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output needs the name of a file") }
        if csv?.isEmpty == true { throw ValidationError("--csv needs the name of a file") }
        if tensorBoard?.isEmpty == true {
            throw ValidationError("--tensorboard needs the name of a directory")
        }
        if output == "-" && csv == "-" {
            throw ValidationError("only one of --output and --csv can go to standard output")
        }
        guard watch else { return }
        if csv != nil || tensorBoard != nil {
            throw ValidationError("--watch cannot be used with --csv or --tensorboard")
        }
        if output.map({ $0 == "-" || FileSystem.isStream($0) }) ?? false {
            throw ValidationError("--watch needs a file as --output, which it replaces each time")
        }
    }

    func run() throws {
        let runs = directories.map { RunDirectory($0) }
        for run in runs { try FileKind.require(.runDirectory, at: run.path) }
        let drawsPage = output != nil || csv == nil && tensorBoard == nil
        let page = output ?? ReportPage.defaultPath(for: runs)
        // Reading may take a while; errors about an output are better reported at once.
        if drawsPage { try requireWritable(page, overwrite: overwrite) }
        if let csv { try requireWritable(csv, overwrite: overwrite) }
        let export = RunExport(runs, overwrite: overwrite)
        if csv != nil || tensorBoard != nil {
            let histories = try zip(runs, RunHistory.names(of: runs)).map {
                try RunHistory($0, name: $1, longestSample: .max)
            }
            if let csv { try export.writeTable(histories, to: csv) }
            if let tensorBoard { try export.writeEvents(histories, in: tensorBoard) }
        }
        if watch {
            try ReportWatch(runs).run(printing: page) { refreshSeconds in
                // Nothing was in the way of the first page, and the later ones replace it.
                try Self.page(on: runs, refreshSeconds: refreshSeconds)
                    .write(to: page, overwrite: true)
            }
        } else if drawsPage {
            try writePage(on: runs, to: page)
        }
    }

    private func writePage(on runs: [RunDirectory], to path: FilePath) throws {
        let page = try Self.page(on: runs)
        if path == "-" { return try Terminal.write(page.source) }
        try page.write(to: path, overwrite: overwrite)
        try Terminal.print("\(path)", besideOutput: path)
    }

    private static func page(
        on runs: [RunDirectory],
        refreshSeconds: Int? = nil
    ) throws -> ReportPage {
        let histories = try zip(runs, RunHistory.names(of: runs)).map {
            try RunHistory($0, name: $1, defaults: TrainCommand.defaultFlags)
        }
        return try ReportPage(histories, refreshSeconds: refreshSeconds)
    }
}
