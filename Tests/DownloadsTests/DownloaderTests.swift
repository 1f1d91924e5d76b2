import Downloads
import FileIO
import TestSupport
import Testing

@Suite(.serialized) struct DownloaderTests {
    @Test func aFileIsDownloadedVerifiedAndNamed() throws {
        try withServer { server, downloader, directory in
            let target = directory.appending("new/folder")
            let result = try downloader.fetch(published, into: target)
            #expect(result == .downloaded(byteCount: 100_000, resumedAt: 0))
            try #expect(contents(target.appending("file.bin")) == publishedBytes)
            try #expect(FileSystem.names(in: target) == ["file.bin"])
            #expect(server.requests.map(\.path) == ["/pack/file.bin"])
            #expect(server.requests.first?.range == nil)
        }
    }

    @Test func aVerifiedFileIsNotDownloadedAgain() throws {
        try withServer { server, downloader, directory in
            _ = try downloader.fetch(published, into: directory)
            let again = try downloader.fetch(published, into: directory)
            #expect(again == .alreadyThere(byteCount: 100_000))
            #expect(server.requests.count == 1)
            let forced = try downloader.fetch(published, into: directory, overwrite: true)
            #expect(forced == .downloaded(byteCount: 100_000, resumedAt: 0))
            #expect(server.requests.count == 2)
        }
    }

