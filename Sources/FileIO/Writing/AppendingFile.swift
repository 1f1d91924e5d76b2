// A log: a file that grows line by line and may be read by others meanwhile. It is not written
// atomically like other files, so each append is one system call: unless the disk fills up, a line
// is there completely or not at all.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is only appended to.
package final class AppendingFile {
    /// Where the file is.
    package let path: FilePath
    private let descriptor: CInt

    /// Creates the file, or opens it.
    /// - Parameters:
    ///   - path: The file.
    ///   - keepingContents: Whether to append to what is there, or to empty the file first.
    ///   - permissions: Those of a file that is created, before the umask.
    /// - Throws: ``FileIOError`` when the directory cannot be written.
    package init(
        _ path: FilePath,
        keepingContents: Bool = false,
        permissions: UInt32 = 0o666
    ) throws {
        self.path = path
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (keepingContents ? 0 : O_TRUNC)
        descriptor = try systemCall("create", path) {
            path.withPlatformString { open($0, flags, mode_t(permissions)) }
        }
    }

    /// Appends `bytes`.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
    }

    deinit {
        close(descriptor)
    }
}
