// What is at the path of an output: it is replaced in its real place, or written into.

import TestSupport
import Testing

@testable import FileIO

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite(.serialized) struct OutputTargetTests {
    private func write(_ bytes: [UInt8], to path: FilePath, overwrite: Bool = true) throws {
        let file = try AtomicFile(path, overwrite: overwrite)
        try file.write(bytes)
        try file.commit()
    }

    private func link(_ path: FilePath, to target: String) throws {
        try #require(path.withPlatformString { symlink(target, $0) } == 0)
    }

    private func status(_ path: FilePath) -> stat {
        var status = stat()
        _ = path.withPlatformString { lstat($0, &status) }
        return status
    }

    /// Calls `body` while a pipe at `path` is read, and returns what came out of it.
    private func reading(_ path: FilePath, _ body: () throws -> Void) throws -> [UInt8] {
        try #require(path.withPlatformString { mkfifo($0, 0o600) } == 0)
        // Also opened for writing, so that nobody waits for the other end.
        let descriptor = path.withPlatformString { open($0, O_RDWR | O_NONBLOCK) }
        defer { close(descriptor) }
        try body()
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(count, 0)))
    }

    @Test func aPipeCanBeWrittenInto() throws {
        try withTemporaryDirectory { directory in
            let pipe = directory.appending("pipe")
            let bytes = try reading(pipe) { try write([1, 2], to: pipe, overwrite: false) }
            #expect(bytes == [1, 2])
            #expect(status(pipe).st_mode & S_IFMT == S_IFIFO)
            #expect(try FileSystem.names(in: directory) == ["pipe"])
        }
    }

    @Test func aDeviceCanBeWrittenIntoThroughALink() throws {
        try withTemporaryDirectory { directory in
            let null = directory.appending("null")
            try link(null, to: "/dev/null")
            try write([1], to: null, overwrite: false)
            #expect(FileSystem.isSymbolicLink(null))
            #expect(FileSystem.isStream(null))
            #expect(status("/dev/null").st_mode & S_IFMT == S_IFCHR)
        }
    }

    @Test func theBeginningOfAPipeCannotBeReplaced() throws {
        try withTemporaryDirectory { directory in
            let pipe = directory.appending("pipe")
            let bytes = try reading(pipe) {
                let file = try AtomicFile(pipe)
                try file.write([1, 2])
                let error = #expect(throws: FileIOError.self) { try file.overwrite([3], at: 0) }
                #expect(error?.description.contains("write to a file") == true)
            }
            #expect(bytes == [])
        }
    }

    @Test func aSocketIsRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("s")
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // A path too long for the address is cut, and binding then fails.
            withUnsafeMutableBytes(of: &address.sun_path) {
                $0.copyBytes(from: path.bytes.prefix(100))
            }
            #if canImport(Glibc)
                let kind = CInt(SOCK_STREAM.rawValue)
            #else
                let kind = SOCK_STREAM
            #endif
            let descriptor = socket(AF_UNIX, kind, 0)
            defer { close(descriptor) }
            let result = withUnsafeBytes(of: &address) { bytes in
                bytes.assumingMemoryBound(to: sockaddr.self).baseAddress.map {
                    bind(descriptor, $0, socklen_t(bytes.count))
                }
            }
            try #require(result == 0)
            let error = #expect(throws: FileIOError.self) { try write([1], to: path) }
            #expect(error?.description.contains("it is a socket") == true)
            #expect(status(path).st_mode & S_IFMT == S_IFSOCK)
        }
    }

    @Test func theTargetOfALinkIsReplacedInItsOwnDirectory() throws {
        try withTemporaryDirectory { directory in
            let (real, dangling) = (directory.appending("big/real"), directory.appending("big/new"))
            try FileSystem.createDirectory(real.removingLastComponent())
            try write([1], to: real)
            try link(directory.appending("a"), to: "big/b")
            try link(directory.appending("big/b"), to: real.string)
            try link(directory.appending("c"), to: "big/new")
            for (name, target) in [("a", real), ("c", dangling)] {
                try write([2], to: directory.appending(name))
                #expect(FileSystem.isSymbolicLink(directory.appending(name)))
                #expect(try MappedFile(target).contents() == [2])
            }
            #expect(try FileSystem.names(in: directory.appending("big")) == ["b", "new", "real"])
            #expect(throws: FileIOError.alreadyExists(path: directory.appending("a"))) {
                try write([3], to: directory.appending("a"), overwrite: false)
            }
        }
    }

    @Test func circularLinksAreAnError() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a")
            try link(path, to: "a")
            #expect(throws: FileIOError.self) { try write([1], to: path) }
        }
    }

    @Test func permissionsAreKeptWhenContentIsReplaced() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("private")
            for mode in [0o600, 0o640, 0o444, 0o755] as [mode_t] {
                try write([1], to: path)
                try #require(path.withPlatformString { chmod($0, mode) } == 0)
                try write([2, 3], to: path)
                #expect(status(path).st_mode & 0o7777 == mode)
                #expect(try MappedFile(path).contents() == [2, 3])
                let other = directory.appending("other")
                try write([4], to: other)
                try FileSystem.move(other, to: path)
                #expect(status(path).st_mode & 0o7777 == mode)
                #expect(try MappedFile(path).contents() == [4])
            }
        }
    }

    @Test func permissionsOfOneGroupAreNotGivenToAnother() {
        func kept(_ permissions: mode_t, isOwned: Bool = false, isOfGroup: Bool) -> mode_t {
            FileAttributes.keeping(permissions, isOwned: isOwned, isOfGroup: isOfGroup)
        }
        #expect(kept(0o6755, isOwned: true, isOfGroup: true) == 0o6755)
        #expect(kept(0o6750, isOfGroup: true) == 0o750)
        #expect(kept(0o660, isOfGroup: false) == 0o600)
        #expect(kept(0o2664, isOfGroup: false) == 0o644)
        #expect(kept(0o604, isOfGroup: false) == 0o644)
    }

    @Test(.enabled(if: geteuid() == 0, "only the superuser can give files away"))
    func ownersAreKeptWhenContentIsReplaced() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("theirs")
            try write([1], to: path)
            try #require(path.withPlatformString { chown($0, 12345, 54321) } == 0)
            try write([2], to: path)
            #expect(status(path).st_uid == 12345)
            #expect(status(path).st_gid == 54321)
        }
    }

    @Test(arguments: ["x", "é"])
    func theLongestNamesCanBeWritten(character: String) throws {
        try withTemporaryDirectory { directory in
            let name = String(repeating: character, count: 255 / character.utf8.count)
            let path = directory.appending(name)
            try write([1], to: path)
            try write([2], to: path)
            #expect(try MappedFile(path).contents() == [2])
            #expect(try FileSystem.names(in: directory).map(\.string) == [name])
        }
    }

    @Test func aNameThatIsNotTextIsWrittenAsItIs() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(FilePath(bytes: [0x61, 0xFF]).components)
            let file = try AtomicFile(path)
            let temporary = try #require(try FileSystem.names(in: directory).first)
            #expect(temporary.bytes.starts(with: [0x2E, 0x61, 0xFF, 0x2E]))
            try file.commit()
            #expect(try FileSystem.names(in: directory).map(\.bytes) == [[0x61, 0xFF]])
        }
    }

    @Test func anOpenDescriptorIsContinued() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("out")
            let descriptor = path.withPlatformString { open($0, O_RDWR | O_CREAT, 0o600) }
            defer { close(descriptor) }
            _ = systemWrite(descriptor, "ab", 2)
            try write(Array("cd".utf8), to: FilePath("/dev/fd/\(descriptor)"), overwrite: false)
            _ = systemWrite(descriptor, "ef", 2)
            #expect(try MappedFile(path).contents() == Array("abcdef".utf8))
        }
    }

    @Test func movingFollowsLinksAndWritesIntoPipes() throws {
        try withTemporaryDirectory { directory in
            let source = directory.appending("source")
            try write([1], to: source)
            try link(directory.appending("link"), to: "new")
            try FileSystem.move(source, to: directory.appending("link"))
            #expect(try MappedFile(directory.appending("new")).contents() == [1])
            #expect(FileSystem.isSymbolicLink(directory.appending("link")))

            try write([2], to: source)
            let pipe = directory.appending("pipe")
            #expect(try reading(pipe) { try FileSystem.move(source, to: pipe) } == [2])
            #expect(!FileSystem.exists(source))
        }
    }

    @Test func aPartIsNextToTheTargetOfALink() throws {
        try withTemporaryDirectory { directory in
            try FileSystem.createDirectory(directory.appending("big"))
            try link(directory.appending("link"), to: "big/real")
            let part = try ResumableFile(for: directory.appending("link"))
            #expect(part.path == directory.appending("big/real.part"))
            try [7].withUnsafeBytes { try part.append(UnsafeRawBufferPointer(rebasing: $0[..<1])) }
            try part.commit()
            #expect(FileSystem.isSymbolicLink(directory.appending("link")))
            #expect(try MappedFile(directory.appending("big/real")).contents() == [7])
            #expect(throws: FileIOError.self) { _ = try ResumableFile(for: "/dev/null") }
        }
    }
}

/// The C function, which the suite's method would hide.
private func systemWrite(_ descriptor: CInt, _ text: String, _ count: Int) -> Int {
    write(descriptor, text, count)
}
