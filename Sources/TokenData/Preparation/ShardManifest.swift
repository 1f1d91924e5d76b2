// What made some token shards: a JSON file that `prepare` leaves next to them. Finding it from the
// shards, and checking that it is about them, is in ShardManifest+Finding.swift.

import FileIO
import Tokenization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What made the shards of one preparation: `NAME_manifest.json` next to `NAME_train.bin`.
package struct ShardManifest: Codable, Equatable, Sendable {
    /// The tokenizer.
    package struct Tokenizer: Codable, Equatable, Sendable {
        /// Its kind.
        package var kind: String
        /// V: token ids run from 0 to one less.
        package var vocabularySize: Int
        /// The checksum of its tokens: `Tokenizer.digest`.
        package var digest: String
        /// The token that begins each document; nil in files that do not say.
        package var documentStart: Int32?
        /// Its absolute path; nil when it came from no file.
        package var path: String?
        /// Its path relative to the shards; nil when it came from no file.
        package var relativePath: String?

        private enum CodingKeys: String, CodingKey {
            case kind
            case vocabularySize = "vocabulary_size"
            case digest, path
            case documentStart = "document_start"
            case relativePath = "relative_path"
        }
    }

    /// How the text was split.
    package struct Settings: Codable, Equatable, Sendable {
        /// How a file or a row became documents: a `DocumentSplit`.
        package var split: String
        /// The field of a row that held its text.
        package var textField: String
        /// Tokens requested for validation.
        package var validationTokens: Int
        /// The most tokens in a training shard; nil for one shard of any size.
        package var shardTokens: Int?

        private enum CodingKeys: String, CodingKey {
            case split
            case textField = "text_field"
            case validationTokens = "validation_tokens"
            case shardTokens = "shard_tokens"
        }
    }

    /// One of the shards.
    package struct Shard: Codable, Equatable, Sendable {
        /// The name of its file.
        package var name: String
        /// How many tokens it holds.
        package var tokens: Int
    }

    /// The layout that this code writes, and the only one it reads.
    static let currentVersion = 1
    /// More than any preparation's manifest takes.
    private static let largestByteCount = 1 << 26

    /// The layout of the file.
    package var formatVersion = currentVersion
    /// The tokenizer that encoded the text.
    package var tokenizer: Tokenizer
    /// How the text was split.
    package var settings: Settings
    /// Documents, not counting empty ones.
    package var documents: Int
    /// Bytes of text that were read.
    package var bytes: Int
    /// Tokens in all shards.
    package var tokens: Int
    /// The shards, the one for validation first.
    package var shards: [Shard]

    private enum CodingKeys: String, CodingKey {
        case formatVersion = "format_version"
        case tokenizer, settings, documents, bytes, tokens, shards
    }

    private struct Version: Decodable {
        let format_version: Int
    }

    /// The name of the manifest of a preparation.
    static func fileName(_ name: String) -> String { "\(name)_manifest.json" }

    /// Reads a manifest.
    /// - Throws: ``TokenDataError/invalidManifest(path:problem:)`` or `FileIOError`.
    package init(contentsOf path: FilePath) throws {
        let file = try MappedFile(path)
        func invalid(_ problem: String) -> TokenDataError {
            .invalidManifest(path: path, problem: problem)
        }
        guard file.count <= Self.largestByteCount else {
            throw invalid("it has \(file.count) bytes, more than any manifest")
        }
        let bytes = Data(try file.contents())
        guard let version = try? JSONDecoder().decode(Version.self, from: bytes).format_version
        else { throw invalid("it is not the JSON that 'swiftlet prepare' writes") }
        guard version == Self.currentVersion else {
            throw invalid("it has format \(version), but only \(Self.currentVersion) can be read")
        }
        do { self = try JSONDecoder().decode(Self.self, from: bytes) } catch is DecodingError {
            throw invalid("it is not the JSON that 'swiftlet prepare' writes")
        }
        guard 1...Int(Int32.max) ~= tokenizer.vocabularySize else {
            throw invalid("it says that the tokenizer has \(tokenizer.vocabularySize) tokens")
        }
        if let start = tokenizer.documentStart, !(0..<tokenizer.vocabularySize ~= Int(start)) {
            throw invalid("it says that documents begin with token \(start), which does not exist")
        }
    }

    init(
        _ documents: TextDocuments,
        _ settings: ShardSettings,
        _ tokenizer: any Tokenization.Tokenizer,
        documentCount: Int,
        byteCount: Int,
        shards: [PreparedShard]
    ) {
        self.tokenizer = Tokenizer(
            kind: tokenizer.description.kind == .byteLevel ? "byte-level BPE" : "SentencePiece",
            vocabularySize: tokenizer.vocabularySize,
            digest: tokenizer.digest,
            documentStart: tokenizer.documentStart,
            path: settings.tokenizerPath.map { FileSystem.absolute($0).string },
            relativePath: settings.tokenizerPath.map {
                FileSystem.path(to: $0, from: settings.directory).string
            }
        )
        self.settings = Settings(
            split: documents.split.rawValue,
            textField: documents.textField,
            validationTokens: settings.validationTokens,
            shardTokens: settings.shardTokens
        )
        self.documents = documentCount
        bytes = byteCount
        tokens = shards.reduce(0) { $0 + $1.tokenCount }
        self.shards = shards.map {
            Shard(name: $0.path.lastComponent?.string ?? "", tokens: $0.tokenCount)
        }
    }

    /// Writes the manifest, completely or not at all.
    func write(to path: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let file = try AtomicFile(path)
        try file.write([UInt8](try encoder.encode(self)))
        try file.write([UInt8(ascii: "\n")])
        try file.commit()
    }
}
