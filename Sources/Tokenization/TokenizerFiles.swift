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
        let llmcFiles = Self.llmcNames.map { path.appending($0) }.filter(FileSystem.exists)
        let pairs = Self.pairNames.map { (path.appending($0.0), path.appending($0.1)) }
            .filter { FileSystem.exists($0) && FileSystem.exists($1) }
        // By content first: llama2.c calls its tokenizers tokenizer.bin, too.
        if let file = try llmcFiles.first(where: { try Self.isLLMC(Self.start(of: $0)) }) {
            self = .llmc(file)
            return
        }
        guard let pair = pairs.first else {
            if let file = llmcFiles.first {
                self = .llmc(file)
                return
            }
            throw TokenizerError.nothingInDirectory(
                path: path,
                expected: Self.llmcNames + Self.pairNames.map { "\($0) with \($1)" }
            )
        }
        self = .pair(vocabulary: pair.0, merges: pair.1)
    }

    private init(ofFile path: FilePath) throws {
        let start = try Self.start(of: path)
        let name = path.lastComponent?.string
        let isMergesFile =
            start.starts(with: MergesFile.headerStart.utf8)
            || Self.pairNames.contains { $0.1 == name }
        if Self.isLLMC(start) {
            self = .llmc(path)
        } else if !isMergesFile, JSONStart(start) == .object {
            // The first merge of a merges file may be one of braces.
            let names = Self.pairNames.first { $0.0 == name }.map { [$0] }
            let merges = try Self.companion(of: path, among: (names ?? Self.pairNames).map(\.1))
            self = .pair(vocabulary: path, merges: merges)
        } else if isMergesFile {
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

    private static func start(of path: FilePath) throws -> [UInt8] {
        try MappedFile(path).withUnsafeBytes { Array($0.prefix(64)) }
    }

    private static func isLLMC(_ start: [UInt8]) -> Bool {
        start.starts(with: Vocabulary.llmcMagicBytes)
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
