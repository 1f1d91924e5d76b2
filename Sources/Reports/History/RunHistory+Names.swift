// What runs are called on a page: just long enough to tell them apart.

import FileIO
import Training

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RunHistory {
    /// A name for the run in each directory, no two of them equal.
    ///
    /// One run is named after its directory and the one that holds it; of several, each by as many
    /// of its last directories as tell it from the others. A directory called `run` says nothing
    /// without the one that holds it.
    package static func names(of directories: [RunDirectory]) -> [String] {
        let paths = directories.map { components(of: $0.path) }
        var used: [String: Int] = [:]
        return paths.map { path in
            let least = paths.count == 1 || path.last == "run" ? 2 : 1
            let others = Set(paths).subtracting([path])
            let length = (least...max(least, path.count)).first { length in
                !others.contains { $0.suffix(length) == path.suffix(length) }
            }
            let name = path.suffix(length ?? path.count).joined(separator: "/")
            let candidate = name.isEmpty ? "/" : name
            used[candidate, default: 0] += 1
            let count = used[candidate, default: 1]
            return count == 1 ? candidate : "\(candidate) (\(count))"
        }
    }

    /// The directories of a path, even of `.` and `..`, which do not name their own.
    private static func components(of path: FilePath) -> [String] {
        var full = FilePath(FileManager.default.currentDirectoryPath).pushing(path)
        full.lexicallyNormalize()
        return full.components.map(\.string)
    }
}
