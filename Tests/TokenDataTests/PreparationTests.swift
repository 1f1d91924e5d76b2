import FileIO
import TestSupport
import Testing
import Tokenization

@testable import TokenData

/// Prepares texts, each a file of its own, in a directory that is removed afterwards.
private func prepare(
    _ texts: [[UInt8]],
    split: DocumentSplit = .none,
    chunkByteCount: Int = 1000,
    threads: Int = 2,
    change: (inout ShardSettings) -> Void = { _ in },
    check: (TextPreparation.Result, FilePath) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        for (index, text) in texts.enumerated() {
            try writeText(text, to: directory.appending("in/\(10 + index).txt"))
        }
        var documents = TextDocuments(
            try TextInput.find([directory.appending("in")]),
            split: split
        )
        documents.chunkByteCount = chunkByteCount
        let output = directory.appending("out/deep")
        var settings = ShardSettings(directory: output, name: "x")
        change(&settings)
        let preparation = TextPreparation(
            documents,
            tokenizer: Prepared.tokenizer,
            threads: threads
        )
        try check(try preparation.run(settings), output)
    }
}

@Suite struct PreparationTests {
    @Test(arguments: [DocumentSplit.none, .blankLines, .marker], [1, 3])
    func tokensMatchThoseOfWholeDocuments(split: DocumentSplit, threads: Int) throws {
        let words = [
            "the cat", " and", " dog", "\n", "\n\n", "  ", "<|endoftext|>", "'s", "é", "日",
        ]
        var random = SystemRandomNumberGenerator()
        let texts: [[UInt8]] = (0..<5).map { _ in
            let text = (0..<400).map { _ in words.randomElement(using: &random) ?? "" }.joined()
            return Array(text.utf8) + [0xFF, 0xE6]
        }
        func documents(_ text: [UInt8]) -> [[UInt8]] {
            var documents: [[UInt8]] = [[]]
            let (end, stays) = split == .blankLines ? ("\n\n", true) : ("<|endoftext|>", false)
            for byte in text {
                documents[documents.count - 1].append(byte)
                let last = documents[documents.count - 1]
                guard split != .none, last.reversed().starts(with: end.utf8.reversed()) else {
                    continue
                }
                if !stays { documents[documents.count - 1].removeLast(end.utf8.count) }
                documents.append([])
            }
            return documents
        }
        let expected = texts.flatMap(documents).filter { !$0.isEmpty }
        for size in [1, 13, 100, 5000] {
            try prepare(texts, split: split, chunkByteCount: size, threads: threads) { result, _ in
                try #expect(Prepared.tokens(of: result) == Prepared.tokens(expected))
                #expect(result.documentCount == expected.count)
            }
        }
    }

    @Test func aWordLongerThanAnyBlockIsEncodedWhole() throws {
        let text = Array("the ".utf8) + [UInt8](repeating: 0x61, count: 20_000) + Array(" cat".utf8)
        try prepare([text], chunkByteCount: 64) { result, _ in
            try #expect(Prepared.tokens(of: result) == Prepared.tokens([text]))
        }
    }

    @Test func theFirstTokensAreForValidation() throws {
        let text = Array("the cat and the dog and the end of the cat".utf8)
        let expected = try Prepared.tokens([text])
        for count in [1, 7, expected.count - 1] {
            try prepare([text], chunkByteCount: 5) {
                $0.validationTokens = count
            } check: { result, output in
                #expect(
                    result.shards == [
                        PreparedShard(path: output.appending("x_val.bin"), tokenCount: count),
                        PreparedShard(
                            path: output.appending("x_train.bin"),
                            tokenCount: expected.count - count
                        ),
                    ]
                )
                try #expect(Prepared.tokens(of: result) == expected)
                try #expect(
                    FileSystem.names(in: output) == ["x_manifest.json", "x_train.bin", "x_val.bin"]
                )
            }
        }
    }

    @Test(arguments: [0, 4])
    func shardsAreNumberedAndAllButTheLastAreFull(validation: Int) throws {
        let text = Array("the cat and the dog and the end of the cat and the dog".utf8)
        let expected = try Prepared.tokens([text])
        try prepare([text]) {
            $0.validationTokens = validation
            $0.shardTokens = 5
        } check: { result, output in
            let names = result.shards.compactMap { $0.path.lastComponent?.string }
            let training = (expected.count - validation + 4) / 5
            #expect(
                names == (validation > 0 ? ["x_val_000000.bin"] : [])
                    + (1...training).map { "x_train_00000\($0).bin" }
            )
            #expect(result.shards.dropLast().dropFirst().allSatisfy { $0.tokenCount == 5 })
            try #expect(Prepared.tokens(of: result) == expected)
            try #expect(
                FileSystem.names(in: output).map(\.string) == ["x_manifest.json"] + names.sorted()
            )
        }
    }

    @Test func progressLeadsToTheEnd() throws {
        try withTemporaryDirectory { directory in
            let text = Array(String(repeating: "the cat and the dog\n", count: 100).utf8)
            let path = try writeText(text, to: directory.appending("a.txt"))
            var documents = TextDocuments(try TextInput.find([path]))
            documents.chunkByteCount = 100
            var steps: [TextPreparation.Progress] = []
            let result = try TextPreparation(documents, tokenizer: Prepared.tokenizer)
                .run(ShardSettings(directory: directory, name: "x")) { steps.append($0) }
            #expect(steps.count > 10)
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.tokenCount <= $1.tokenCount })
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.byteCount <= $1.byteCount })
            #expect(steps.last?.byteCount == text.count)
            #expect(steps.last?.totalByteCount == text.count)
            try #expect(steps.last?.tokenCount == Prepared.tokens([text]).count)
            #expect(result.progress.tokenCount == steps.last?.tokenCount)
        }
    }

    @Test func filesWithoutTextAreReported() throws {
        try prepare([[], Array("the".utf8), []]) { result, _ in
            #expect(result.documentCount == 1)
            #expect(
                result.emptyInputs.map { $0.path?.lastComponent?.string } == ["10.txt", "12.txt"]
            )
        }
    }

    @Test(
        .enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)),
        arguments: ["gpt2_tokenizer.bin", "vocab.bpe"]
    )
    func tinyShakespeareMatchesLLMC(tokenizer: String) throws {
        try withTemporaryDirectory { directory in
            let input = try TestData.path("tinyshakespeare/input.txt")
            let documents = TextDocuments(try TextInput.find([input]), split: .blankLines)
            var settings = ShardSettings(directory: directory, name: "tiny_shakespeare")
            settings.validationTokens = 32_768
            let preparation = TextPreparation(
                documents,
                tokenizer: try BytePairTokenizer(contentsOf: TestData.path("gpt2/\(tokenizer)")),
                threads: 2
            )
            let result = try preparation.run(settings)
            #expect(result.shards.map(\.tokenCount) == [32_768, 305_260])
            for shard in result.shards {
                let name = shard.path.lastComponent?.string ?? ""
                let original = try MappedFile(TestData.path("tinyshakespeare/\(name)"))
                try #expect(MappedFile(shard.path).contents() == original.contents())
            }
        }
    }
}

