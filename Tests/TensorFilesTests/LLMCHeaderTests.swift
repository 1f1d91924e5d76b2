import FileIO
import TensorFiles
import TestSupport
import Testing

@Suite struct LLMCHeaderTests {
    private func read(_ bytes: [UInt8], at path: FilePath) throws -> LLMCHeader {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
        var reader = try BinaryReader(path: path)
        return try LLMCHeader(&reader, magic: 77, format: "a test file")
    }

    @Test func headerIsReadAsItWasWritten() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("header")
            var header = LLMCHeader(magic: 77, version: 3)
            header[2] = -5
            header[255] = .max
            let file = try AtomicFile(path)
            try header.write(to: file)
            try file.commit()
            let bytes = try MappedFile(path).contents()
            #expect(bytes.count == 1024)
            #expect(bytes.prefix(12) == [77, 0, 0, 0, 3, 0, 0, 0, 0xfb, 0xff, 0xff, 0xff])
            #expect(try read(bytes, at: path) == header)
            #expect(header.version == 3)
        }
    }

    @Test func wrongMagicIsNamedEvenInAShortFile() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("header")
            let error = #expect(throws: TensorFileError.self) {
                try read([78, 0, 0, 0, 9], at: path)
            }
            #expect(
                error
                    == .wrongMagic(path: path, format: "a test file", expected: 77, found: 78)
            )
            #expect(
                error?.description == "'\(path)' is not a test file: it starts with 78 instead of "
                    + "77; check that it is the right file"
            )
        }
    }

    @Test(arguments: [0, 3, 4, 1023])
    func fileShorterThanAHeaderIsTruncated(count: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("header")
            let bytes = [77, 0, 0, 0] + [UInt8](repeating: 0, count: 1020)
            #expect(
                throws: FileIOError.truncated(
                    path: path,
                    offset: 0,
                    needed: 1024,
                    available: count
                )
            ) { try read(Array(bytes.prefix(count)), at: path) }
        }
    }
}
