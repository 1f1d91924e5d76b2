// encoder.json and vocab.json: one JSON object that maps tokens, in GPT-2's printable form, to ids.
// The parser knows no other JSON; a general one takes ten times as long.

import FileIO

/// A strict reader of `{"token": id, ...}`, and its writer.
struct VocabularyJSON {
    /// The name GPT-2's files give the token that ends a text.
    static let endOfTextName = "<|endoftext|>"

    private let path: FilePath
    private let source: UnsafeBufferPointer<UInt8>
    private var offset = 0

    // The tokens in the order of the file.
    private var bytes: [UInt8] = []
    private var tokens: [(range: Range<Int>, id: Int)] = []
    // The key being read.
    private var scalars: [UInt32] = []

    /// Reads a vocabulary.
    /// - Throws: ``TextTokenizerError`` when the file is not JSON of this form, the ids are not 0,
    ///   1, 2 and so on without a gap, or there is no `<|endoftext|>`.
    static func read(_ file: MappedFile) throws -> Vocabulary {
        try file.withIntactBytes { raw in
            try raw.withMemoryRebound(to: UInt8.self) { source in
                var parser = Self(path: file.path, source: source)
                try parser.parseObject()
                return try parser.vocabulary()
            }
        }
    }

    /// Writes a vocabulary, in the order of its ids.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` when the end-of-text token has
    ///   another name than `<|endoftext|>`.
    static func write(_ vocabulary: Vocabulary, to file: AtomicFile) throws {
        let name = vocabulary.endOfText.map { vocabulary.slice(of: $0) } ?? []
        guard name.elementsEqual(endOfTextName.utf8) else {
            throw TextTokenizerError.cannotExport(
                path: file.path,
                reason: "its end-of-text token is '\(String(decoding: name, as: UTF8.self))', but "
                    + "readers look for \(endOfTextName)"
            )
        }
        var text = "{"
        for id in 0..<TokenID(vocabulary.count) {
            text += id == 0 ? "\"" : ", \""
            for scalar in ByteAlphabet.text(of: vocabulary.slice(of: id)).unicodeScalars {
                if scalar == "\"" || scalar == "\\" { text += "\\" }
                text.unicodeScalars.append(scalar)
            }
            text += "\": \(id)"
        }
        try file.write(Array((text + "}\n").utf8))
    }

    private init(path: FilePath, source: UnsafeBufferPointer<UInt8>) {
        self.path = path
        self.source = source
        // About half of GPT-2's file is token bytes; this only saves a few reallocations.
        bytes.reserveCapacity(source.count / 2)
        tokens.reserveCapacity(source.count / 20)
    }

    // MARK: The vocabulary

    private func vocabulary() throws -> Vocabulary {
        var positions = [Int?](repeating: nil, count: tokens.count)
        for (position, token) in tokens.enumerated() {
            guard token.id < tokens.count, positions[token.id] == nil else {
                throw malformed(
                    "the id of token \(position + 1) of \(tokens.count)",
                    expected: "unique and below \(tokens.count)",
                    found: "\(token.id)"
                )
            }
            positions[token.id] = position
        }
        // As many different ids as tokens, all in range, so none is missing.
        let ordered = positions.compactMap { $0.map { bytes[tokens[$0].range] } }
        guard
            let endOfText = ordered.lastIndex(where: { $0.elementsEqual(Self.endOfTextName.utf8) })
        else {
            throw malformed(
                "the token that ends a text",
                expected: Self.endOfTextName,
                found: "missing"
            )
        }
        return Vocabulary(tokens: ordered, endOfText: TokenID(endOfText))
    }

    // MARK: JSON

    private mutating func parseObject() throws {
        offset = ByteOrderMark.count(atStartOf: source)
        skipWhitespace()
        try expect("{")
        skipWhitespace()
        if peek() != UInt8(ascii: "}") {
            repeat {
                skipWhitespace()
                try parseKey()
                skipWhitespace()
                try expect(":")
                skipWhitespace()
                let start = bytes.count
                appendToken()
                tokens.append((start..<bytes.count, try parseID()))
                skipWhitespace()
            } while accept(",")
        }
        try expect("}")
        skipWhitespace()
        if offset < source.count { throw unexpected("the end of the file") }
    }

    /// Appends the bytes that `scalars` stand for.
    ///
    /// Tokens that are not written in GPT-2's alphabet are special ones, such as chat markers with
    /// a space in them, and stand for themselves.
    private mutating func appendToken() {
        let start = bytes.count
        for scalar in scalars {
            guard let byte = ByteAlphabet.byte(of: scalar) else {
                bytes.removeLast(bytes.count - start)
                var text = String.UnicodeScalarView()
                text.append(contentsOf: scalars.compactMap { Unicode.Scalar($0) })
                bytes.append(contentsOf: String(text).utf8)
                return
            }
            bytes.append(byte)
        }
    }

    private mutating func parseKey() throws {
        try expect("\"")
        scalars.removeAll(keepingCapacity: true)
        while let byte = peek(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") {
                scalars.append(try parseEscape())
                continue
            }
            let rest = UnsafeBufferPointer(rebasing: source[offset...])
            guard byte >= 0x20, case .scalar(let scalar, let length) = UTF8Sequence(startOf: rest)
            else { throw unexpected("text in UTF-8") }
            scalars.append(scalar)
            offset += length
        }
        if scalars.isEmpty { throw unexpected("a token of one character or more") }
        try expect("\"")
    }

    private mutating func parseEscape() throws -> UInt32 {
        offset += 1
        do {
            return try JSONEscape.scalar(in: source, at: &offset).value
        } catch {
            throw unexpected(error.expected)
        }
    }

    private mutating func parseID() throws -> Int {
        let start = offset
        var value = 0
        while let byte = peek(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            offset += 1
            if value > TokenID.max { throw unexpected("a token id of 32 bits") }
        }
        if offset == start { throw unexpected("a token id, as in vocab.json") }
        return value
    }

    private func peek() -> UInt8? { offset < source.count ? source[offset] : nil }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        if !accept(character) { throw unexpected("'\(character)'") }
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { offset += 1 }
    }

    private func unexpected(_ expected: String) -> TextTokenizerError {
        let found: String
        switch peek() {
        case nil: found = "the end of the file"
        case let byte? where 0x21...0x7E ~= byte: found = "'\(Unicode.Scalar(byte))'"
        case let byte?: found = "byte \(byte)"
        }
        return malformed("the content at byte \(offset)", expected: expected, found: found)
    }

    private func malformed(_ what: String, expected: String, found: String) -> TextTokenizerError {
        .malformed(path: path, what: what, expected: expected, found: found)
    }
}
