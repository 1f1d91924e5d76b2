import FileIO
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    @Test func committedFileHoldsEverythingWrittenInOrder() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let file = try AtomicFile(path)
            try file.write([1, 2, 3])
            try file.write(integers: [UInt16(0x0504)])
            let large = [UInt8](repeating: 7, count: 3 << 20)
            try file.write(large)
            try file.overwrite([9], at: 1)
            #expect(file.count == 5 + large.count)
            try file.commit()
            let mapped = try MappedFile(path)
            #expect(try mapped.contents() == [1, 9, 3, 4, 5] + large)
            #expect(try FileSystem.names(in: directory) == ["a.bin"])
        }
    }

    @Test func fileOfManyPiecesHoldsEverythingWrittenInOrder() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let file = try AtomicFile(path)
            let large = (0..<9 << 20).map { UInt32($0) }
            try file.write([1, 2, 3])
            try file.write(integers: large)
            try file.write([4])
            try file.write(integers: large)
            try file.commit()
            let written = try MappedFile(path).contents()
            let expected = large.withUnsafeBytes { [UInt8]($0) }
            #expect(written == [1, 2, 3] + expected + [4] + expected)
        }
    }

    /// Whole parts of a mebibyte bypass the buffer, wherever writes begin and end.
    @Test func writesOfAnySizeLandWhereTheyBelong() throws {
        try withTemporaryDirectory { directory in
            let part = 1 << 20
            let sizes = [
                3, part - 3, 1, part - 1, part, 0, 5 * part, 7, part + 1, part - 8, 4 * part + 9,
                part - 9, 9 * part - 1, 1, 2,
            ]
            let path = directory.appending("a.bin")
            let file = try AtomicFile(path)
            var expected: [UInt8] = []
            for (index, size) in sizes.enumerated() {
                let bytes = (0..<size).map {
                    UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ index)
                }
                try file.write(bytes)
                expected += bytes
                #expect(file.count == expected.count)
                // Flushes what is buffered, so that a new part begins within it.
                if index % 4 == 3 {
                    try file.overwrite([9, 8], at: expected.count / 2)
                    expected.replaceSubrange(
                        expected.count / 2..<expected.count / 2 + 2,
                        with: [9, 8]
                    )
                }
            }
            try file.commit()
            #expect(try MappedFile(path).contents() == expected)
        }
    }

    @Test func droppedFileLeavesTheOldContentAndNoTemporary() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let first = try AtomicFile(path)
            try first.write([1])
            try first.commit()
            func abandon() throws {
                let second = try AtomicFile(path)
                try second.write([2, 2])
            }
            try abandon()
            #expect(try MappedFile(path).contents() == [1])
            #expect(try FileSystem.names(in: directory) == ["a.bin"])
        }
    }

    @Test func existingFileIsRefusedUnlessOverwritingIsAllowed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            try AtomicFile(path).commit()
            #expect(throws: FileIOError.alreadyExists(path: path)) {
                _ = try AtomicFile(path, overwrite: false)
            }
        }
    }

    @Test func missingDirectoryIsNamedInTheError() throws {
        let error = #expect(throws: FileIOError.self) {
            _ = try AtomicFile("/nonexistent-directory/a.bin")
        }
        #expect(error?.description.contains("there is no directory") == true)
    }
}

@Suite(.serialized) struct AppendingFileTests {
    @Test func fileIsEmptiedUnlessItsContentsAreKept() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("log")
            try AppendingFile(path, keepingContents: true).append([1, 2])
            try AppendingFile(path, keepingContents: true).append([3])
            #expect(try MappedFile(path).contents() == [1, 2, 3])
            try AppendingFile(path).append([4])
            #expect(try MappedFile(path).contents() == [4])
        }
    }
}

@Suite struct RoomTests {
    @Test func freeSpaceIsThatOfTheFileSystemOfThePath() throws {
        let available = try FileSystem.availableByteCount(at: ".")
        #expect(available > 0)
        #expect(throws: FileIOError.missing(path: "/nonexistent")) {
            try FileSystem.availableByteCount(at: "/nonexistent")
        }
    }
}
