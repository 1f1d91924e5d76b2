// Entries of directories: what they are, how much room is left for more, and removing them as a
// whole. Moving them is in FileSystem+Moving.swift.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension FileSystem {
    /// Whether `path` is a symbolic link, wherever it leads.
    public static func isSymbolicLink(_ path: FilePath) -> Bool {
        var status = stat()
        let result = path.withPlatformString { lstat($0, &status) }
        return result == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// `path` from the root on, with links, `.` and `..` followed; nil where it leads nowhere.
    package static func realPath(_ path: FilePath) -> FilePath? {
        guard let real = path.withPlatformString({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        return FilePath(platformString: real)
    }

    /// Whether `path` is the directory that this process works in.
    static func isCurrent(_ path: FilePath) -> Bool {
        realPath(path).map { $0 == realPath(".") } ?? false
    }

    /// The size of a regular file; nil for pipes, devices and what does not exist.
    public static func byteCount(of path: FilePath) -> Int? {
        var status = stat()
        let result = path.withPlatformString { stat($0, &status) }
        return result == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    /// Bytes that a user without privileges may still write to the file system of `path`.
    /// - Throws: ``FileIOError``.
    public static func availableByteCount(at path: FilePath) throws -> Int {
        var status = statvfs()
        _ = try systemCall("inspect", path) {
            path.withPlatformString { statvfs($0, &status) }
        }
        let (count, overflow) = Int(clamping: status.f_bavail)
            .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        return overflow ? .max : count
    }

    /// Checks that `path` exists and may be read, without opening it, which a pipe would notice.
    /// - Throws: ``FileIOError``.
    public static func requireReadable(_ path: FilePath) throws {
        _ = try systemCall("open", path) { path.withPlatformString { access($0, R_OK) } }
    }

    /// Whether an output of this name is written into what stands there, a device or a pipe,
    /// instead of taking its place.
    public static func isStream(_ path: FilePath) -> Bool {
        (try? OutputTarget(path))?.isStream ?? false
    }

    /// Whether an output of this name, such as `/dev/stdout`, goes to standard output.
    public static func isStandardOutput(_ path: FilePath) -> Bool {
        (try? OutputTarget(path)) == .descriptor(STDOUT_FILENO)
    }

    /// Removes a directory that is empty.
    /// - Throws: ``FileIOError``.
    public static func removeDirectory(_ path: FilePath) throws {
        _ = try systemCall("remove", path) { path.withPlatformString { rmdir($0) } }
    }
}
