// Which files make up a tokenizer: recognized by content, not by name. Their contents are read
// elsewhere; LoadTokenizer.swift calls the readers.

import FileIO

/// The files of one tokenizer.
package enum TokenizerFiles: Equatable {
    /// Hugging Face's tokenizer.json, with the files next to it.
    case json(FilePath)
    /// SentencePiece's model, or what llama2.c makes from one.
    case sentencePiece(FilePath)
    /// llm.c's tokenizer file.
    case llmc(FilePath)
    /// A vocabulary in JSON and a merges file.
    case pair(vocabulary: FilePath, merges: FilePath)

    /// The file that says which tokens there are.
    package var path: FilePath {
        switch self {
        case .json(let path), .sentencePiece(let path), .llmc(let path), .pair(let path, _): path
        }
    }

    private static let jsonName = "tokenizer.json"
    private static let modelName = "tokenizer.model"
    // OpenAI's names, then Hugging Face's.
    private static let pairNames = [("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt")]
    private static let binaryNames = ["tokenizer.bin", "gpt2_tokenizer.bin"]

    /// Finds the files that belong to `path`: a tokenizer file, one of a pair, or a directory with
    /// any of these.
    ///
    /// A directory may hold its tokenizer in several forms. The most informative is looked for
    /// first: tokenizer.json, which has added tokens and the rules for words; then SentencePiece's
    /// model, with its settings; then llm.c's or llama2.c's file, which share a name and are told
    /// apart by content; then the pairs, whose merges have their own order but whose rules are
    /// taken to be GPT-2's.
    /// - Parameters:
    ///   - path: Where to look.
    ///   - isByteLevel: Whether to ignore SentencePiece's files in a directory.
    /// - Throws: ``TextTokenizerError`` when the content is something else or a part is missing.
    package init(at path: FilePath, isByteLevel: Bool = false) throws {
        guard FileSystem.isDirectory(path) else {
            self = try Self(ofFile: path)
            return
        }
        func existing(_ names: [String]) -> [FilePath] {
            names.map { path.appending($0) }.filter(FileSystem.exists)
        }
        if let file = existing([Self.jsonName]).first {
            self = .json(file)
            return
        }
        let binaries = existing([Self.modelName] + Self.binaryNames)
        for file in binaries {
            switch try Self(ofBinary: file) {
            case nil: continue
            case .sentencePiece? where isByteLevel: continue
            case .llmc? where file.lastComponent?.string == Self.modelName: continue
            case let files?: self = files
            }
            return
        }
        let pair = Self.pairNames.map { (path.appending($0.0), path.appending($0.1)) }
            .first { FileSystem.exists($0) && FileSystem.exists($1) }
        if let pair {
            self = .pair(vocabulary: pair.0, merges: pair.1)
        } else if let file = binaries.first {
            // Its reader says what is wrong with it.
            self = file.lastComponent?.string == Self.modelName ? .sentencePiece(file) : .llmc(file)
        } else {
            throw TextTokenizerError.nothingInDirectory(
                path: path,
                expected: [Self.jsonName, Self.modelName] + Self.binaryNames
                    + Self.pairNames.map { "\($0) with \($1)" }
            )
        }
    }

    /// Recognizes a file by how it begins: by llm.c's number, or by lengths that lead from piece to
    /// piece.
    private init?(ofBinary path: FilePath) throws {
        let file = try MappedFile(path)
        if file.withUnsafeBytes({ $0.starts(with: Vocabulary.llmcMagicBytes) }) {
            self = .llmc(path)
        } else if file.withUnsafeBytes({ SentencePieceFormat($0) }) != nil {
            self = .sentencePiece(path)
        } else {
            return nil
        }
    }

    private init(ofFile path: FilePath) throws {
        if let files = try Self(ofBinary: path) {
            self = files
            return
        }
        let start = try Self.start(of: path)
        let name = path.lastComponent?.string
        let isMergesFile =
            start.starts(with: MergesFile.headerStart.utf8)
            || Self.pairNames.contains { $0.1 == name }
        if !isMergesFile, JSONStart(start) == .object {
            if name == Self.jsonName || Self.holdsSettings(start) {
                self = .json(path)
                return
            }
            // The first merge of a merges file may be one of braces.
            let names = Self.pairNames.first { $0.0 == name }.map { [$0] }
            let merges = try Self.companion(of: path, among: (names ?? Self.pairNames).map(\.1))
            self = .pair(vocabulary: path, merges: merges)
        } else if isMergesFile {
            let names = Self.pairNames.first { $0.1 == name }.map { [$0] }
            let vocabulary = try Self.companion(of: path, among: (names ?? Self.pairNames).map(\.0))
            self = .pair(vocabulary: vocabulary, merges: path)
        } else if name == Self.modelName {
            self = .sentencePiece(path)
        } else {
            throw TextTokenizerError.unrecognized(path: path, found: Self.describe(start))
        }
    }

    /// Whether the first value of an object is not a number, which every token's id is.
    private static func holdsSettings(_ start: [UInt8]) -> Bool {
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        guard let quote = start.firstIndex(of: UInt8(ascii: "\"")) else { return false }
        var rest = start[(quote + 1)...]
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") { rest = rest.dropFirst() }
        }
        rest = rest.drop { blanks.contains($0) || $0 == UInt8(ascii: ":") }
        return rest.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0) } ?? false
    }

    /// The other half of a pair, next to `path`.
    private static func companion(of path: FilePath, among names: [String]) throws -> FilePath {
        let candidates = names.map { path.removingLastComponent().appending($0) }
        guard let companion = candidates.first(where: FileSystem.exists) else {
            throw TextTokenizerError.missingCompanion(path: path, expected: names)
        }
        return companion
    }

    private static func start(of path: FilePath) throws -> [UInt8] {
        try MappedFile(path).withUnsafeBytes { Array($0.prefix(1024)) }
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
