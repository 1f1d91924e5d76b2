import FileIO
import TestSupport
import Testing
import TokenData
import Tokenization

@Suite struct DocumentBoundaryTests {
    private func loader(_ path: FilePath) throws -> TokenLoader {
        try TokenLoader(matching: path, batchSize: 2, sequenceLength: 5, shuffled: false)
    }

    @Test func documentsBeginAtTheirFirstTokenAndRowsAnew() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(
                [9, 1, 2, 9, 3, 4, 5, 9, 9, 6, 7],
                to: directory.appending("a.bin")
            )
            var joined = try loader(path)
            var separate: any BatchSource = DocumentBoundaries(joined, documentStart: 9)
            let (plain, batch) = (try nextBatch(&joined), try nextBatch(&separate))
            #expect(batch.inputs == plain.inputs && batch.targets == plain.targets)
            #expect(batch.isCounted == nil)
            #expect(plain.starts == nil)
            #expect(batch.starts == [0, 0, 0, 3, 3, 0, 0, 2, 3, 3])
            #expect(separate.samplesPerEpoch == 1 && separate.tokenCount == 11)
        }
    }

    @Test func boundariesOfTheSourceAreKept() throws {
        var first = ConversationTokens()
        first.append([9, 1], isLearnt: false)
        first.append([2], isLearnt: true)
        var second = first
        second.append([9], isLearnt: true)
        var source = DocumentBoundaries(
            try ConversationLoader(
                [second, first],
                path: "chat",
                batchSize: 1,
                sequenceLength: 7,
                seed: nil
            ),
            documentStart: 9
        )
        #expect(try nextBatch(&source).starts == [0, 0, 0, 3, 4, 4, 4])
    }

    @Test func whetherDocumentsAreSeparateIsPartOfThePosition() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(0..<50, to: directory.appending("a.bin"))
            var joined = try loader(path)
            var separate = DocumentBoundaries(try loader(path), documentStart: 9)
            _ = try nextBatch(&separate)
            var resumed = DocumentBoundaries(try loader(path), documentStart: 9)
            try resumed.restore(separate.state)
            #expect(resumed.state == separate.state)
            #expect(try nextBatch(&resumed) == nextBatch(&separate))
            func expect(_ reason: String, _ body: () throws -> Void) {
                #expect(throws: TokenDataError.positionMismatch(reason: reason), performing: body)
            }
            expect("documents did not see each other, and now do") {
                try joined.restore(separate.state)
            }
            expect("documents saw each other, and no longer do") {
                try separate.restore(joined.state)
            }
            var other = DocumentBoundaries(try loader(path), documentStart: 8)
            expect("the token that begins documents was 9 and is now 8") {
                try other.restore(separate.state)
            }
        }
    }
}
