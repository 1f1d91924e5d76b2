// What `prepare` leaves next to its shards: written with them, found by their names, and trusted
// only if it is about them.

import FileIO
import TestSupport
import Testing
import Tokenization

@testable import TokenData

@Suite struct ShardManifestTests {
    private static let text = Array("the cat and the dog and the end of all cats\n".utf8)

    /// Shards of a small text in `directory`/data, made with the tokenizer in
    /// `directory`/tokenizer.
    @discardableResult
    private func prepare(
        in directory: FilePath,
        name: String = "small",
        tokenizer: BytePairTokenizer = Prepared.tokenizer,
        validationTokens: Int = 5,
        shardTokens: Int? = nil,
        overwrite: Bool = false
    ) throws -> [FilePath] {
        let input = try writeText(Self.text, to: directory.appending("input.txt"))
        let folder = directory.appending("tokenizer")
        try FileSystem.createDirectory(folder)
        try tokenizer.save(in: folder)
        var settings = ShardSettings(directory: directory.appending("data"), name: name)
        settings.validationTokens = validationTokens
        settings.shardTokens = shardTokens
        settings.overwrite = overwrite
        settings.tokenizerPath = folder
        let documents = TextDocuments([TextInput(path: input, format: .text)])
        return try TextPreparation(documents, tokenizer: tokenizer).run(settings).shards.map(\.path)
    }

    private func manifest(in directory: FilePath, name: String = "small") -> FilePath {
        directory.appending("data").appending("\(name)_manifest.json")
    }

    @Test(arguments: [nil, 4]) func preparationLeavesWhatMadeItsShards(shardTokens: Int?) throws {
        try withTemporaryDirectory { directory in
            let shards = try prepare(in: directory, shardTokens: shardTokens)
            for shard in shards {
                let found = try #require(try ShardManifest.find(besideShards: [shard]))
                #expect(found.path == manifest(in: directory))
                let content = found.manifest
                #expect(content.tokenizer.vocabularySize == Prepared.tokenizer.vocabularySize)
                #expect(content.tokenizer.digest == Prepared.tokenizer.digest)
                #expect(content.documents == 1)
                #expect(content.bytes == Self.text.count)
                #expect(content.settings.validationTokens == 5)
                #expect(content.settings.shardTokens == shardTokens)
                #expect(content.shards.map(\.name) == shards.map { $0.lastComponent?.string })
                #expect(try content.shards.map(\.tokens) == shards.map { try TokenShard($0).count })
                #expect(content.tokens == content.shards.reduce(0) { $0 + $1.tokens })
                #expect(found.tokenizer()?.value.digest == Prepared.tokenizer.digest)
            }
        }
    }

    @Test(
        arguments: [
            ("a_train.bin", "a"), ("a_val.bin", "a"), ("a_train_000012.bin", "a"),
            ("my_train_train.bin", "my_train"), ("a_train_val_1234567.bin", "a_train"),
            ("a.bin", nil), ("_train.bin", nil), ("a_train.txt", nil), ("a_train_x.bin", nil),
            ("a_train000001.bin", nil),
        ] as [(String, String?)]
    )
    func nameOfAPreparationIsReadFromItsShards(file: String, name: String?) {
        #expect(ShardManifest.preparation(named: file) == name)
    }

    @Test func shardsWithoutAManifestHaveNone() throws {
        try withTemporaryDirectory { directory in
            let shards = try prepare(in: directory)
            try FileSystem.remove(manifest(in: directory))
            #expect(try ShardManifest.find(besideShards: shards) == nil)
            let other = try writeShard([1, 2, 3], to: directory.appending("other.bin"))
            #expect(try ShardManifest.find(besideShards: [other]) == nil)
        }
    }

