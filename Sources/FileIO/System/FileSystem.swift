// Questions about paths and directories that FilePath itself does not answer.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Questions and small changes to the file system, each one system call or two.
package enum FileSystem {
    /// Whether anything exists at `path` (a dangling link does not).
    package static func exists(_ path: FilePath) -> Bool {
        mode(of: path) != nil
    }

    /// Whether `path` is a directory, or a link to one.
    package static func isDirectory(_ path: FilePath) -> Bool {
        mode(of: path).map { $0 & S_IFMT == S_IFDIR } ?? false
    }

    /// Creates the directory `path` and those above it; one that exists is left as it is.
    /// - Parameters:
    ///   - path: The directory.
    ///   - permissions: Those of each that is created, before the umask.
    /// - Throws: ``FileIOError`` when a name on the way is a file or may not be created.
    package static func createDirectory(_ path: FilePath, permissions: UInt32 = 0o777) throws {
        if path.isEmpty || isDirectory(path) { return }
        try createDirectory(path.removingLastComponent(), permissions: permissions)
        do {
            _ = try systemCall("create", path) {
                path.withPlatformString { mkdir($0, mode_t(permissions)) }
            }
        } catch {
            // Another process may have created it in between.
            if isDirectory(path) { return }
            guard exists(path) else { throw error }
            throw FileIOError.system(
                path: path,
                action: "create",
                reason: "it exists and is not a directory"
            )
        }
    }

    /// The directories that ``createDirectory(_:)`` would have to create, `path` first.
    package static func missingDirectories(of path: FilePath) -> [FilePath] {
        var missing: [FilePath] = []
        var path = path
        while !path.isEmpty && !exists(path) {
            missing.append(path)
            path = path.removingLastComponent()
        }
        return missing
    }

    /// Removes a directory when nothing is in it; anything else is left as it is.
    package static func removeIfEmpty(_ directory: FilePath) {
        _ = directory.withPlatformString { rmdir($0) }
    }

    /// The names in a directory, sorted by their bytes, without `.` and `..`.
    ///
    /// A name is bytes and need not be text, so it is not a string.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    package static func names(in directory: FilePath) throws -> [FilePath.Component] {
        guard let stream = directory.withPlatformString({ opendir($0) }) else {
            throw FileIOError(Errno(rawValue: errno), path: directory, action: "list")
        }
        defer { closedir(stream) }
        var names: [FilePath] = []
        while true {
            // Only errno tells the end of the directory from a failure.
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(
                    to: CInterop.PlatformChar.self,
                    capacity: MemoryLayout.size(ofValue: tuple.pointee)
                ) { FilePath(platformString: $0) }
            }
            names.append(name)
        }
        guard errno == 0 else {
            throw FileIOError(Errno(rawValue: errno), path: directory, action: "list")
        }
        return names.sorted(by: precedes).compactMap(\.lastComponent)
            .filter { $0.kind == .regular }
    }

    /// The paths matching a shell pattern (`*`, `?`, `[...]`), sorted; empty when none does.
    ///
    /// A name that exists exactly as the pattern is written is taken literally: names may contain
    /// brackets and stars. The same goes for the directories that the pattern begins with.
    package static func paths(matching pattern: FilePath) -> [FilePath] {
        if exists(pattern) || isSymbolicLink(pattern) { return [pattern] }
        var result = glob_t()
        defer { globfree(&result) }
        let isFound = escapingDirectories(of: pattern).withPlatformString {
            glob($0, 0, nil, &result) == 0
        }
        guard isFound else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { index in
            result.gl_pathv[index].map { FilePath(platformString: $0) }
        }
        .sorted(by: precedes)
    }

    /// The same pattern, with special characters escaped in the directories it begins with, as far
    /// as they exist.
    private static func escapingDirectories(of pattern: FilePath) -> FilePath {
        var directory = pattern.removingLastComponent()
        while !directory.isEmpty && !exists(directory) { directory.removeLastComponent() }
        let special = Set("*?[\\".utf8)
        let escaped = directory.bytes.flatMap { byte in
            special.contains(byte) ? [UInt8(ascii: "\\"), byte] : [byte]
        }
        return FilePath(bytes: escaped + pattern.bytes.dropFirst(directory.bytes.count))
    }

    private static func precedes(_ first: FilePath, _ second: FilePath) -> Bool {
        first.withPlatformString { first in
            second.withPlatformString { second in strcmp(first, second) < 0 }
        }
    }

    /// Removes a file; it is not an error if there is none.
    package static func remove(_ path: FilePath) throws {
        do {
            _ = try systemCall("remove", path) { path.withPlatformString { unlink($0) } }
        } catch FileIOError.missing {}
    }

    /// Makes a new or renamed entry of a directory survive a crash of the machine.
    static func flushDirectory(of path: FilePath) throws {
        let parent = path.removingLastComponent()
        let directory = parent.isEmpty ? FilePath(".") : parent
        let descriptor = try systemCall("open", directory) {
            directory.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
        }
        defer { close(descriptor) }
        // Some file systems do not flush directories; the rename itself is still atomic.
        _ = fsync(descriptor)
    }

    private static func mode(of path: FilePath) -> mode_t? {
        var status = stat()
        let result = path.withPlatformString { stat($0, &status) }
        return result == 0 ? status.st_mode : nil
    }
}

extension FileSystem {
    /// The absolute form of `path`, without `.` and `..`.
    package static func absolute(_ path: FilePath) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        var full = path
        // Where the current directory is gone, a relative path stays as it is.
        if path.isRelative, getcwd(&buffer, buffer.count) != nil {
            full = FilePath(platformString: buffer).pushing(path)
        }
        full.lexicallyNormalize()
        return full
    }

    /// The path that leads to `path` from `directory`.
    package static func path(to path: FilePath, from directory: FilePath) -> FilePath {
        let (target, start) = (absolute(path).components, absolute(directory).components)
        let shared = zip(target, start).prefix { $0 == $1 }.count
        let up = [FilePath.Component](repeating: "..", count: start.count - shared)
        return FilePath(root: nil, up + target.dropFirst(shared))
    }
}

extension FileSystem {
    /// When the content of what is at `path` was last changed, in seconds since 1970; nil when
    /// nothing is there.
    package static func modificationTime(of path: FilePath) -> Double? {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else { return nil }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
