// One process at a time in a directory. The lock is the system's, on the directory itself: it
// leaves no file behind, and it ends with its process, however the process ends.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Exclusive hold on a directory, for as long as this object exists.
///
/// It keeps out only those who ask for the same lock.
package final class DirectoryLock {
    private let descriptor: CInt

    /// Takes the directory at `path`, without waiting.
    /// - Returns: Nil when another process, or another object of this one, holds it.
    /// - Throws: ``FileIOError`` when the directory cannot be opened.
    package init?(_ path: FilePath) throws {
        descriptor = try Self.open(path)
        // Some file systems have no locks; nobody can be kept out there, which is no reason to keep
        // everybody out.
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK { return nil }
    }

    /// Whether somebody holds the directory at `path` at this moment.
    ///
    /// Asking keeps others out for an instant.
    /// - Throws: ``FileIOError`` when the directory cannot be opened.
    package static func isHeld(_ path: FilePath) throws -> Bool {
        let descriptor = try open(path)
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    private static func open(_ path: FilePath) throws -> CInt {
        try systemCall("open", path) {
            path.withPlatformString { systemOpen($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        }
    }

    deinit {
        close(descriptor)
    }
}

/// The C function, which the method above would hide.
private func systemOpen(_ path: UnsafePointer<CChar>, _ flags: CInt) -> CInt {
    open(path, flags)
}
