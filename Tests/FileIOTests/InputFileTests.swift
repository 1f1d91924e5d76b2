import FileIO
import TestSupport
import Testing

@Suite struct InputFileTests {
    @Test(arguments: [1, 7, 10, 100])
    func chunksAddUpToTheFile(size: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a")
            let bytes = (0..<10).map { UInt8($0) }
            let file = try AtomicFile(path)
            try file.write(bytes)
            try file.commit()
            var chunks: [[UInt8]] = []
            try InputFile(path).forEachChunk(ofAtMost: size) { chunks.append(Array($0)) }
            #expect(chunks.flatMap { $0 } == bytes)
            #expect(chunks.allSatisfy { 1...size ~= $0.count })
        }
    }

    @Test func anUnreadableFileIsNamed() throws {
        try withTemporaryDirectory { directory in
            let missing = directory.appending("missing")
            #expect(throws: FileIOError.missing(path: missing)) { try InputFile(missing) }
            #expect(throws: FileIOError.missing(path: missing)) {
                try FileSystem.requireReadable(missing)
            }
            #expect(throws: FileIOError.isDirectory(path: directory)) { try InputFile(directory) }
        }
    }

    @Test func entriesAreMovedAndRemovedAsAWhole() throws {
        try withTemporaryDirectory { directory in
            let (a, b, sub) = (
                directory.appending("a"), directory.appending("b"), directory.appending("sub")
            )
            for (path, bytes) in [(a, [1, 2, 3]), (b, [4])] as [(FilePath, [UInt8])] {
                let file = try AtomicFile(path)
                try file.write(bytes)
                try file.commit()
            }
            #expect(FileSystem.byteCount(of: a) == 3)
            #expect(FileSystem.byteCount(of: directory) == nil)
            try FileSystem.move(a, to: b)
            try #expect(FileSystem.names(in: directory) == ["b"])
            try #expect(MappedFile(b).contents() == [1, 2, 3])
            try FileSystem.createDirectory(sub)
            try FileSystem.removeDirectory(sub)
            #expect(!FileSystem.exists(sub))
            #expect(throws: FileIOError.self) { try FileSystem.removeDirectory(directory) }
        }
    }
}
