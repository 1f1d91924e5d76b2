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
            #expect(mapped.contents() == [1, 9, 3, 4, 5] + large)
            #expect(try FileSystem.names(in: directory) == ["a.bin"])
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
