// A file that may take several runs to arrive. Until it is complete it is called NAME.part, and
// NAME.part.version next to it says which version of the source the bytes are from. It does not
// know where they come from. Like AppendingFile it is not written atomically, because what was
// received must survive the process, but the final name still never stands for half of it.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The part of a file that has arrived so far; it stays on the disk until it is committed or
/// removed.
package final class ResumableFile {
    /// The name the file takes when it is committed.
    package let destination: FilePath
    /// Where the bytes are until then.
    package let path: FilePath
    /// Bytes that have arrived.
    package private(set) var count: Int
    /// What identifies the version of the source that the bytes are from; nil when that is unknown.
    package private(set) var version: String?

    /// The destination after following links: the part must be on the same file system.
    private let target: FilePath
    private let descriptor: CInt
    private let versionPath: FilePath

    /// Longer identifiers, and those with anything but printable ASCII, are not kept.
    private static let longestVersion = 1024

    /// Continues the part of `destination` that an earlier run left, or begins an empty one.
    /// - Throws: ``FileIOError`` when the directory cannot be written, when another process is
    ///   writing the same file, or when the destination is not a file and may not be replaced by
    ///   one.
    package init(for destination: FilePath) throws {
        guard case .file(let target) = try OutputTarget(destination) else {
            throw FileIOError.system(
                path: destination,
                action: "create",
                reason: "a download must be able to resume, which a pipe or a device does not allow"
            )
        }
        self.target = target
        let path = target.beside(suffix: ".part")
        descriptor = try Self.openLocked(path)
        self.destination = destination
        self.path = path
        versionPath = target.beside(suffix: ".part.version")
        count = 0
        count = Int(try systemCall("inspect", path) { lseek(descriptor, 0, SEEK_END) })
        version = Self.storedVersion(at: versionPath)
    }

    /// Opens the file at `path`, creating it if necessary, for exclusive use by this object.
    private static func openLocked(_ path: FilePath) throws -> CInt {
        while true {
            let descriptor = try systemCall("create", path) {
                path.withPlatformString { open($0, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666) }
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                throw FileIOError.system(
                    path: path,
                    action: "create",
                    reason: "another process is writing it; wait until it ends"
                )
            }
            var (opened, named) = (stat(), stat())
            if fstat(descriptor, &opened) == 0,
                path.withPlatformString({ stat($0, &named) }) == 0,
                opened.st_dev == named.st_dev, opened.st_ino == named.st_ino
            {
                return descriptor
            }
            // Whoever held the lock has finished or removed the file since it was opened.
            close(descriptor)
        }
    }

    /// Appends `bytes`.
    /// - Throws: ``FileIOError`` when the disk is full or fails; ``count`` is then what arrived.
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            try writeAll(bytes, to: descriptor, path: path)
            count += bytes.count
        } catch {
            // Some of the bytes may have been written before the disk was full.
            count = Int(try systemCall("inspect", path) { lseek(descriptor, 0, SEEK_END) })
            throw error
        }
    }

    /// Discards what has arrived and starts over with bytes of `version`.
    /// - Throws: ``FileIOError`` when the disk fails.
    package func restart(version: String?) throws {
        // Emptied before the version changes, so that a crash in between leaves no bytes of the
        // wrong one.
        _ = try systemCall("write", path) { ftruncate(descriptor, 0) }
        count = 0
        self.version = version.flatMap { Self.isStorable($0) ? $0 : nil }
        guard let stored = self.version else { return try FileSystem.remove(versionPath) }
        let file = try AtomicFile(versionPath)
        try file.write(Array(stored.utf8))
        try file.commit()
    }

    /// Flushes everything to the disk and gives the file its name.
    /// - Throws: ``FileIOError``; the name then still stands for what it stood for before.
    package func commit() throws {
        _ = try systemCall("flush", path) { fsync(descriptor) }
        try FileSystem.move(path, to: target)
        try FileSystem.remove(versionPath)
    }

    /// Removes what has arrived, which turned out to be useless.
    /// - Throws: ``FileIOError``.
    package func remove() throws {
        try FileSystem.remove(versionPath)
        try FileSystem.remove(path)
    }

    /// Lets others continue the file before the last reference to this object goes; nothing may be
    /// appended after that.
    package func release() {
        _ = flock(descriptor, LOCK_UN)
    }

    private static func storedVersion(at path: FilePath) -> String? {
        guard let size = FileSystem.byteCount(of: path), size > 0, size <= longestVersion,
            let bytes = try? MappedFile(path).contents()
        else { return nil }
        let version = String(decoding: bytes, as: UTF8.self)
        return isStorable(version) ? version : nil
    }

    private static func isStorable(_ version: String) -> Bool {
        (1...longestVersion).contains(version.utf8.count)
            && version.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    deinit {
        close(descriptor)
    }
}
