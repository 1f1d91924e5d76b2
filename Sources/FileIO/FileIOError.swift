// What can go wrong between this process and a file, one sentence each. Formats have errors of
// their own in the modules that know them.

import SystemPackage

/// A path in the file system, from swift-system.
public typealias FilePath = SystemPackage.FilePath

/// A failure to read, write or find a file; `description` is one sentence for the user.
public enum FileIOError: Error, Equatable, Sendable {
    /// Nothing exists at `path`.
    case missing(path: FilePath)
    /// `path` is a directory where a file is needed.
    case isDirectory(path: FilePath)
    /// The file ended early: `needed` more bytes were wanted at `offset`, `available` remained.
    case truncated(path: FilePath, offset: Int, needed: Int, available: Int)
    /// The file lost bytes while it was being read.
    case shrunk(path: FilePath)
    /// A line of text, counted from 1, has more bytes than the reader accepts.
    case lineTooLong(path: FilePath, line: Int, limit: Int)
    /// `path` exists and the caller did not allow replacing it.
    case alreadyExists(path: FilePath)
    /// The operating system refused `action` (a verb phrase such as "write") on `path`.
    case system(path: FilePath, action: String, reason: String)

    /// The error for an `errno` value left by a call on `path`.
    package init(_ errno: Errno, path: FilePath, action: String) {
        switch errno {
        case .noSuchFileOrDirectory where action != "create":
            self = .missing(path: path)
        default:
            self = .system(path: path, action: action, reason: errno.description)
        }
    }

    /// The error for a pipe, a device or a socket where a file's bytes are needed.
    package static func notAFile(_ path: FilePath) -> Self {
        .system(path: path, action: "read", reason: "it is not a regular file")
    }
}

extension FileIOError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path):
            "'\(path)' does not exist; check the path"
        case .isDirectory(let path):
            "'\(path)' is a directory, but a file is needed"
        case .truncated(let path, let offset, let needed, let available):
            "'\(path)' ends too early: \(needed) bytes expected at offset \(offset), "
                + "\(available) found; the file is incomplete, copy or create it again"
        case .shrunk(let path):
            "'\(path)' became shorter, or its disk failed, while it was read; see that nothing "
                + "changes it, and start again"
        case .lineTooLong(let path, let line, let limit):
            "line \(line) of '\(path)' is longer than \(limit) bytes; check that it is the right "
                + "file, and that its lines end"
        case .alreadyExists(let path):
            "'\(path)' already exists; choose another output or allow overwriting it"
        case .system(let path, let action, let reason):
            "cannot \(action) '\(path)': \(reason)"
        }
    }
}
