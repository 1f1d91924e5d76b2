// Files that belong together and are to appear together. Writing them is the caller's.

import FileIO

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A hidden directory beside the final place of files, in which they are written first.
///
/// Letting go of the object removes what was not published.
final class StagingDirectory {
    /// Where the files go in the end.
    let destination: FilePath
    /// Where they are written.
    let path: FilePath

    /// Makes an empty directory inside `destination`, which is made too if it is missing.
    /// - Throws: `FileIOError` when `destination` cannot be made or written.
    init(in destination: FilePath, name: String) throws {
        self.destination = destination
        // The process id and a random suffix keep two preparations of one name apart.
        let suffix = "\(getpid())-\(UInt32.random(in: 0 ... .max))"
        path = destination.appending(".\(name).\(suffix)")
        try FileSystem.createDirectory(path)
    }

    /// Moves the named files to their final place, where they replace files of the same names.
    /// - Throws: `FileIOError`; files that were moved by then remain.
    func publish(_ names: [String]) throws {
        for name in names {
            try FileSystem.move(path.appending(name), to: destination.appending(name))
        }
    }

    deinit {
        // Nobody is left to hear of errors.
        for name in (try? FileSystem.names(in: path)) ?? [] {
            try? FileSystem.remove(path.appending(name))
        }
        try? FileSystem.removeDirectory(path)
    }
}
