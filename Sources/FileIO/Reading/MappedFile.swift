// A whole file as read-only memory. The operating system pages it in on demand and shares it
// between processes, so opening a model of many gigabytes costs nothing until it is read.

import CMapping
import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A read-only memory mapping of a regular file, unmapped when the last reference goes.
///
/// The size is taken once, when the file is opened. If another process truncates the file later,
/// zeros are read in place of what is lost, so readers call ``requireIntact()`` before they trust
/// what they read. A file that is deleted or replaced remains readable while it is mapped.
// @unchecked Sendable: the mapping is private and read-only, and its properties are constants
// except for the watched range, which is thread-safe.
package final class MappedFile: @unchecked Sendable {
    /// Where the file was opened, for messages.
    package let path: FilePath
    // Never handed out: a pointer does not keep the mapping alive.
    private let bytes: UnsafeRawBufferPointer
    /// Nil for an empty file.
    private let watched: OpaquePointer?
    /// The identity of the file, whatever has its name now.
    private let device: dev_t
    private let number: ino_t

    /// The file's size in bytes.
    package var count: Int { bytes.count }

    /// Maps the file at `path`.
    /// - Throws: ``FileIOError`` when it is missing, a directory, unreadable or not a regular file.
    package init(_ path: FilePath) throws {
        self.path = path
        // O_NONBLOCK, because opening a pipe would wait for a writer.
        let descriptor = try systemCall("open", path) {
            path.withPlatformString { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        }
        defer { close(descriptor) }
        var status = stat()
        _ = try systemCall("inspect", path) { fstat(descriptor, &status) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw FileIOError.isDirectory(path: path)
        default: throw FileIOError.notAFile(path)
        }
        let size = Int(status.st_size)
        (device, number) = (status.st_dev, status.st_ino)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            watched = nil
            return
        }
        let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw FileIOError(Errno(rawValue: errno), path: path, action: "map")
        }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
        watched = cm_watch(address, size)
    }

    /// Checks that what was read so far was in the file.
    ///
    /// It costs one system call, so call it for a batch or a tensor and not for an element.
    /// - Throws: ``FileIOError/shrunk(path:)``.
    package func requireIntact() throws {
        try requireNoLostPages()
        // The last page stays as long as one byte of it does, with zeros after that.
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0,
            status.st_dev == device, status.st_ino == number, status.st_size < bytes.count
        else { return }
        throw FileIOError.shrunk(path: path)
    }

    /// The same without a system call, but it does not notice losses within the last page.
    func requireNoLostPages() throws {
        if cm_has_lost_pages(watched) { throw FileIOError.shrunk(path: path) }
    }

    /// Calls `body` with the file's bytes, which it must not keep, and checks afterwards that they
    /// were the file's.
    /// - Throws: ``FileIOError/shrunk(path:)``, also in place of an error caused by the lost bytes;
    ///   otherwise what `body` throws.
    package func withIntactBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let result = Swift.Result { try withUnsafeBytes(body) }
        try requireIntact()
        return try result.get()
    }

    /// Calls `body` with the file's bytes, which it must not keep; see ``requireIntact()``.
    package func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        // The mapping must outlive the call, even when this is the last use of the object.
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// A copy of the whole file; for small files.
    /// - Throws: ``FileIOError/shrunk(path:)``.
    package func contents() throws -> [UInt8] {
        try withIntactBytes { Array($0) }
    }

    /// Says that some bytes are not needed for now, so that their pages no longer count as this
    /// process's memory; they are read again when needed.
    package func releasePages(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "bytes \(range)")
        let page = Int(sysconf(CInt(_SC_PAGESIZE)))
        let first = range.lowerBound / page * page
        guard let start = bytes.baseAddress, !range.isEmpty else { return }
        // This is advice: if it is ignored, memory is only freed later.
        _ = madvise(
            UnsafeMutableRawPointer(mutating: start + first),
            range.upperBound - first,
            MADV_DONTNEED
        )
    }

    deinit {
        cm_unwatch(watched)
        if let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }
}
