// A directory whose files are to appear together. Writing them is the caller's.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A directory being filled under a hidden name, which takes its own on ``commit(replacing:)``; or
/// never.
///
/// Letting go of the object without a commit removes it with the files in it.
package final class AtomicDirectory {
    /// The name it takes in the end.
    package let destination: FilePath
    /// Where the files are written.
    package let path: FilePath

    /// Makes an empty directory beside `destination`.
    /// - Throws: ``FileIOError`` when it cannot be made, when `destination` is no directory or,
    ///   unless `overwrite` is set, when it is one that is not empty.
    package init(_ destination: FilePath, overwrite: Bool) throws {
        self.destination = destination
        if FileSystem.exists(destination) {
            guard FileSystem.isDirectory(destination) else {
                throw FileIOError.system(
                    path: destination,
                    action: "create",
                    reason: "it exists and is not a directory"
                )
            }
            guard try overwrite || FileSystem.names(in: destination).isEmpty else {
                throw FileIOError.alreadyExists(path: destination)
            }
        }
        path = destination.beside(prefix: ".", suffix: AtomicFile.temporarySuffix())
        try FileSystem.createDirectory(path)
    }

    /// Gives the directory its name.
    ///
    /// Where one with files in it has that name, the new files are
    /// moved there one by one, and replace those of the same names.
    /// - Parameter isStale: Whether a file that is there, and that no new one replaces, is to go.
    /// - Throws: ``FileIOError``; files that were moved by then remain.
    package func commit(replacing isStale: (_ name: String) -> Bool) throws {
        // An empty directory in the way is replaced.
        let result = path.withPlatformString { old in
            destination.withPlatformString { new in rename(old, new) }
        }
        let number = errno
        if result == 0 { return try FileSystem.flushDirectory(of: destination) }
        // One with files in it is not, nor a link to one, the place of a mounted disk, or `.`.
        guard FileSystem.isDirectory(destination) else {
            throw FileIOError(Errno(rawValue: number), path: destination, action: "create")
        }
        let names = try FileSystem.names(in: path)
        for name in try FileSystem.names(in: destination)
        where !names.contains(name) && isStale(name.string) {
            try FileSystem.remove(destination.appending(name))
        }
        for name in names {
            try FileSystem.move(path.appending(name), to: destination.appending(name))
        }
    }

    deinit {
        // Nobody is left to hear of errors. After a commit there is nothing left.
        for name in (try? FileSystem.names(in: path)) ?? [] {
            try? FileSystem.remove(path.appending(name))
        }
        try? FileSystem.removeDirectory(path)
    }
}
