import FileIO
import TestSupport
import Testing
import TokenData

@Suite struct TokenLoaderErrorTests {
    @Test func patternWithoutFilesIsAnError() throws {
        try withTemporaryDirectory { directory in
            let pattern = directory.appending("none_*.bin")
            #expect(throws: TokenDataError.noShards(pattern: pattern)) {
                _ = try tokenLoader(pattern)
            }
        }
    }

    @Test func pathThatLooksLikeAPatternIsFound() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(0..<9, to: directory.appending("data[1].bin"))
            #expect(try tokenLoader(path).shardPaths == [path])
        }
    }

    @Test func shardTooSmallForOneSampleIsNamedWithTheTokensNeeded() throws {
        try withTemporaryDirectory { directory in
            try writeShard(0..<100, to: directory.appending("a.bin"))
            let small = try writeShard(0..<16, to: directory.appending("b.bin"))
            let error = #expect(throws: TokenDataError.self) {
                _ = try tokenLoader(directory.appending("*.bin"), B: 2, T: 4, processCount: 2)
            }
            #expect(error == .tooFewTokens(path: small, needed: 17, found: 16))
            #expect(
                error?.description == """
                    '\(small)' holds 16 tokens, but one batch needs 17 (processes x batch size x \
                    sequence length + 1); reduce the batch size or the sequence length, or leave \
                    this file out
                    """
            )
            // A product beyond Int must not trap.
            #expect(throws: TokenDataError.self) { _ = try tokenLoader(small, B: .max, T: .max) }
        }
    }

    @Test func shardsOfBothFormatsDoNotMix() throws {
        try withTemporaryDirectory { directory in
            let a = try writeShard(0..<9, to: directory.appending("a.bin"))
            let b = try writeShard(0..<9, to: directory.appending("b.bin"), format: .llama3)
            #expect(throws: TokenDataError.mixedFormats(path: a, other: b)) {
                _ = try tokenLoader(directory.appending("*.bin"))
            }
        }
    }

    @Test func damagedShardIsFoundBeforeTheFirstBatch() throws {
        try withTemporaryDirectory { directory in
            try writeShard(0..<9, to: directory.appending("a.bin"))
            let bad = directory.appending("b.bin")
            try writeRawShard(to: bad, header: [20_240_520, 1, -5], body: [])
            #expect(throws: TokenDataError.negativeCount(path: bad, found: -5)) {
                _ = try tokenLoader(directory.appending("*.bin"))
            }
        }
    }

    @Test func tokenOutsideTheVocabularyStopsAtItsBatchAndStaysThere() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(
                [0, 1, 2, 3, 4, 5, 99, 7, 8],
                to: directory.appending("a.bin")
            )
            var loader = try tokenLoader(path, vocabularySize: 50)
            #expect(try nextBatch(&loader).inputs == [0, 1, 2, 3])
            let before = loader.state
            for _ in 0..<2 {
                #expect(
                    throws: TokenDataError.tokenOutOfRange(
                        path: path,
                        position: 6,
                        token: 99,
                        vocabularySize: 50
                    )
                ) { _ = try nextBatch(&loader) }
            }
            #expect(loader.state == before)
        }
    }

    @Test func lastTargetOfAShardIsCheckedToo() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard([0, 1, 2, 3, 99], to: directory.appending("a.bin"))
            var loader = try tokenLoader(path, vocabularySize: 50)
            #expect(throws: TokenDataError.self) { _ = try nextBatch(&loader) }
        }
    }

    @Test func shardReplacedBetweenEpochsIsNoticed() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(0..<9, to: directory.appending("a.bin"))
            var loader = try tokenLoader(path, shuffled: true)
            _ = try nextInputs(&loader, batches: 2)
            let before = loader.state
            try writeShard(1..<10, to: path)
            #expect(throws: TokenDataError.changedWhileReading(path: path)) {
                _ = try nextBatch(&loader)
            }
            #expect(loader.state == before)
        }
    }
}
