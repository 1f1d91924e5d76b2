import FileIO
import Foundation
import TestSupport
import Testing
import TokenData

@Suite struct TokenShardTests {
    private func expectError(
        _ expected: TokenDataError,
        header: [Int32],
        body: [UInt8],
        at path: FilePath
    ) throws {
        try writeRawShard(to: path, header: header, body: body)
        #expect(throws: expected) { _ = try TokenShard(path) }
    }

    @Test func shardsOfBothFormatsAreRead() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            try writeRawShard(
                to: path,
                header: [20_240_520, 1, 3],
                body: [1, 0, 0x50, 0xc4, 9, 0]
            )
            let narrow = try TokenShard(path)
            #expect(narrow.format == .gpt2 && narrow.count == 3)
            #expect(try narrow.tokens(in: 0..<3) == [1, 50256, 9])
            #expect(try narrow.tokens(in: 1..<2) == [50256])
            #expect(try narrow.tokens(in: 3..<3) == [])

            try writeRawShard(to: path, header: [20_240_801, 7, 1], body: [0, 0xf5, 1, 0])
            let wide = try TokenShard(path)
            #expect(wide.format == .llama3 && wide.count == 1)
            #expect(try wide.tokens(in: 0..<1) == [128_256])
        }
    }

    @Test func filesThatAreNotShardsAreRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let text = try AtomicFile(path)
            try text.write(Array("To be, or not to be".utf8))
            try text.commit()
            let error = #expect(throws: TokenDataError.self) { _ = try TokenShard(path) }
            #expect(error == .notAShard(path: path, found: 0x6220_6f54))
            #expect(
                error?.description == """
                    '\(path)' is not a token shard: it starts with 1646292820, not with 20240520 \
                    (GPT-2) or 20240801 (Llama-3); create one with 'swiftlet prepare'
                    """
            )
            try AtomicFile(path).commit()
            #expect(throws: TokenDataError.notAShard(path: path, found: nil)) {
                _ = try TokenShard(path)
            }
            let half = try AtomicFile(path)
            try half.write(integers: [Int32(20_240_520), 1, 5])
            try half.commit()
            #expect(throws: FileIOError.self) { _ = try TokenShard(path) }
        }
    }

    @Test func headersThatContradictTheFileAreRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let magic: Int32 = 20_240_520
            try expectError(
                .unsupportedVersion(path: path, found: 7, expected: 1),
                header: [magic, 7, 1],
                body: [1, 0],
                at: path
            )
            try expectError(
                .negativeCount(path: path, found: -1),
                header: [magic, 1, -1],
                body: [1, 0],
                at: path
            )
            try expectError(
                .empty(path: path),
                header: [magic, 1, 0],
                body: [],
                at: path
            )
            for (count, byteCount) in [(Int32.max, 2), (2, 2), (1, 4), (1, 3)] {
                try expectError(
                    .wrongSize(
                        path: path,
                        tokenCount: Int(count),
                        expected: 1024 + 2 * Int(count),
                        found: 1024 + byteCount
                    ),
                    header: [magic, 1, count],
                    body: [UInt8](repeating: 0, count: byteCount),
                    at: path
                )
            }
        }
    }

    @Test(arguments: [TokenShard.Format.gpt2, .llama3])
    func tokensLostFromTheFileAreAnError(format: TokenShard.Format) throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(1..<20_000, to: directory.appending("a.bin"), format: format)
            let shard = try TokenShard(path)
            #expect(try shard.tokens(in: 5..<7) == [6, 7])
            // The rest of its page stays, all zeros.
            try FileHandle(forWritingTo: URL(fileURLWithPath: path.string)).truncate(atOffset: 1034)
            for range in [0..<4, 5..<7, 19_990..<19_999] {
                #expect(throws: FileIOError.shrunk(path: path)) { try shard.tokens(in: range) }
            }
        }
    }

    @Test func tokensOutsideTheVocabularyAreNamedWithTheirPosition() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let shard = try TokenShard(writeShard([0, 4, 5, 6], to: path))
            #expect(try shard.tokens(in: 0..<3, vocabularySize: 6) == [0, 4, 5])
            let error = #expect(throws: TokenDataError.self) {
                try shard.tokens(in: 1..<4, vocabularySize: 6)
            }
            #expect(
                error == .tokenOutOfRange(path: path, position: 3, token: 6, vocabularySize: 6)
            )
            // Not an int32, so no token in any vocabulary.
            try writeRawShard(to: path, header: [20_240_801, 7, 1], body: [0, 0, 0, 0x80])
            #expect(throws: TokenDataError.self) { try TokenShard(path).tokens(in: 0..<1) }
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func realShardsOfTinyShakespeareAreRead() throws {
        let shard = try TokenShard(TestData.path("tinyshakespeare/tiny_shakespeare_val.bin"))
        #expect(shard.format == .gpt2 && shard.count == 32_768)
        // End of text, then "First Citizen:".
        #expect(try shard.tokens(in: 0..<4, vocabularySize: 50257) == [50256, 5962, 22307, 25])
    }
}
