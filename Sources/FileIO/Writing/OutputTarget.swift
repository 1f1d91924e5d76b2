// What stands at the path of an output, and so how it is written: a file is replaced as a whole
// where it really lies, a device or a pipe is written into. Nothing is opened or changed here.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the bytes for a path go.
enum OutputTarget: Equatable {
    /// A file, there or not yet, with the links to it followed.
    case file(FilePath)
    /// A device, a pipe, or what a process has open: its bytes are written into it.
    case stream(FilePath)
    /// What this process has open under a number, as `/dev/stdout` and `/dev/fd/1` name it.
    case descriptor(CInt)

    /// Finds out where `path` leads.
    /// - Throws: ``FileIOError`` when that is a directory or a socket, or nowhere.
    init(_ path: FilePath) throws {
        guard !path.isEmpty else {
            throw FileIOError.system(path: path, action: "create", reason: "the name is empty")
        }
        let real = try Self.followingLinks(path)
        if let open = Self.open(real) {
            self = open
            return
        }
        switch try Self.mode(of: real) & S_IFMT {
        case S_IFDIR:
            throw FileIOError.system(
                path: path,
                action: "create",
                reason: "it is a directory; name a file in it"
            )
        case S_IFCHR, S_IFBLK, S_IFIFO: self = .stream(real)
        case S_IFSOCK:
            throw FileIOError.system(
                path: path,
                action: "create",
                reason: "it is a socket, which takes no file; choose another output"
            )
        default: self = .file(real)
        }
    }

    /// Whether what stands there is written into, and so never replaced.
    var isStream: Bool {
        if case .file = self { return false }
        return true
    }

    /// The path that `path` stands for when all links at its end are followed, the last of which
    /// may lead to nothing.
    private static func followingLinks(_ path: FilePath) throws -> FilePath {
        var current = path
        // As many as Linux follows.
        for _ in 0...40 {
            guard FileSystem.isSymbolicLink(current), !isListOfOpenFiles(current.directory) else {
                return current
            }
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = try systemCall("create", path) {
                current.withPlatformString { name in
                    target.withUnsafeMutableBytes { buffer in
                        buffer.baseAddress.map { readlink(name, $0, buffer.count) } ?? -1
                    }
                }
            }
            current = current.removingLastComponent()
                .pushing(FilePath(bytes: target.prefix(count)))
        }
        throw FileIOError(.tooManySymbolicLinkLevels, path: path, action: "create")
    }

    /// What a name among those that stand for open files means; nil for all other paths.
    private static func open(_ path: FilePath) -> Self? {
        // Asked only where it can be, as it takes several calls.
        guard FileSystem.isSymbolicLink(path) || path.directory == "/dev/fd",
            isListOfOpenFiles(path.directory)
        else { return nil }
        let isOfThisProcess =
            FileSystem.realPath(path.directory) == FileSystem.realPath("/proc/self/fd")
            || path.directory == "/dev/fd"
        if isOfThisProcess, let number = CInt(path.lastComponent?.string ?? "") {
            return .descriptor(number)
        }
        return .stream(path)
    }

    /// Whether the links in a directory stand for what processes have open.
    ///
    /// What such a link reads may be no path at all, and replacing what it reads would leave the
    /// open file what it was.
    private static func isListOfOpenFiles(_ directory: FilePath) -> Bool {
        guard let real = FileSystem.realPath(directory) else { return false }
        return real == "/dev/fd"
            || real.starts(with: "/proc") && real.lastComponent?.string == "fd"
    }

    /// The kind and the permissions of what `path` names; 0 when there is nothing.
    private static func mode(of path: FilePath) throws -> mode_t {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) != 0 else { return status.st_mode }
        if errno == ENOENT { return 0 }
        throw FileIOError(Errno(rawValue: errno), path: path, action: "create")
    }
}
