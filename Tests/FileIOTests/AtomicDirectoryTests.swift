// Directories that appear complete, replacing others or not.

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

@Suite struct AtomicDirectoryTests {
    private func write(_ names: [String], in directory: FilePath, _ byte: UInt8) throws {
        for name in names {
            let file = try AtomicFile(directory.appending(name))
            try file.write([byte])
            try file.commit()
        }
    }

    private func names(_ directory: FilePath) throws -> [String] {
        try FileSystem.names(in: directory).map(\.string)
    }

    @Test func newFilesReplaceOldOnesAndWhatIsNotStaleStays() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model")
            try FileSystem.createDirectory(path.appending("notes"))
            try write(["a", "b", "c"], in: path, 1)
            try write(["d"], in: path.appending("notes"), 1)
            let output = try AtomicDirectory(path, overwrite: true)
            try write(["a", "e"], in: output.path, 2)
            try output.commit { $0 == "b" }
            #expect(try names(path) == ["a", "c", "e", "notes"])
            #expect(try MappedFile(path.appending("a")).contents() == [2])
            #expect(try MappedFile(path.appending("c")).contents() == [1])
            #expect(try names(path.appending("notes")) == ["d"])
        }
    }

    @Test func aDirectoryIsReplacedInOneStep() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model")
            try FileSystem.createDirectory(path)
            try write(["a", "b"], in: path, 1)
            let output = try AtomicDirectory(path, overwrite: true)
            try write(["a", "b"], in: output.path, 2)
            try output.commit { _ in true }
            #expect(try MappedFile(path.appending("b")).contents() == [2])
            // The old one is still complete under the hidden name, until the object goes.
            #expect(try names(output.path) == ["a", "b"])
            #expect(try MappedFile(output.path.appending("a")).contents() == [1])
        }
    }

    @Test func anUncommittedDirectoryLeavesNothing() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("x").appending("y").appending("model")
            func abandon() throws {
                let output = try AtomicDirectory(path, overwrite: false)
                try write(["a"], in: output.path, 1)
            }
            try abandon()
            #expect(try names(directory).isEmpty)
            let old = directory.appending("old")
            try FileSystem.createDirectory(old)
            try write(["a"], in: old, 1)
            func abandonAnother() throws {
                let output = try AtomicDirectory(old, overwrite: true)
                try write(["a"], in: output.path, 2)
            }
            try abandonAnother()
            #expect(try names(directory) == ["old"])
            #expect(try MappedFile(old.appending("a")).contents() == [1])
        }
    }

    @Test func aDirectoryInTheWayOfAFileIsNamedAndNothingChanges() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model")
            try FileSystem.createDirectory(path.appending("a"))
            try write(["b"], in: path, 1)
            func replace() throws {
                let output = try AtomicDirectory(path, overwrite: true)
                try write(["a", "b"], in: output.path, 2)
                try output.commit { _ in true }
            }
            let error = #expect(throws: FileIOError.self) { try replace() }
            #expect(error?.description.contains("model/a': a directory has that name") == true)
            #expect(try names(path) == ["a", "b"])
            #expect(try MappedFile(path.appending("b")).contents() == [1])
            #expect(try names(directory) == ["model"])
        }
    }

    @Test func aLinkIsFollowedAndStays() throws {
        try withTemporaryDirectory { directory in
            let (path, link) = (directory.appending("model"), directory.appending("link"))
            try FileSystem.createDirectory(path)
            try write(["a"], in: path, 1)
            #expect(link.withPlatformString { symlink("model", $0) } == 0)
            let output = try AtomicDirectory(link, overwrite: true)
            try write(["a"], in: output.path, 2)
            try output.commit { _ in false }
            #expect(FileSystem.isSymbolicLink(link))
            #expect(try MappedFile(path.appending("a")).contents() == [2])
        }
    }
}