    @Test func anotherFileOfThatNameIsLeftAlone() throws {
        try withServer { server, downloader, directory in
            let path = directory.appending("file.bin")
            let file = try AtomicFile(path)
            try file.write([1, 2, 3])
            try file.commit()
            let mismatch = Mismatch(expected: "100000 bytes", found: "3")
            #expect(throws: DownloadError.otherFileExists(path: path, mismatch: mismatch)) {
                try downloader.fetch(published, into: directory)
            }
            try #expect(contents(path) == [1, 2, 3])
            #expect(server.requests.isEmpty)
            _ = try downloader.fetch(published, into: directory, overwrite: true)
            try #expect(contents(path) == publishedBytes)
        }
    }

    @Test func anEarlierRunIsContinued() throws {
        try withServer { server, downloader, directory in
            try leavePart(60_000, version: "\"one\"", in: directory)
            let result = try downloader.fetch(published, into: directory)
            #expect(result == .downloaded(byteCount: 100_000, resumedAt: 60_000))
            let request = try #require(server.requests.first)
            #expect(request.range == "bytes=60000-")
            #expect(request.ifRange == "\"one\"")
            #expect(request.status == 206)
            #expect(request.sent == 40_000)
            #expect(server.requests.count == 1)
            try #expect(contents(directory.appending("file.bin")) == publishedBytes)
        }
    }

    @Test func aFileWithoutATagIsContinuedByItsDate() throws {
        let date = "Mon, 01 Apr 2024 10:00:00 GMT"
        try withServer {
            $0.tag = "W/\"weak\""
            $0.date = date
            $0.cutAfter = 30_000
            $0.cutCount = 1
            // The server compares with what it sent as the tag, so let it trust the client.
            $0.ignoresIfRange = true
        } _: { server, downloader, directory in
            _ = try downloader.fetch(published, into: directory)
            #expect(server.requests.map(\.ifRange) == [nil, date])
            #expect(server.requests.map(\.sent) == [30_000, 70_000])
        }
    }

    @Test func aChangedFileIsDownloadedFromItsBeginning() throws {
        for ignoresIfRange in [false, true] {
            try withServer {
                $0.ignoresIfRange = ignoresIfRange
            } _: { server, downloader, directory in
                try leavePart(60_000, version: "\"old\"", in: directory)
                let result = try downloader.fetch(published, into: directory)
                #expect(result == .downloaded(byteCount: 100_000, resumedAt: 0))
                #expect(server.requests.last?.sent == 100_000)
                try #expect(contents(directory.appending("file.bin")) == publishedBytes)
            }
        }
    }

    @Test func aPartOfUnknownVersionIsNotTrusted() throws {
        try withServer { server, downloader, directory in
            try leavePart(60_000, version: nil, in: directory)
            _ = try downloader.fetch(published, into: directory)
            #expect(server.requests.map(\.range) == [nil])
        }
    }

    @Test func aServerThatIgnoresRangesStartsOver() throws {
        try withServer {
            $0.honorsRange = false
        } _: { server, downloader, directory in
            try leavePart(60_000, version: "\"one\"", in: directory)
            let result = try downloader.fetch(published, into: directory)
            #expect(result == .downloaded(byteCount: 100_000, resumedAt: 0))
            #expect(server.requests.map(\.status) == [200])
            try #expect(contents(directory.appending("file.bin")) == publishedBytes)
        }
    }

    @Test func aCompletePartNeedsNoServer() throws {
        try withServer { server, downloader, directory in
            try leavePart(100_000, version: "\"one\"", in: directory)
            let result = try downloader.fetch(published, into: directory)
            #expect(result == .downloaded(byteCount: 100_000, resumedAt: 100_000))
            #expect(server.requests.isEmpty)
        }
    }

    @Test func aBrokenConnectionIsResumedAtOnce() throws {
        try withServer {
            $0.cutAfter = 20_000
        } _: { server, downloader, directory in
            let result = try downloader.fetch(published, into: directory)
            #expect(result == .downloaded(byteCount: 100_000, resumedAt: 0))
            #expect(server.requests.map(\.sent) == Array(repeating: 20_000, count: 5))
            let ranges = [nil] + (1..<5).map { "bytes=\($0 * 20_000)-" }
            #expect(server.requests.map(\.range) == ranges)
            try #expect(contents(directory.appending("file.bin")) == publishedBytes)
        }
    }

    @Test func aConnectionWithoutProgressIsGivenUp() throws {
        try withServer {
            $0.cutAfter = 20_000
            $0.honorsRange = false
        } _: { server, downloader, directory in
            #expect {
                try downloader.fetch(published, into: directory)
            } throws: { error in
                guard case DownloadError.interrupted(_, _, 20_000) = error else { return false }
                return true
            }
            // The first attempt, and the two more that the downloader of these tests may make; the
            // count starts again once because the file has grown.
            #expect(server.requests.count == 3)
            #expect(FileSystem.byteCount(of: directory.appending("file.bin.part")) == 20_000)
        }
    }

    @Test func redirectionsAreFollowedWithTheRange() throws {
        try withServer {
            $0.redirections["/pack/file.bin"] = "/elsewhere/blob"
            $0.files["/elsewhere/blob"] = publishedBytes
        } _: { server, downloader, directory in
            try leavePart(60_000, version: "\"one\"", in: directory)
            _ = try downloader.fetch(published, into: directory)
            #expect(server.requests.map(\.path) == ["/pack/file.bin", "/elsewhere/blob"])
            #expect(server.requests.last?.range == "bytes=60000-")
            #expect(server.requests.last?.sent == 40_000)
            try #expect(contents(directory.appending("file.bin")) == publishedBytes)
        }
    }

    @Test func progressCountsEveryByte() throws {
        try withServer {
            $0.cutAfter = 50_000
            $0.cutCount = 1
        } _: { _, downloader, directory in
            try leavePart(10_000, version: "\"one\"", in: directory)
            var seen: [Downloader.Progress] = []
            _ = try downloader.fetch(published, into: directory) { seen.append($0) }
            #expect(seen.map(\.received) == seen.map(\.received).sorted())
            let last = try #require(seen.last)
            #expect(last.received == 100_000)
            #expect(last.total == 100_000)
            #expect(last.receivedNow == 90_000)
            #expect(last.bytesPerSecond > 0)
            #expect(last.timeLeft == .zero)
        }
    }

    @Test func aCallerWhoGivesUpKeepsWhatArrived() throws {
        struct Enough: Error {}
        try withServer {
            $0.stallAfter = 40_000
        } _: { server, downloader, directory in
            #expect(throws: Enough.self) {
                try downloader.fetch(published, into: directory) {
                    if $0.received == 40_000 { throw Enough() }
                }
            }
            server.update { $0.stallAfter = nil }
            let result = try downloader.fetch(published, into: directory)
            #expect(result == .downloaded(byteCount: 100_000, resumedAt: 40_000))
        }
    }
}
