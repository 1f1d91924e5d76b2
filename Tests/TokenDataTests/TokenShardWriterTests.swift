import FileIO
import TestSupport
import Testing
import TokenData

@Suite struct TokenShardWriterTests {
    @Test func theNarrowestFormatThatHoldsTheVocabularyIsChosen() {
        #expect(TokenShard.Format(vocabularySize: 1) == .gpt2)
        #expect(TokenShard.Format(vocabularySize: 65_536) == .gpt2)
        #expect(TokenShard.Format(vocabularySize: 65_537) == .llama3)
    }

    @Test(arguments: TokenShard.Format.allCases)
    func tokensAppendedInPiecesAreReadBack(format: TokenShard.Format) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let writer = try TokenShardWriter(path, format: format)
            var expected: [Int32] = []
            for length in [0, 1, 7, 5000] {
                let tokens = (0..<length).map { Int32($0 * 13 % 60_000) }
                try writer.append(contentsOf: tokens)
                expected += tokens
            }
            try writer.append(contentsOf: [Int32(format.largestToken)])
            expected.append(Int32(format.largestToken))
            #expect(writer.count == expected.count)
            try writer.commit()
            let shard = try TokenShard(path)
            #expect(shard.format == format)
            #expect(try shard.tokens(in: 0..<shard.count) == expected)
        }
    }

    @Test func headerAndTokensFollowTheFormatByteForByte() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            try writeShard([50256, 1], to: path)
            let header: [UInt8] = [0x88, 0xd8, 0x34, 1, 1, 0, 0, 0, 2, 0, 0, 0]
            let expected = header + [UInt8](repeating: 0, count: 1012) + [0x50, 0xc4, 1, 0]
            #expect(try MappedFile(path).contents() == expected)
        }
    }

    @Test func tokensOutsideTheVocabularyAreRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let writer = try TokenShardWriter(path, vocabularySize: 100)
            try writer.append(contentsOf: [99])
            for (tokens, position, bad) in [([0, 100], 2, 100), ([-1], 1, -1)]
                as [([Int32], Int, Int)]
            {
                #expect(
                    throws: TokenDataError.tokenOutOfRange(
                        path: path,
                        position: position,
                        token: bad,
                        vocabularySize: 100
                    )
                ) { try writer.append(contentsOf: tokens) }
            }
            #expect(writer.count == 1)
        }
    }

    @Test func shardsWithoutTokensAreNotWritten() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            let writer = try TokenShardWriter(path, format: .gpt2)
            #expect(throws: TokenDataError.empty(path: path)) { try writer.commit() }
            #expect(!FileSystem.exists(path))
        }
    }

    @Test func uncommittedShardsLeaveTheOldOne() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard([1], to: directory.appending("a.bin"))
            func abandon() throws {
                try TokenShardWriter(path, format: .gpt2).append(contentsOf: [2, 3])
            }
            try abandon()
            #expect(try TokenShard(path).tokens(in: 0..<1) == [1])
            #expect(throws: FileIOError.alreadyExists(path: path)) {
                _ = try TokenShardWriter(path, format: .gpt2, overwrite: false)
            }
            #expect(try FileSystem.names(in: directory) == ["a.bin"])
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func realShardIsRewrittenByteForByte() throws {
        try withTemporaryDirectory { directory in
            let original = try TestData.path("tinyshakespeare/tiny_shakespeare_train.bin")
            let shard = try TokenShard(original)
            let copy = directory.appending("copy.bin")
            try writeShard(shard.tokens(in: 0..<shard.count), to: copy)
            #expect(try MappedFile(copy).contents() == MappedFile(original).contents())
        }
    }
}
