import Dispatch
import FileIO
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct ResumableFileTests {
    @Test func theNextRunContinuesWhatArrived() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            try {
                let file = try ResumableFile(for: path)
                try file.restart(version: "one")
                try [1, 2, 3].withUnsafeBytes { try file.append($0) }
            }()
            try #expect(FileSystem.names(in: directory) == ["file.part", "file.part.version"])
            let file = try ResumableFile(for: path)
            #expect(file.count == 3 * MemoryLayout<Int>.size)
            #expect(file.version == "one")
            try file.commit()
            try #expect(FileSystem.names(in: directory) == ["file"])
        }
    }

    @Test func anotherVersionStartsEmpty() throws {
        try withTemporaryDirectory { directory in
            let file = try ResumableFile(for: directory.appending("file"))
            try file.restart(version: "one")
            try [UInt8(1)].withUnsafeBytes { try file.append($0) }
            try file.restart(version: nil)
            #expect(file.count == 0)
            #expect(file.version == nil)
            try #expect(FileSystem.names(in: directory) == ["file.part"])
            try file.remove()
            try #expect(FileSystem.names(in: directory) == [])
        }
    }

    @Test func aVersionThatCouldForgeAHeaderIsNotKept() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            let version = try AtomicFile(directory.appending("file.part.version"))
            try version.write(Array("one\r\nHost: other".utf8))
            try version.commit()
            let file = try ResumableFile(for: path)
            #expect(file.version == nil)
            try file.restart(version: String(repeating: "x", count: 2000))
            #expect(file.version == nil)
        }
    }

    @Test func aFileFinishedMeanwhileIsNotContinued() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            // Two writers that finish as soon as they begin: sooner or later one opens the file
            // just before the other gives it its final name.
            let mistakes = Mutex(0)
            DispatchQueue.concurrentPerform(iterations: 2) { _ in
                for _ in 0..<10_000 {
                    guard let file = try? ResumableFile(for: path) else { continue }
                    let isRight = file.count == 0 && FileSystem.byteCount(of: file.path) == 0
                    if !isRight { mistakes.withLock { $0 += 1 } }
                    _ = try? [UInt8(1)].withUnsafeBytes { try file.append($0) }
                    // As commit does, except for flushing, during which the other writer would give
                    // up.
                    rename(file.path.string, path.string)
                }
            }
            mistakes.withLock { #expect($0 == 0) }
        }
    }

    @Test func twoWritersOfOneFileAreKeptApart() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            let first = try ResumableFile(for: path)
            #expect(throws: FileIOError.self) { try ResumableFile(for: path) }
            withExtendedLifetime(first) {}
        }
    }
}
