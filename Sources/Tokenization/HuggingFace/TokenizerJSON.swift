// Hugging Face's tokenizer.json as stored in the file: the model's large lists, and the settings
// around them as they are. TokenizerJSON+Model.swift and TokenizerJSON+Pipeline.swift interpret
// them.

import FileIO

/// The content of a tokenizer.json.
struct TokenizerJSON {
    /// The file.
    let path: FilePath
    /// The members other than the lists, by name; the model's own are `model`.
    private(set) var settings: [String: JSONTree] = [:]
    private(set) var model: [String: JSONTree] = [:]
    /// The names in the model's vocabulary, in UTF-8, in the order of the file.
    private(set) var names = TokenTexts()
    /// Their ids.
    private(set) var ids: [Int] = []
    /// The two parts of each merge, in turn, in UTF-8.
    private(set) var mergeParts = TokenTexts()

    /// Reads a file.
    /// - Throws: ``TextTokenizerError`` when it is not such JSON.
    init(_ file: MappedFile) throws {
        path = file.path
        do {
            try file.withIntactBytes { raw in
                try raw.withMemoryRebound(to: UInt8.self) { try read($0) }
            }
        } catch let error as JSONCursor.Malformed {
            throw TextTokenizerError(error, path: file.path)
        }
    }

    private mutating func read(_ source: UnsafeBufferPointer<UInt8>) throws {
        var cursor = try JSONCursor(source)
        // About a third of such a file is the bytes of names, and another third those of merges.
        names.reserveCapacity(texts: source.count / 40, bytes: source.count / 5)
        mergeParts.reserveCapacity(texts: source.count / 20, bytes: source.count / 3)
        ids.reserveCapacity(source.count / 40)
        try cursor.members { cursor, name in
            if name == "model", cursor.next == UInt8(ascii: "{") {
                try readModel(&cursor)
            } else {
                settings[name] = try Self.setting(&cursor, after: settings.count)
            }
        }
        try cursor.end()
    }

    /// Far more settings than exist; the long lists are read separately.
    private static let mostSettings = 1024

    private static func setting(_ cursor: inout JSONCursor, after count: Int) throws -> JSONTree {
        guard count < mostSettings else {
            throw cursor.malformed("no more than \(mostSettings) settings")
        }
        return try cursor.value()
    }

    private mutating func readModel(_ cursor: inout JSONCursor) throws {
        settings["model"] = .bool(true)
        try cursor.members { cursor, name in
            if name == "vocab", cursor.next == UInt8(ascii: "{") {
                try readVocabulary(&cursor)
            } else if name == "merges", cursor.next == UInt8(ascii: "[") {
                try readMerges(&cursor)
            } else {
                model[name] = try Self.setting(&cursor, after: model.count)
            }
        }
    }

    private mutating func readVocabulary(_ cursor: inout JSONCursor) throws {
        var name: [UInt8] = []
        try cursor.uncheckedMembers { cursor in
            name.removeAll(keepingCapacity: true)
            try cursor.name(into: &name)
            guard !name.isEmpty else { throw cursor.malformed("a token of one byte or more") }
            names.append(name)
            ids.append(try cursor.count())
        }
    }

    /// Merges are "left right", or pairs of strings.
    private mutating func readMerges(_ cursor: inout JSONCursor) throws {
        var text: [UInt8] = []
        try cursor.elements { cursor in
            let start = cursor
            guard cursor.next == UInt8(ascii: "[") else {
                text.removeAll(keepingCapacity: true)
                try cursor.string(into: &text)
                guard let space = text.firstIndex(of: Ascii.space),
                    text.lastIndex(of: Ascii.space) == space
                else { throw start.malformed("two tokens with a space between them") }
                mergeParts.append(text[..<space])
                mergeParts.append(text[(space + 1)...])
                return
            }
            var count = 0
            try cursor.elements { cursor in
                text.removeAll(keepingCapacity: true)
                try cursor.string(into: &text)
                count += 1
                mergeParts.append(text)
            }
            if count != 2 { throw start.malformed("two tokens") }
        }
    }

    // MARK: Errors

    func malformed(_ what: String, _ expected: String, _ found: String) -> TextTokenizerError {
        .malformed(path: path, what: what, expected: expected, found: found)
    }

    func notKnown(_ what: String, _ found: String) -> TextTokenizerError {
        .notKnown(path: path, what: what, found: found)
    }
}

extension TextTokenizerError {
    /// What a reader of JSON found.
    init(_ error: JSONCursor.Malformed, path: FilePath) {
        self = .malformed(
            path: path,
            what: "its JSON at byte \(error.offset)",
            expected: error.expected,
            found: "something else"
        )
    }
}
