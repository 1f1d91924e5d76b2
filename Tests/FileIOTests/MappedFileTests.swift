// Files as memory.

import FileIO
import TestSupport
import Testing

@Suite struct MappedFileTests {
    @Test func releasedPagesAreReadAgain() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            let bytes = (0..<100_001).map { UInt8($0 % 251) }
            let writer = try AtomicFile(path)
            try writer.write(bytes)
            try writer.commit()
            let file = try MappedFile(path)
            #expect(try file.contents() == bytes)
            for range in [0..<100_001, 5000..<5000, 4095..<4097, 99_999..<100_001, 0..<1] {
                file.releasePages(range)
                #expect(try file.contents() == bytes)
            }
        }
    }

    @Test func anEmptyFileHasNoPagesToRelease() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("empty")
            try AtomicFile(path).commit()
            let file = try MappedFile(path)
            file.releasePages(0..<0)
            #expect(try file.contents() == [])
        }
    }
}
