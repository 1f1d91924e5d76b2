// Files that belong together and are to appear together. Writing them is the caller's.

import FileIO

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
        path = destination.appending(name)
            .beside(prefix: ".", suffix: AtomicFile.temporarySuffix())
        try FileSystem.createDirectory(path)
    }

    /// Moves the named files to their final place, where they replace files of the same names, and
    /// are written into devices and pipes.
    /// - Throws: `FileIOError`; files that were moved by then remain.
    func publish(_ names: [FilePath.Component]) throws {
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