@Suite struct PreparationErrorTests {
    private let text = Array("the cat and the dog".utf8)

    @Test func existingShardsAreRefusedUnlessTheyMayBeReplaced() throws {
        for name in ["x_train.bin", "x_val.bin", "x_train_000007.bin", "x_val_000000.bin"] {
            try withTemporaryDirectory { directory in
                let input = try writeText(text, to: directory.appending("a.txt"))
                let old = try writeText([1], to: directory.appending(name))
                let others = ["x_train_1.bin", "x_train_000001.bin.bak", "xx_train.bin"]
                for other in others { try writeText([1], to: directory.appending(other)) }
                let preparation = TextPreparation(
                    TextDocuments(try TextInput.find([input])),
                    tokenizer: Prepared.tokenizer
                )
                var settings = ShardSettings(directory: directory, name: "x")
                #expect(throws: FileIOError.alreadyExists(path: old)) {
                    try preparation.run(settings)
                }
                try #expect(MappedFile(old).contents() == [1])
                settings.overwrite = true
                _ = try preparation.run(settings)
                // Shards that the new ones do not replace would be trained on with them.
                try #expect(
                    FileSystem.names(in: directory).map(\.string)
                        == (["a.txt", "x_manifest.json", "x_train.bin"] + others).sorted()
                )
            }
        }
    }

    @Test func nothingIsLeftOfAPreparationThatFails() throws {
        struct Stop: Error {}
        try withTemporaryDirectory { directory in
            let input = try writeText(text, to: directory.appending("a.txt"))
            let rows = try writeText(
                Array("{\"text\":\"the\"}\n{".utf8),
                to: directory.appending("b.jsonl")
            )
            let output = directory.appending("out")
            var settings = ShardSettings(directory: output, name: "x")
            func run(_ path: FilePath, progress: () throws -> Void = {}) throws {
                let preparation = TextPreparation(
                    TextDocuments(try TextInput.find([path])),
                    tokenizer: Prepared.tokenizer
                )
                _ = try preparation.run(settings) { _ in try progress() }
            }
            #expect(throws: Stop.self) { try run(input) { throw Stop() } }
            #expect(throws: PreparationError.self) { try run(rows) }
            settings.validationTokens = 1000
            let count = try Prepared.tokens([text]).count
            #expect(
                throws: PreparationError.nothingToTrainOn(
                    tokenCount: count,
                    validationTokens: 1000
                )
            ) { try run(input) }
            settings.validationTokens = count
            #expect(throws: PreparationError.self) { try run(input) }
            try #expect(FileSystem.names(in: output) == [])
        }
    }

    @Test func textThatIsEmptyIsNamed() throws {
        for split in DocumentSplit.allCases {
            let error = #expect(throws: PreparationError.self) {
                try prepare([[], []], split: split) { _, _ in }
            }
            #expect(error?.description.contains("11.txt") == true)
        }
        #expect(throws: PreparationError.self) {
            try prepare([Array("<|endoftext|><|endoftext|>".utf8)], split: .marker) { _, _ in }
        }
    }

    @Test(arguments: ["", "a/b", "/"])
    func namesThatNoFileHasAreRefused(name: String) throws {
        #expect(throws: PreparationError.invalidName(name: name)) {
            try prepare([text], change: { $0.name = name }, check: { _, _ in })
        }
    }

    @Test func anOutputThatIsAFileIsNamed() throws {
        try withTemporaryDirectory { directory in
            let input = try writeText(text, to: directory.appending("a.txt"))
            let preparation = TextPreparation(
                TextDocuments(try TextInput.find([input])),
                tokenizer: Prepared.tokenizer
            )
            let error = #expect(throws: FileIOError.self) {
                try preparation.run(ShardSettings(directory: input, name: "x"))
            }
            #expect(error?.description.contains(input.string) == true)
        }
    }

    @Test func aFileThatVanishesIsNamed() throws {
        try withTemporaryDirectory { directory in
            let input = try writeText(text, to: directory.appending("a.txt"))
            let documents = TextDocuments(try TextInput.find([input]))
            try FileSystem.remove(input)
            #expect(throws: FileIOError.missing(path: input)) { try documents.read { _, _, _ in } }
        }
    }
}
