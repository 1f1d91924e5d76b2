// What runs are called on a page: as short as tells them apart.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RunHistory {
    /// A name for the run in each directory, no two of them equal.
    ///
    /// The directory's own name; of those that share it, the whole path.
    public static func names(of directories: [RunDirectory]) -> [String] {
        let short = directories.map { name(of: $0.path) }
        var used: [String: Int] = [:]
        return zip(directories, short).map { directory, name in
            let isShared = short.count { $0 == name } > 1
            let candidate = isShared ? directory.path.string : name
            used[candidate, default: 0] += 1
            let count = used[candidate, default: 1]
            return count == 1 ? candidate : "\(candidate) (\(count))"
        }
    }

    /// The last component, also of paths such as `.` and `..`, which have none of their own.
    private static func name(of path: FilePath) -> String {
        var full = FilePath(FileManager.default.currentDirectoryPath).pushing(path)
        full.lexicallyNormalize()
        return full.lastComponent?.string ?? full.string
    }
}
