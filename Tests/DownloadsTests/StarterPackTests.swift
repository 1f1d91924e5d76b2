import Downloads
import FileIO
import TestSupport
import Testing

/// Writes a file of `count` bytes, a header and zeros, and returns what is wrong with it.
private func mismatch(
    _ file: PublishedFile,
    header: [Int32],
    body: [UInt16] = []
) throws -> Mismatch? {
    try withTemporaryDirectory { directory in
        let path = directory.appending(file.name)
        let output = try AtomicFile(path)
        try output.write(integers: header + [Int32](repeating: 0, count: 256 - header.count))
        try output.write(integers: body)
        try output.commit()
        return try file.mismatch(at: path)
    }
}

@Suite struct StarterPackTests {
    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func theRealFilesAreRecognized() throws {
        let files: [(PublishedFile, String)] = [
            (.gpt2Tokenizer, "gpt2/gpt2_tokenizer.bin"),
            (.tinyShakespeareTrain, "tinyshakespeare/tiny_shakespeare_train.bin"),
            (.tinyShakespeareVal, "tinyshakespeare/tiny_shakespeare_val.bin"),
        ]
        for (file, path) in files {
            let mismatch = try file.mismatch(at: TestData.path(path))
            #expect(mismatch == nil)
            #expect(file.sha256 != nil)
        }
        let other = try TestData.path("gpt2/gpt2_tokenizer_v1.bin")
        try #expect(PublishedFile.gpt2Tokenizer.mismatch(at: other) != nil)
    }

    @Test func modelsHaveTheSizeOfTheirParameters() {
        #expect(PublishedFile.gpt2.byteCount == 1024 + 4 * 124_475_904)
        #expect(PublishedFile.gpt2BFloat16.byteCount == 1024 + 2 * 124_475_904)
    }

    @Test func anEvaluationShardIsWalkedToItsEnd() throws {
        let shard = PublishedFile("e.bin", header: [20_240_522, 1, 2], size: .examples)
        let header: [Int32] = [20_240_522, 1, 2, 12]
        let body: [UInt16] = [.max, 10, 0, 7, 7, .max, 12, 1, 7, 7, 7]
        try #expect(mismatch(shard, header: header, body: body) == nil)
        try #expect(mismatch(shard, header: header, body: body + [0])?.found == "2 bytes more")
        for count in 0..<body.count {
            try #expect(mismatch(shard, header: header, body: Array(body.prefix(count))) != nil)
        }
        for index in [0, 1, 2, 5, 6, 7] {
            var wrong = body
            wrong[index] = 4
            try #expect(mismatch(shard, header: header, body: wrong) != nil, "field \(index)")
        }
    }

    @Test func aDebugStateHasTheSizeOfItsBatch() throws {
        let state = PublishedFile(
            "d.bin",
            header: [20_240_327, 2],
            size: .debugState(parameterCount: 5, vocabularySize: 3)
        )
        // B = 1, T = 2: 2 + 2 ids, 6 logits, a loss, 5 gradients.
        let right = [UInt16](repeating: 0, count: 2 * 16)
        try #expect(mismatch(state, header: [20_240_327, 2, 1, 2], body: right) == nil)
        try #expect(mismatch(state, header: [20_240_327, 2, 2, 2], body: right) != nil)
        for batch: [Int32] in [[0, 2], [-1, 2], [.max, .max], [.min, 1]] {
            try #expect(mismatch(state, header: [20_240_327, 2] + batch, body: right) != nil)
        }
    }
}
