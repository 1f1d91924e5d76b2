// Small tokenizers as Hugging Face's library writes them, and the ids it gives for awkward texts.
// scripts/export_tokenizer_fixtures.py makes them.

import FileIO
import Foundation
import TestSupport
import Testing

@testable import Tokenization

enum TokenizerJSONFixture {
    /// What the library makes of the texts.
    struct Encodings: Decodable {
        struct IDs: Decodable {
            /// With names of special tokens taken for these.
            let token: [[TokenID]]
            /// With such names taken for text.
            let text: [[TokenID]]
        }

        let texts: [String]
        let ids: [String: IDs]
    }

    static let byteLevel = ["gpt2", "spaced", "smollm", "llama3", "qwen2", "added"]
    static let sentencePiece = ["llama2", "unknown", "first", "always"]
    static let kinds = byteLevel + sentencePiece

    static func directory() throws -> FilePath {
        let url = try #require(
            Bundle.module.url(
                forResource: "tokenizers",
                withExtension: nil,
                subdirectory: "Fixtures"
            )
        )
        return FilePath(url.path)
    }

    static func directory(of kind: String) throws -> FilePath {
        try directory().appending(kind)
    }

    static func tokenizer(_ kind: String) throws -> any Tokenizer {
        try loadTokenizer(at: directory(of: kind))
    }

    static func encodings() throws -> Encodings {
        let file = try MappedFile(directory().appending("encodings.json"))
        return try JSONDecoder().decode(Encodings.self, from: Data(file.contents()))
    }

    /// The file of a kind in which the first `text` is another, in a directory of its own.
    static func changing(
        _ kind: String,
        _ text: String,
        to other: String,
        _ body: (FilePath) throws -> Void
    ) throws {
        let file = try MappedFile(directory(of: kind).appending("tokenizer.json"))
        let content = String(decoding: try file.contents(), as: UTF8.self)
        let range = try #require(content.firstRange(of: text), "'\(text)' is not in \(kind)")
        try inDirectory(holding: content.replacingCharacters(in: range, with: other), body)
    }

    /// A directory with a tokenizer.json.
    static func inDirectory(
        holding json: String,
        _ body: (FilePath) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            try write(json, to: directory.appending("tokenizer.json"))
            try body(directory)
        }
    }

    static func write(_ text: String, to path: FilePath) throws {
        let file = try AtomicFile(path)
        try file.write(Array(text.utf8))
        try file.commit()
    }
}
