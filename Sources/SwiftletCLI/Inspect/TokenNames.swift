// Tokens as text, for JSON and for people: in the cells of tables, where each is on one line and
// its spaces can be seen, and in a row, each with its number, so that a person can name one. How a
// tokenizer makes text of them is its own business.

import Swiftlet

/// The texts of a model's tokens, if a tokenizer is known.
struct TokenNames {
    private let decoder: (any TokenDecoder)?
    /// The names of all tokens, if those that mark places in a sequence have no text.
    private let names: TokenTexts?

    /// Takes a tokenizer; with nil, only numbers are shown.
    init(_ decoder: (any TokenDecoder)?) {
        self.decoder = decoder
        let markers = (decoder?.endsOfText ?? []) + (decoder?.startOfText.map { [$0] } ?? [])
        let isSilent = { (id: TokenID) in
            (try? decoder?.bytes(of: id, after: nil))?.isEmpty == true
        }
        names =
            markers.contains(where: isSilent)
            ? (decoder as? any Tokenizer)?.description.tokens : nil
    }

    /// What one token adds to the middle of a text; U+FFFD for part of a character.
    /// - Returns: The text; nil for a token that the tokenizer lacks, or without a tokenizer.
    func text(of token: TokenID) -> String? {
        bytes(of: token).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What each token of a sequence adds to its text.
    /// - Returns: As many texts as tokens; nil for those that the tokenizer lacks.
    func texts(of tokens: [TokenID]) -> [String?] {
        var previous: TokenID?
        return tokens.map { token in
            defer { previous = decoder?.context(after: token, previous) }
            return (try? decoder?.bytes(of: token, after: previous))
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The text of some tokens within a sequence; what is not UTF-8 becomes U+FFFD.
    /// - Parameters:
    ///   - tokens: The tokens; those that the tokenizer lacks add nothing.
    ///   - previous: The token before them; nil at the start of the sequence.
    /// - Returns: Their text.
    func text(of tokens: some Sequence<TokenID>, after previous: TokenID?) -> String {
        var previous = previous
        var bytes: [UInt8] = []
        for token in tokens {
            bytes += (try? decoder?.bytes(of: token, after: previous)) ?? []
            previous = decoder?.context(after: token, previous)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A token for people: its text in quotes, with every byte that cannot be shown escaped; for a
    /// marker its name, such as `<s>`; or else its number.
    func label(of token: TokenID) -> String {
        guard let bytes = bytes(of: token), !bytes.isEmpty else { return name(of: token) }
        return "'\(DisplayText.escaping(bytes: bytes))'"
    }

    /// The name of a token without text: a marker's name, or the token's number.
    func name(of token: TokenID) -> String {
        guard let names, names.indices.contains(Int(token)) else { return "#\(token)" }
        // Some files have line ends around the names of markers.
        let name = names[Int(token)].filter { $0 > 0x20 }
        return name.isEmpty ? "#\(token)" : DisplayText.escaping(bytes: name)
    }

    /// The bytes that one token adds to the middle of a text; nil for a token that the tokenizer
    /// lacks, or without a tokenizer.
    func bytes(of token: TokenID) -> ArraySlice<UInt8>? {
        // After a token that does not start a text, so that a space before a word stays.
        try? decoder?.bytes(of: token, after: token == decoder?.startOfText ? nil : token)
    }
}

extension TokenNames {
    /// A token as a table shows it.
    ///
    /// A space is a centered dot, what cannot be drawn is escaped, and a token that is not text has
    /// its name or its number.
    func cell(of token: TokenID, _ glyphs: DisplayGlyphs) -> String {
        guard let bytes = bytes(of: token), !bytes.isEmpty else { return name(of: token) }
        let text = DisplayText.escaping(bytes: bytes).replacing(" ", with: glyphs.space)
        guard text.unicodeScalars.contains(where: isInvisible) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            result +=
                isInvisible(scalar)
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
    }

    /// Whether a terminal may draw nothing, as for unusual spaces.
    private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII
            && (scalar.properties.isWhitespace || scalar.properties.generalCategory == .format)
    }
}

extension StyledLine {
    /// A token after its position, for a column of them where the positions end at `numberWidth`.
    init(position: Int, numberWidth: Int, name: String, _ ink: Ink = .plain) {
        let number = "\(position)"
        self.init(String(repeating: " ", count: numberWidth - number.count))
        append(number + " ", .faint)
        append(name, ink)
    }
}

/// Some lines of numbered tokens.
struct TokenStrip {
    /// The characters to draw with.
    let glyphs: DisplayGlyphs
    /// The name of a token.
    let name: (TokenID) -> String

    private static let lineLimit = 4

    /// The lines for a terminal of this width.
    /// - Parameters:
    ///   - tokens: The tokens of the text.
    ///   - marked: The one that is highlighted.
    ///   - columns: The width of the terminal.
    /// - Returns: At most four, with that token on one of them.
    func lines(_ tokens: [TokenID], marking marked: Int, columns: Int) -> [StyledLine] {
        var lines: [StyledLine] = []
        var markedLine = 0
        var line = StyledLine(" ")
        for (position, token) in tokens.enumerated() {
            let isMarked = position == marked
            var cell = StyledLine(" ")
            cell.append("\(position)", isMarked ? .accent : .faint)
            let name = name(token).clipped(columns: columns / 2, more: glyphs.more)
            cell.append(" \(name)", isMarked ? .strong : .plain)
            if line.width > 1, line.width + 1 + cell.width > columns {
                lines.append(line)
                line = StyledLine(" ")
                // A text of thousands of tokens still takes only a few lines.
                if position > marked, lines.count >= markedLine + Self.lineLimit { break }
            }
            if line.width > 1 { line.append(" ") }
            line.append(cell)
            if isMarked { markedLine = lines.count }
        }
        if line.width > 1 { lines.append(line) }
        guard lines.count > Self.lineLimit else { return lines }
        let first = min(max(0, markedLine - Self.lineLimit / 2), lines.count - Self.lineLimit)
        return Array(lines[first..<first + Self.lineLimit])
    }
}
