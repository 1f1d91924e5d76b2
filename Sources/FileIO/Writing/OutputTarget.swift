// What is at the path of an output, and so how it is written: a file is replaced as a whole in its
// real place, a device or a pipe is written into. Nothing is opened or changed here.

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
    /// A file, existing or not, after following the links to it.
    case file(FilePath)
    /// A device, a pipe or an open file of some process: bytes are written into it.
    case stream(FilePath)
    /// A file descriptor of this process, as in `/dev/stdout` and `/dev/fd/1`.
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

    /// Whether the target is written into, and so never replaced.
    var isStream: Bool {
        if case .file = self { return false }
        return true
    }

    /// The path that `path` stands for after following all links at its end; the last may be
    /// dangling.
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

    /// The meaning of a path that stands for an open file; nil for all other paths.
    private static func open(_ path: FilePath) -> Self? {
        // Only asked where it is possible, because it takes several calls.
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

    /// Whether the links in a directory stand for open files of processes.
    ///
    /// The target of such a link may not be a path at all, and replacing that path would leave the
    /// open file unchanged.
    private static func isListOfOpenFiles(_ directory: FilePath) -> Bool {
        guard let real = FileSystem.realPath(directory) else { return false }
        return real == "/dev/fd"
            || real.starts(with: "/proc") && real.lastComponent?.string == "fd"
    }

    /// The kind and the permissions of what `path` names; 0 when nothing is there.
    private static func mode(of path: FilePath) throws -> mode_t {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) != 0 else { return status.st_mode }
        if errno == ENOENT { return 0 }
        throw FileIOError(Errno(rawValue: errno), path: path, action: "create")
    }
}
