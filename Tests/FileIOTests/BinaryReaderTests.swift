import FileIO
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct BinaryReaderTests {
    private func withFile(_ bytes: [UInt8], _ body: (FilePath) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("data")
            let file = try AtomicFile(path)
            try file.write(bytes)
            try file.commit()
            try body(path)
        }
    }

    @Test func readsLittleEndianValuesFrontToBack() throws {
        try withFile([1, 2, 3, 0, 0, 0, 0x80, 0x3f, 9, 0, 8, 0]) { path in
            var reader = try BinaryReader(path: path)
            #expect(try reader.read(UInt16.self) == 0x0201)
            #expect(try reader.read(UInt16.self) == 3)
            #expect(try reader.readFloat() == 1)
            #expect(try reader.readArray(of: UInt16.self, count: 2) == [9, 8])
            #expect(reader.remaining == 0)
        }
    }

    @Test func refusesToReadPastTheEnd() throws {
        try withFile([1, 2, 3]) { path in
            var reader = try BinaryReader(path: path)
            _ = try reader.read(UInt8.self)
            #expect(
                throws: FileIOError.truncated(path: path, offset: 1, needed: 4, available: 2)
            ) { try reader.read(UInt32.self) }
            #expect(throws: FileIOError.self) {
                try reader.readArray(of: UInt64.self, count: .max)
            }
            #expect(throws: FileIOError.self) { try reader.readArray(of: UInt8.self, count: -1) }
        }
    }

    @Test func emptyFileMapsToNoBytes() throws {
        try withFile([]) { path in try #expect(MappedFile(path).count == 0) }
    }

    @Test func missingFilesAndDirectoriesAreToldApart() throws {
        try withTemporaryDirectory { directory in
            let missing = directory.appending("none")
            #expect(throws: FileIOError.missing(path: missing)) { _ = try MappedFile(missing) }
            #expect(throws: FileIOError.isDirectory(path: directory)) {
                _ = try MappedFile(directory)
            }
        }
    }

    @Test func readingStartsAnywhereWithinTheFile() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            let file = try AtomicFile(path)
            try file.write([1, 2, 3])
            try file.commit()
            let mapped = try MappedFile(path)
            var reader = try BinaryReader(mapped, offset: 2)
            #expect(try reader.read(UInt8.self) == 3)
            #expect(try BinaryReader(mapped, offset: 3).remaining == 0)
            for offset in [-1, 4, .max] {
                #expect(throws: FileIOError.self) { try BinaryReader(mapped, offset: offset) }
            }
        }
    }

    @Test func aPipeIsRefusedAtOnce() throws {
        try withTemporaryDirectory { directory in
            let pipe = directory.appending("pipe")
            try #require(pipe.withPlatformString { mkfifo($0, 0o600) } == 0)
            let error = #expect(throws: FileIOError.self) { _ = try MappedFile(pipe) }
            #expect(error?.description.contains("not a regular file") == true)
        }
    }
}

@Suite struct FileSystemTests {
    @Test func aFileInThePlaceOfADirectoryIsNamed() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending("a")
            try AtomicFile(file).commit()
            for path in [file, file.appending("b")] {
                let error = #expect(throws: FileIOError.self) {
                    try FileSystem.createDirectory(path)
                }
                #expect(
                    error?.description
                        == "cannot create '\(file)': it exists and is not a directory"
                )
            }
        }
    }

    @Test func directoriesAreCreatedWithTheirParents() throws {
        try withTemporaryDirectory { directory in
            let deep = directory.appending("a/b/c")
            try FileSystem.createDirectory(deep)
            try FileSystem.createDirectory(deep)
            #expect(FileSystem.isDirectory(deep))
        }
    }
}