    @Test func manifestOfOtherShardsIsRefused() throws {
        try withTemporaryDirectory { directory in
            let shards = try prepare(in: directory, validationTokens: 0)
            let path = manifest(in: directory)
            let count = try TokenShard(shards[0]).count
            try writeShard([Int32](repeating: 1, count: count + 1), to: shards[0])
            #expect(
                throws: TokenDataError.staleManifest(
                    path: path,
                    shard: shards[0],
                    described: count,
                    found: count + 1
                )
            ) { try ShardManifest.find(besideShards: shards) }
            let extra = directory.appending("data/small_train_000009.bin")
            try writeShard([1, 2], to: extra)
            #expect(
                throws: TokenDataError.staleManifest(
                    path: path,
                    shard: extra,
                    described: nil,
                    found: 2
                )
            ) { try ShardManifest.find(besideShards: [extra]) }
        }
    }

    @Test func manifestsOfDifferentTokenizersAreRefused() throws {
        try withTemporaryDirectory { directory in
            let first = try prepare(in: directory)
            var trainer = try BytePairTrainer(vocabularySize: 260)
            trainer.add("other words")
            let second = try prepare(in: directory, name: "other", tokenizer: trainer.train())
            #expect(
                throws: TokenDataError.differentTokenizers(
                    path: manifest(in: directory),
                    other: manifest(in: directory, name: "other")
                )
            ) { try ShardManifest.find(besideShards: first + second) }
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{\"format_version\":2}", "{\"format_version\":1}", "\u{0}\u{1}",
        "{\"format_version\":1e99}", String(repeating: "[", count: 100_000),
    ])
    func filesThatAreNotManifestsAreErrors(text: String) throws {
        try withTemporaryDirectory { directory in
            let shards = try prepare(in: directory)
            try writeText(text.utf8, to: manifest(in: directory))
            let error = #expect(throws: TokenDataError.self) {
                try ShardManifest.find(besideShards: shards)
            }
            #expect(error?.description.contains("small_manifest.json' cannot be used") == true)
        }
    }

    @Test(arguments: ["0", "-1", "99999999999"])
    func sizesThatNoVocabularyHasAreErrors(size: String) throws {
        try withTemporaryDirectory { directory in
            let shards = try prepare(in: directory)
            let path = manifest(in: directory)
            let text = String(decoding: try MappedFile(path).contents(), as: UTF8.self)
            let changed = text.replacing(
                "\"vocabulary_size\" : 272",
                with: "\"vocabulary_size\" : \(size)"
            )
            #expect(changed != text)
            try writeText(changed.utf8, to: path)
            #expect(throws: TokenDataError.self) { try ShardManifest.find(besideShards: shards) }
        }
    }

    @Test func tokenizerIsFoundWhereDataOrBothWereMoved() throws {
        try withTemporaryDirectory { directory in
            let shards = try prepare(in: directory.appending("old"))
            let name = try #require(shards.first?.lastComponent)
            func tokenizer(besideShardIn data: FilePath) throws -> FilePath? {
                try ShardManifest.find(besideShards: [data.appending(name)])?.tokenizer()?.path
            }
            let elsewhere = directory.appending("elsewhere")
            try FileSystem.move(directory.appending("old/data"), to: elsewhere)
            #expect(
                try tokenizer(besideShardIn: elsewhere)
                    == FileSystem.absolute(directory.appending("old/tokenizer"))
            )
            try FileSystem.move(elsewhere, to: directory.appending("old/data"))
            try FileSystem.move(directory.appending("old"), to: directory.appending("new"))
            let moved = directory.appending("new/tokenizer")
            #expect(try tokenizer(besideShardIn: directory.appending("new/data")) == moved)
            // Another tokenizer in its place is not the one.
            var trainer = try BytePairTrainer(vocabularySize: 260)
            trainer.add("other words")
            try trainer.train().save(in: moved)
            #expect(try tokenizer(besideShardIn: directory.appending("new/data")) == nil)
        }
    }

    @Test func manifestIsOnlyOverwrittenWhereThatIsAllowed() throws {
        try withTemporaryDirectory { directory in
            let path = manifest(in: directory)
            try writeText("mine".utf8, to: path)
            #expect(throws: FileIOError.alreadyExists(path: path)) { try prepare(in: directory) }
            #expect(try MappedFile(path).contents() == Array("mine".utf8))
            let shards = try prepare(in: directory, overwrite: true)
            #expect(try ShardManifest.find(besideShards: shards) != nil)
        }
    }
}

extension ShardManifest.Found: Equatable {
    public static func == (one: Self, other: Self) -> Bool {
        one.path == other.path && one.manifest == other.manifest
    }
}
