// A directory whose files appear together. The caller writes the files.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A directory that is filled under a hidden name and takes its own on ``commit(replacing:)``, or
/// never.
///
/// Releasing the object without a commit removes it with the files in it, and the directories above
/// it that were made for it.
package final class AtomicDirectory {
    /// The name it takes in the end, with links resolved.
    package let destination: FilePath
    /// Where the files are written.
    package let path: FilePath
    /// What was created above it, innermost first.
    private let parents: [FilePath]
    /// Whether nobody needs what is at `path`.
    private var isDisposable = true

    /// Makes an empty directory next to `destination`.
    /// - Throws: ``FileIOError`` when it cannot be made, when `destination` is not a directory or,
    ///   unless `overwrite` is set, when it is not empty.
    package init(_ destination: FilePath, overwrite: Bool) throws {
        guard !destination.isEmpty else {
            throw FileIOError.system(
                path: destination,
                action: "create",
                reason: "the name is empty"
            )
        }
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
        // The target of a link or of `.` has siblings of its own.
        let real = FileSystem.realPath(destination) ?? destination
        let beside = real.beside(prefix: ".", suffix: AtomicFile.temporarySuffix())
        self.destination = real
        parents = FileSystem.missingDirectories(of: beside.removingLastComponent())
        do {
            try FileSystem.createDirectory(beside)
            path = beside
        } catch {
            for parent in parents { FileSystem.removeIfEmpty(parent) }
            // The user may be allowed to write into a directory, but not next to it.
            guard FileSystem.isDirectory(real), let name = beside.lastComponent else {
                throw Self.error(error, naming: destination, inPlaceOf: beside)
            }
            path = real.appending(name)
            do { try FileSystem.createDirectory(path) } catch {
                throw Self.error(error, naming: destination, inPlaceOf: path)
            }
        }
    }

    /// Writes a file of text into it.
    /// - Throws: ``FileIOError``.
    package func write(_ text: String, to name: String) throws {
        let file = try AtomicFile(path.appending(name))
        try file.write(Array(text.utf8))
        try file.commit()
    }

    /// The error without the hidden name, which would mean nothing to anybody.
    private static func error(
        _ error: any Error,
        naming destination: FilePath,
        inPlaceOf hidden: FilePath
    ) -> any Error {
        guard case FileIOError.system(hidden, let action, let reason) = error else { return error }
        return FileIOError.system(path: destination, action: action, reason: reason)
    }

    /// Gives the directory its name.
    ///
    /// A non-empty directory of that name is replaced in one step; those of its files that are to
    /// stay are then moved into the new one.
    /// - Parameter isStale: Whether to remove an existing file that no new one replaces.
    /// - Throws: ``FileIOError``.
    package func commit(replacing isStale: (_ name: String) -> Bool) throws {
        let names = try FileSystem.names(in: path)
        // An empty directory in the way is replaced.
        let result = path.withPlatformString { old in
            destination.withPlatformString { new in rename(old, new) }
        }
        let number = errno
        if result == 0 { return try FileSystem.flushDirectory(of: destination) }
        guard FileSystem.isDirectory(destination) else {
            throw FileIOError(Errno(rawValue: number), path: destination, action: "create")
        }
        for file in names.map({ destination.appending($0) }) where FileSystem.isDirectory(file) {
            throw FileIOError.system(
                path: file,
                action: "create",
                reason: "a directory has that name; move it away"
            )
        }
        let kept = try FileSystem.names(in: destination).filter {
            !names.contains($0) && !isStale($0.string)
        }
        try takeAttributes()
        guard !FileSystem.isCurrent(destination), exchange() else {
            return try moveFiles(names, keeping: kept)
        }
        // Now `path` is the old directory, and its contents must not be removed with it.
        isDisposable = kept.isEmpty
        for name in kept {
            try FileSystem.giveName(destination.appending(name), to: path.appending(name))
        }
        isDisposable = true
        try FileSystem.flushDirectory(of: destination)
    }

    /// Gives the new directory the owner and the permissions of the old one.
    private func takeAttributes() throws {
        let descriptor = try systemCall("open", path) {
            path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
        }
        defer { close(descriptor) }
        FileAttributes(of: destination)?.apply(to: descriptor)
    }

    /// Swaps two directories.
    /// - Returns: Whether they were swapped; if not, nothing has changed.
    private func exchange() -> Bool {
        if FileSystem.exchange(path, destination) { return true }
        // This file system cannot swap in one step: for a moment there is neither.
        let aside = destination.beside(prefix: ".", suffix: AtomicFile.temporarySuffix())
        do {
            try FileSystem.giveName(aside, to: destination)
            do { try FileSystem.giveName(destination, to: path) } catch {
                try FileSystem.giveName(destination, to: aside)
                throw error
            }
            try FileSystem.giveName(path, to: aside)
            return true
        } catch {
            return false
        }
    }

    /// Moves the files one by one: into a mount point, which has to stay, or into the current
    /// directory of some process, which would otherwise be left with the old one.
    private func moveFiles(_ names: [FilePath.Component], keeping kept: [FilePath.Component]) throws
    {
        for name in try FileSystem.names(in: destination)
        where !names.contains(name) && !kept.contains(name) {
            try FileSystem.remove(destination.appending(name))
        }
        for name in names {
            try FileSystem.move(path.appending(name), to: destination.appending(name))
        }
    }

    deinit {
        guard isDisposable else { return }
        // There is nobody left to report errors to. After a commit only old files remain here.
        for name in (try? FileSystem.names(in: path)) ?? [] {
            try? FileSystem.remove(path.appending(name))
        }
        try? FileSystem.removeDirectory(path)
        // Only directories that are still empty go.
        for parent in parents { FileSystem.removeIfEmpty(parent) }
    }
}
