// `report --csv` and `report --tensorboard`: measurements written for other programs.

import Swiftlet

/// Writes what runs measured.
struct RunExport {
    private let runs: [RunDirectory]
    private let overwrite: Bool

    /// - Parameters:
    ///   - runs: Where the runs are.
    ///   - overwrite: Whether what exists may be replaced.
    init(_ runs: [RunDirectory], overwrite: Bool) {
        self.runs = runs
        self.overwrite = overwrite
    }

    /// Writes a table and prints its path, or prints the table.
    func writeTable(_ histories: [RunHistory], to path: FilePath) throws {
        let table = MetricsTable(histories)
        if path == "-" {
            // A terminal would obey control characters in a sample.
            return try table.write {
                try Terminal.writeGenerated(String(decoding: $0, as: UTF8.self))
            }
        }
        let file = try AtomicFile(path, overwrite: overwrite)
        try table.write(file.write)
        try file.commit()
        try Terminal.print("\(path)", besideOutput: path)
    }

    /// Writes an event file for each run, and prints the paths.
    func writeEvents(_ histories: [RunHistory], in directory: FilePath) throws {
        let places = histories.count == 1 ? [directory] : Self.places(of: histories, in: directory)
        // A running run owns its event file, which must not be replaced.
        let locks = try places.map { place in try RunDirectory(place).lockIfRun() }
        defer { withExtendedLifetime(locks) {} }
        for (run, (history, place)) in zip(runs, zip(histories, places)) {
            let path = try EventFile.write(
                history,
                endingAt: FileSystem.modificationTime(of: run.metricsPath) ?? 0,
                in: place,
                overwrite: overwrite
            )
            try Terminal.print("\(path)")
        }
    }

    /// A directory for each run, by its name; a name that is a path becomes a single word, so that
    /// it leads nowhere else.
    private static func places(of runs: [RunHistory], in directory: FilePath) -> [FilePath] {
        var taken: Set<String> = []
        return runs.map { run in
            let word = run.name.replacing("/", with: "_")
            let name = ["", ".", ".."].contains(word) ? "run" : word
            var unique = name
            var count = 1
            while !taken.insert(unique).inserted {
                count += 1
                unique = "\(name)_\(count)"
            }
            return directory.appending(unique)
        }
    }
}
