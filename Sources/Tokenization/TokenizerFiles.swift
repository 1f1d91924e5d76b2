// Which files make up a tokenizer: recognised by what is in them, not by how they are called. What
// they say is read by VocabularyJSON, MergesFile and Vocabulary+LLMC.

import FileIO

/// The files of one tokenizer.
package enum TokenizerFiles: Equatable {
    /// llm.c's tokenizer file.
    case llmc(FilePath)
    /// A vocabulary in JSON and a merges file.
    case pair(vocabulary: FilePath, merges: FilePath)

    // OpenAI's names, then Hugging Face's.
    private static let pairNames = [("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt")]
    private static let llmcNames = ["tokenizer.bin", "gpt2_tokenizer.bin"]

    /// Finds the files that belong to `path`: a tokenizer file, one of a pair, or a directory that
    /// holds either.
    /// - Throws: ``TokenizerError`` when the content is something else or a part is missing.
    package init(at path: FilePath) throws {
        guard FileSystem.isDirectory(path) else {
            self = try Self(ofFile: path)
            return
        }
        if let name = Self.llmcNames.first(where: { FileSystem.exists(path.appending($0)) }) {
            self = .llmc(path.appending(name))
            return
        }
        let pairs = Self.pairNames.map { (path.appending($0.0), path.appending($0.1)) }
        guard let pair = pairs.first(where: { FileSystem.exists($0) && FileSystem.exists($1) })
        else {
            throw TokenizerError.nothingInDirectory(
                path: path,
                expected: Self.llmcNames + Self.pairNames.map { "\($0) with \($1)" }
            )
        }
        self = .pair(vocabulary: pair.0, merges: pair.1)
    }

    private init(ofFile path: FilePath) throws {
        let file = try MappedFile(path)
        let start = file.withUnsafeBytes { Array($0.prefix(64)) }
        let name = path.lastComponent?.string
        if start.starts(with: Vocabulary.llmcMagicBytes) {
            self = .llmc(path)
        } else if start.first(where: { !Self.isWhitespace($0) }) == UInt8(ascii: "{") {
            let names = Self.pairNames.first { $0.0 == name }.map { [$0] }
            let merges = try Self.companion(of: path, among: (names ?? Self.pairNames).map(\.1))
            self = .pair(vocabulary: path, merges: merges)
        } else if start.starts(with: MergesFile.headerStart.utf8)
            || Self.pairNames.contains(where: { $0.1 == name })
        {
            let names = Self.pairNames.first { $0.1 == name }.map { [$0] }
            let vocabulary = try Self.companion(of: path, among: (names ?? Self.pairNames).map(\.0))
            self = .pair(vocabulary: vocabulary, merges: path)
        } else {
            throw TokenizerError.unrecognized(path: path, found: Self.describe(start))
        }
    }

    /// The other half of a pair, beside `path`.
    private static func companion(of path: FilePath, among names: [String]) throws -> FilePath {
        let candidates = names.map { path.removingLastComponent().appending($0) }
        guard let companion = candidates.first(where: FileSystem.exists) else {
            throw TokenizerError.missingCompanion(path: path, expected: names)
        }
        return companion
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool {
        [0x20, 0x09, 0x0A, 0x0D].contains(byte)
    }

    /// The first bytes of a file in words.
    private static func describe(_ start: [UInt8]) -> String {
        if start.isEmpty { return "nothing (it is empty)" }
        let shown = start.prefix(8)
        return shown.allSatisfy { 0x20...0x7E ~= $0 }
            ? "the text '\(String(decoding: shown, as: UTF8.self))'"
            : "the bytes " + shown.map { String($0, radix: 16) }.joined(separator: " ")
    }
}
