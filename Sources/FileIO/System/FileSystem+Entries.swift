// Entries of directories: what they are, how much space is left, removing them, and giving a
// finished file its final name, whatever is there.

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
    package static func isSymbolicLink(_ path: FilePath) -> Bool {
        var status = stat()
        let result = path.withPlatformString { lstat($0, &status) }
        return result == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// The absolute form of `path`, with links, `.` and `..` resolved; nil where it leads nowhere.
    package static func realPath(_ path: FilePath) -> FilePath? {
        guard let real = path.withPlatformString({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        return FilePath(platformString: real)
    }

    /// Whether `path` is the current directory of this process.
    static func isCurrent(_ path: FilePath) -> Bool {
        realPath(path).map { $0 == realPath(".") } ?? false
    }

    /// The size of a regular file; nil for pipes, devices and what does not exist.
    package static func byteCount(of path: FilePath) -> Int? {
        var status = stat()
        let result = path.withPlatformString { stat($0, &status) }
        return result == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    /// Bytes that a user without privileges may still write to the file system of `path`.
    /// - Throws: ``FileIOError``.
    package static func availableByteCount(at path: FilePath) throws -> Int {
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
    package static func requireReadable(_ path: FilePath) throws {
        _ = try systemCall("open", path) { path.withPlatformString { access($0, R_OK) } }
    }

    /// Whether output to this name is written into what is there, a device or a pipe, instead of
    /// replacing it.
    package static func isStream(_ path: FilePath) -> Bool {
        (try? OutputTarget(path))?.isStream ?? false
    }

    /// Whether output to this name, such as `/dev/stdout`, goes to standard output.
    package static func isStandardOutput(_ path: FilePath) -> Bool {
        (try? OutputTarget(path)) == .descriptor(STDOUT_FILENO)
    }

    /// Removes a directory that is empty.
    /// - Throws: ``FileIOError``.
    package static func removeDirectory(_ path: FilePath) throws {
        _ = try systemCall("remove", path) { path.withPlatformString { rmdir($0) } }
    }
}

extension FileSystem {
    /// Renames a file, replacing what had that name.
    ///
    /// Links are followed, and a file that is replaced passes its owner and permissions on to the
    /// new one. If the name is a device or a pipe, the bytes are written into it.
    /// - Throws: ``FileIOError``; both names then stand for what they stood for before.
    package static func move(_ source: FilePath, to destination: FilePath) throws {
        guard case .file(let target) = try OutputTarget(destination) else {
            return try copy(source, to: destination)
        }
        if let attributes = FileAttributes(of: target) {
            let descriptor = try systemCall("open", source) {
                source.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
            }
            defer { close(descriptor) }
            attributes.apply(to: descriptor)
        }
        let result = source.withPlatformString { old in
            target.withPlatformString { new in rename(old, new) }
        }
        if result == 0 { return try flushDirectory(of: target) }
        // A link may lead to another file system.
        guard errno == EXDEV else {
            throw FileIOError(Errno(rawValue: errno), path: destination, action: "create")
        }
        try copy(source, to: destination)
    }

    /// Writes the bytes of `source` to `destination`, and removes it.
    private static func copy(_ source: FilePath, to destination: FilePath) throws {
        let output = try AtomicFile(destination)
        try InputFile(source).forEachChunk(ofAtMost: 1 << 20) { try output.write($0) }
        try output.commit()
        try remove(source)
    }

    /// Renames what is at `source` within its file system, without following links.
    /// - Throws: ``FileIOError``; both names then stand for what they stood for before.
    static func giveName(_ destination: FilePath, to source: FilePath) throws {
        _ = try systemCall("rename", source) {
            source.withPlatformString { old in
                destination.withPlatformString { new in rename(old, new) }
            }
        }
    }

    /// Swaps what two names stand for, in one step.
    /// - Returns: Whether it was done; not every system and file system can.
    static func exchange(_ first: FilePath, _ second: FilePath) -> Bool {
        first.withPlatformString { first in
            second.withPlatformString { second in
                #if canImport(Darwin)
                    return renamex_np(first, second, UInt32(RENAME_SWAP)) == 0
                #else
                    // A Linux call that C libraries only declare on request, and that older ones
                    // lack.
                    typealias Call =
                        @convention(c) (
                            CInt, UnsafePointer<CChar>, CInt, UnsafePointer<CChar>, CUnsignedInt
                        ) -> CInt
                    guard let symbol = dlsym(nil, "renameat2") else { return false }
                    // The type is the one in the library's own declaration.
                    let call = unsafeBitCast(symbol, to: Call.self)
                    let exchangingNames: CUnsignedInt = 2
                    return call(AT_FDCWD, first, AT_FDCWD, second, exchangingNames) == 0
                #endif
            }
        }
    }
}
