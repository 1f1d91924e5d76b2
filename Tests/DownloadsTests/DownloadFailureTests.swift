import Downloads
import FileIO
import TestSupport
import Testing

@Suite(.serialized) struct DownloadFailureTests {
    /// The error of a failed download, after which nothing is left in the directory.
    private func failure(
        _ change: (inout LoopbackServer.Behavior) -> Void
    ) throws -> DownloadError? {
        var failure: DownloadError?
        try withServer(change) { _, downloader, directory in
            failure = try #require(throws: DownloadError.self) {
                try downloader.fetch(published, into: directory)
            }
            try #expect(FileSystem.names(in: directory) == [])
        }
        return failure
    }

    private func mismatch(_ change: (inout LoopbackServer.Behavior) -> Void) throws -> Mismatch? {
        guard case .wrongContent(_, let mismatch) = try failure(change) else { return nil }
        return mismatch
    }

    @Test func aFileOfTheWrongSizeIsRefusedBeforeItArrives() throws {
        for count in [99_999, 100_001] {
            let found = try mismatch {
                $0.files["/pack/file.bin"] = [UInt8](repeating: 0, count: count)
            }
            #expect(found == Mismatch(expected: "100000 bytes", found: "\(count)"))
        }
    }

    @Test func tooManyBytesEndTheDownload() throws {
        let found = try mismatch {
            $0.files["/pack/file.bin"] = publishedBytes + [0]
            $0.announcesLength = false
        }
        #expect(found == Mismatch(expected: "100000 bytes", found: "more"))
    }

    @Test func tooFewBytesOfUnknownLengthAreTriedAgain() throws {
        try withServer {
            $0.announcesLength = false
            $0.cutAfter = 70_000
            $0.cutCount = 1
        } _: { server, downloader, directory in
            _ = try downloader.fetch(published, into: directory)
            #expect(server.requests.map(\.sent) == [70_000, 30_000])
        }
    }

    @Test func aWrongHeaderIsNotKept() throws {
        let found = try mismatch { $0.files["/pack/file.bin"]?[4] = 2 }
        #expect(found?.expected == "a header of [20240520, 1]")
        #expect(found?.found == "[20240520, 2]")
    }

    @Test func aWrongByteIsNotKept() throws {
        let found = try mismatch { $0.files["/pack/file.bin"]?[99_999] ^= 1 }
        #expect(found?.expected == "the SHA-256 \(published.sha256 ?? "")")
    }

    @Test func aRefusalIsFinal() throws {
        for status in [400, 401, 403, 404, 410] {
            try withServer {
                $0.status = status
            } _: { server, downloader, directory in
                #expect(
                    throws: DownloadError.refused(
                        url: server.url + "/pack/file.bin",
                        status: status
                    )
                ) { try downloader.fetch(published, into: directory) }
                #expect(server.requests.count == 1)
                try #expect(FileSystem.names(in: directory) == [])
            }
        }
    }

    @Test func aFailingServerIsAskedAgain() throws {
        try withServer {
            $0.status = 503
            $0.statusCount = 2
        } _: { server, downloader, directory in
            _ = try downloader.fetch(published, into: directory)
            #expect(server.requests.map(\.status) == [503, 503, 200])
        }
        let last = try failure { $0.status = 500 }
        guard case .refused(_, 500) = last else {
            Issue.record("\(String(describing: last))")
            return
        }
    }

    @Test func circularRedirectionsEnd() throws {
        try withServer {
            $0.redirections["/pack/file.bin"] = "/pack/file.bin"
        } _: { server, downloader, directory in
            #expect(
                throws: DownloadError.refused(url: server.url + "/pack/file.bin", status: 302)
            ) { try downloader.fetch(published, into: directory) }
            #expect(server.requests.count <= 12)
        }
    }

    @Test func aServerThatIsNotThereIsNamedAtOnce() throws {
        // The port was free a moment ago, when the server released it.
        var port = 0
        try withServer { server, _, _ in port = server.port }
        try withTemporaryDirectory { directory in
            let downloader = try Downloader(baseURL: "http://127.0.0.1:\(port)")
            #expect {
                try downloader.fetch(published, into: directory)
            } throws: { error in
                "\(error)".contains("'127.0.0.1' does not accept the connection")
            }
            try #expect(FileSystem.names(in: directory) == [])
        }
    }

    @Test func aSilentServerIsGivenUp() throws {
        try withServer {
            $0.stallAfter = 40_000
        } _: { _, downloader, directory in
            var downloader = downloader
            downloader.idleTimeout = .seconds(1)
            downloader.retryDelays = []
            #expect {
                try downloader.fetch(published, into: directory)
            } throws: { error in
                guard case DownloadError.interrupted(_, _, 40_000) = error else { return false }
                return "\(error)".contains("does not answer")
            }
        }
    }

    @Test(arguments: ["file:///tmp", "ftp://host/x", "host/path", "", "https://", "http://h/?q=1"])
    func onlyWebServersAreBaseAddresses(text: String) {
        #expect(throws: DownloadError.invalidBaseURL(text)) { try Downloader(baseURL: text) }
    }

    @Test func aFileThatAnotherProcessDownloadsIsLeftToIt() throws {
        try withServer { server, downloader, directory in
            let other = try ResumableFile(for: directory.appending("file.bin"))
            #expect(throws: FileIOError.self) { try downloader.fetch(published, into: directory) }
            #expect(server.requests.isEmpty)
            withExtendedLifetime(other) {}
        }
    }
}
