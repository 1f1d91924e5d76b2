// Files whose sizes and checksums only the server knows, from a server that answers like Hugging
// Face's: it sends small files itself, and redirects the client for large ones.

import Downloads
import FileIO
import TestSupport
import Testing

/// A safetensors file with one tensor.
private func safetensors(_ count: Int, saying stated: Int? = nil) -> [UInt8] {
    let header = """
        {"__metadata__": {"format": "pt"}, \
        "x": {"dtype": "U8", "shape": [\(count)], "data_offsets": [0, \(stated ?? count)]}}
        """
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    return length + Array(header.utf8) + (0..<count).map { UInt8(truncatingIfNeeded: $0) }
}

private func sha256(_ bytes: [UInt8]) -> String {
    var checksum = SHA256()
    bytes.withUnsafeBytes { checksum.update($0) }
    return checksum.hexadecimal()
}

/// A server with a model, and a downloader that follows its redirections.
private func withModel(
    _ weights: [UInt8] = safetensors(90_000),
    announcing announced: [UInt8]? = nil,
    _ change: (inout LoopbackServer.Behavior) -> Void = { _ in },
    _ body: (LoopbackServer, Downloader, FilePath) throws -> Void
) throws {
    try withServer {
        $0.files = ["/pack/config.json": Array(#"{"model_type": "gpt2"}"#.utf8)]
        $0.redirections["/pack/model.safetensors"] = "/elsewhere/weights"
        $0.files["/elsewhere/weights"] = weights
        let announced = announced ?? weights
        $0.fields["/pack/model.safetensors"] = [
            "X-Linked-ETag: \"\(sha256(announced))\"", "X-Linked-Size: \(announced.count)",
        ]
        // What the server of the weights says about them does not count.
        $0.fields["/elsewhere/weights"] = [
            "X-Linked-ETag: \"\(String(repeating: "0", count: 64))\"", "X-Linked-Size: 1",
        ]
        change(&$0)
    } _: {
        try body($0, $1, $2)
    }
}

private let weights = PublishedFile(
    "model.safetensors",
    content: .safetensors,
    atMost: 1 << 20,
    source: "https://example.com"
)

private func json(isOptional: Bool = false) -> PublishedFile {
    PublishedFile(
        "config.json",
        content: .json,
        atMost: 1 << 10,
        source: "https://example.com",
        isOptional: isOptional
    )
}

@Suite(.serialized) struct PublishedModelTests {
    @Test func aModelComesFromWhereTheServerRedirects() throws {
        try withModel { server, downloader, directory in
            let bytes = safetensors(90_000)
            try #expect(
                downloader.fetch(json(), into: directory)
                    == .downloaded(byteCount: 22, resumedAt: 0)
            )
            try #expect(
                downloader.fetch(weights, into: directory)
                    == .downloaded(byteCount: bytes.count, resumedAt: 0)
            )
            try #expect(contents(directory.appending("model.safetensors")) == bytes)
            let paths = server.requests.map(\.path)
            #expect(
                paths == ["/pack/config.json", "/pack/model.safetensors", "/elsewhere/weights"]
            )
            // Existing files are checked, and not asked for again.
            try #expect(
                downloader.fetch(weights, into: directory)
                    == .alreadyThere(byteCount: bytes.count)
            )
            #expect(server.requests.count == 3)
        }
    }

    @Test func weightsWithAWrongChecksumAreNotKept() throws {
        var announced = safetensors(90_000)
        announced[announced.count - 1] ^= 1
        try withModel(announcing: announced) { _, downloader, directory in
            let error = #expect(throws: DownloadError.self) {
                try downloader.fetch(weights, into: directory)
            }
            #expect(
                error?.description.contains("expected the SHA-256 \(sha256(announced))") == true
            )
            try #expect(FileSystem.names(in: directory).isEmpty)
        }
    }

    @Test func theAnnouncedSizeIsThatOfTheWeights() throws {
        for (count, words) in [
            (90_001, "expected 90111 bytes, found 90110"),
            (89_999, "expected 90109 bytes, found 90110"),
        ] {
            try withModel(announcing: safetensors(count)) { server, downloader, directory in
                let error = #expect(throws: DownloadError.self) {
                    try downloader.fetch(weights, into: directory)
                }
                #expect(error?.description.contains(words) == true, "\(String(describing: error))")
                // Already clear from the header of the answer.
                #expect(server.requests.count == 2)
                try #expect(FileSystem.names(in: directory).isEmpty)
            }
        }
    }

    @Test func headersThatDoNotFitTheFileAreRefused() throws {
        for bytes in [
            safetensors(90_000, saying: 90_001), safetensors(90_000, saying: 89_999), [1, 2, 3],
            [UInt8](repeating: 255, count: 100), Array("not a header at all".utf8),
            [2, 0, 0, 0, 0, 0, 0, 0, 0x5B, 0x5D],
        ] {
            try withModel(bytes) { _, downloader, directory in
                #expect(throws: DownloadError.self) {
                    try downloader.fetch(weights, into: directory)
                }
                try #expect(FileSystem.names(in: directory).isEmpty)
            }
        }
    }

    @Test func aBrokenDownloadContinuesElsewhere() throws {
        try withModel {
            $0.cutAfter = 40_000
            $0.cutCount = 2
        } _: { server, downloader, directory in
            _ = try downloader.fetch(weights, into: directory)
            try #expect(
                contents(directory.appending("model.safetensors")) == safetensors(90_000)
            )
            #expect(server.requests.contains { $0.range == "bytes=40000-" && $0.status == 206 })
        }
    }

    @Test func aFileOfUnknownSizeIsBounded() throws {
        let long = [UInt8](repeating: 0x20, count: 5_000)
        for announcesLength in [true, false] {
            try withModel {
                $0.files["/pack/config.json"] = long
                $0.announcesLength = announcesLength
            } _: { _, downloader, directory in
                let error = #expect(throws: DownloadError.self) {
                    try downloader.fetch(json(), into: directory)
                }
                #expect(error?.description.contains("expected at most 1024 bytes") == true)
                try #expect(FileSystem.names(in: directory).isEmpty)
            }
        }
    }

    @Test func textThatIsNotJSONIsRefused() throws {
        try withModel {
            $0.files["/pack/config.json"] = Array("<html>sign in</html>".utf8)
        } _: { _, downloader, directory in
            let error = #expect(throws: DownloadError.self) {
                try downloader.fetch(json(), into: directory)
            }
            #expect(error?.description.contains("expected JSON") == true)
        }
    }

    @Test func aFileThatOnlySomePublishMayBeMissing() throws {
        try withModel {
            $0.files["/pack/config.json"] = nil
        } _: { _, downloader, directory in
            let result = try downloader.fetch(json(isOptional: true), into: directory)
            #expect(result == .notPublished)
            try #expect(FileSystem.names(in: directory).isEmpty)
            #expect(throws: DownloadError.self) {
                try downloader.fetch(json(), into: directory)
            }
        }
    }

    @Test func modelsOfEveryNameEndWithTheirWeights() {
        let files = [PublishedFile].huggingFaceModel("a/b", tokenizer: ["merges.txt"], atMost: 1)
        #expect(
            files.map(\.name) == [
                "config.json", "generation_config.json", "tokenizer.json", "merges.txt",
                "model.safetensors",
            ]
        )
        #expect(files.allSatisfy { $0.source == "https://huggingface.co/a/b/resolve/main" })
        let stories = [PublishedFile].storyModel("stories42M")
        #expect(stories.map(\.name) == ["tokenizer.bin", "stories42M.bin"])
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func realStoryModelsAreRecognized() throws {
        let model = PublishedFile("x", content: .llama2c, atMost: 1 << 22, source: "https://x")
        let path = try TestData.path("llama2/stories260K.bin")
        try #expect(model.mismatch(at: path) == nil)
        let tokenizer = try #require([PublishedFile].storyModel("stories15M").first)
        try #expect(tokenizer.mismatch(at: TestData.path("llama2/tokenizer.bin")) == nil)
        try #expect(tokenizer.mismatch(at: TestData.path("llama2/tok512.bin")) != nil)
        try withTemporaryDirectory { directory in
            let cut = Array(try contents(path).dropLast())
            for bytes: [UInt8] in [cut, [0, 0, 0, 0], Array(repeating: 255, count: 64)] {
                let copy = directory.appending("copy.bin")
                let file = try AtomicFile(copy)
                try file.write(bytes)
                try file.commit()
                try #expect(model.mismatch(at: copy) != nil)
            }
        }
    }
}
