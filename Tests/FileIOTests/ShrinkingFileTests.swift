// Files that lose bytes while they are mapped: reading continues, and nobody takes zeros for
// content.

import Dispatch
import FileIO
import TestSupport
import Testing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct ShrinkingFileTests {
    private func write(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
    }

    private func cut(_ path: FilePath, to count: Int) throws {
        try #require(path.withPlatformString { truncate($0, off_t(count)) } == 0)
    }

    @Test func readingLostPagesIsAnErrorAndNotACrash() throws {
        try withTemporaryDirectory { directory in
            let (path, other) = (directory.appending("file"), directory.appending("other"))
            let bytes = [UInt8](repeating: 7, count: 100_000)
            try write(bytes, to: path)
            try write(bytes, to: other)
            let (file, untouched) = (try MappedFile(path), try MappedFile(other))
            try file.requireIntact()
            try cut(path, to: 0)
            for index in [99_999, 0, 50_000] {
                #expect(file.withUnsafeBytes { $0[index] } == 0)
            }
            #expect(throws: FileIOError.shrunk(path: path)) { try file.requireIntact() }
            #expect(throws: FileIOError.shrunk(path: path)) { try file.contents() }
            var reader = BinaryReader(file)
            #expect(throws: FileIOError.shrunk(path: path)) { _ = try reader.read(UInt8.self) }

            // Its pages are lost even when another program has filled the file again.
            let again = path.withPlatformString { open($0, O_WRONLY) }
            defer { close(again) }
            try #require(bytes.withUnsafeBytes { pwrite(again, $0.baseAddress, $0.count, 0) } > 0)
            #expect(throws: FileIOError.shrunk(path: path)) { try file.requireIntact() }
            #expect(try untouched.contents() == bytes)
            #expect(try MappedFile(path).contents() == bytes)
        }
    }

    @Test func lossesInTheLastPageAreNoticed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            try write([1, 2, 3], to: path)
            let file = try MappedFile(path)
            try cut(path, to: 2)
            #expect(throws: FileIOError.shrunk(path: path)) { try file.contents() }
            var reader = BinaryReader(file)
            #expect(throws: FileIOError.shrunk(path: path)) {
                _ = try reader.readArray(of: UInt8.self, count: 3)
            }
        }
    }

    @Test func theLossIsReportedInsteadOfItsConsequences() throws {
        struct Nonsense: Error {}
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            try write([1, 2, 3], to: path)
            let file = try MappedFile(path)
            #expect(throws: Nonsense.self) { try file.withIntactBytes { _ in throw Nonsense() } }
            try cut(path, to: 2)
            #expect(throws: FileIOError.shrunk(path: path)) {
                try file.withIntactBytes { _ in throw Nonsense() }
            }
        }
    }

    @Test func manyThreadsMayReadLostPages() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            try write([UInt8](repeating: 7, count: 4 << 20), to: path)
            let file = try MappedFile(path)
            try cut(path, to: 1 << 20)
            DispatchQueue.concurrentPerform(iterations: 8) { thread in
                let sum = file.withUnsafeBytes { bytes in
                    stride(from: thread, to: bytes.count, by: 512).reduce(0) { $0 + Int(bytes[$1]) }
                }
                #expect(sum == 7 * (1 << 20) / 512)
            }
            #expect(throws: FileIOError.shrunk(path: path)) { try file.requireIntact() }
        }
    }

    @Test func aSignalSentByAProcessStillEndsTheProgram() async {
        await #expect(processExitsWith: .signal(SIGBUS)) {
            // A crash reporter must not interfere with how the program ends.
            signal(SIGBUS, SIG_DFL)
            let file = try MappedFile(FilePath(CommandLine.arguments[0]))
            raise(SIGBUS)
            try file.requireIntact()
        }
    }

    @Test func aRemovedOrReplacedFileStaysReadable() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            let bytes = [UInt8](repeating: 7, count: 10_000)
            try write(bytes, to: path)
            let file = try MappedFile(path)
            try write([1], to: path)
            #expect(try file.contents() == bytes)
            try FileSystem.remove(path)
            #expect(try file.contents() == bytes)
        }
    }

    @Test func aFileMayGrow() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("log")
            try write([1, 2], to: path)
            let file = try MappedFile(path)
            try AppendingFile(path, keepingContents: true).append([3])
            #expect(try file.contents() == [1, 2])
        }
    }
}
