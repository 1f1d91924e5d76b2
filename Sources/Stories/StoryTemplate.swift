// Text with places to fill in: `{a|b}` chooses, `{name}` and `{role.form}` refer.

/// A piece of a story's text with places that are filled in when it is generated.
struct StoryTemplate: Sendable {
    indirect enum Piece: Sendable {
        case text(String)
        case choice([StoryTemplate])
        case reference(Reference)
    }

    /// A word to be looked up: `{name}`, `{name.form}`, `{a name}`, `{Name}`, `{A name}`.
    struct Reference: Sendable {
        /// A role of the plot, or a word list of which any row is meant.
        let name: String
        /// The column or pronoun of a role; nil for the first column.
        let form: String?
        /// Whether "a" or "an" comes before it.
        let hasArticle: Bool
        /// Whether it begins with a capital, as the reference did.
        let isCapitalised: Bool

        /// What the template's author wrote, without article and capital.
        var text: String { form.map { "\(name).\($0)" } ?? name }
    }

    let source: StorySource
    let pieces: [Piece]

    /// How deeply choices may nest, which bounds the parser's recursion.
    private static let deepest = 8

    /// Reads a template from `text`.
    /// - Throws: ``StoryGrammarError`` when its braces do not match or hold no name.
    init(_ text: some StringProtocol, at source: StorySource) throws {
        try self.init(Substring(text), at: source, depth: 0)
    }

    private init(_ text: Substring, at source: StorySource, depth: Int) throws {
        guard depth <= Self.deepest else {
            throw source.error("choices are nested more than \(Self.deepest) deep; use a word list")
        }
        var pieces: [Piece] = []
        var rest = text
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[brace] == "{", let end = Self.endOfBraces(in: rest[brace...]) else {
                throw source.error("'\(rest[brace])' without its counterpart; write {...}")
            }
            if brace > rest.startIndex { pieces.append(.text(String(rest[..<brace]))) }
            let inner = rest[rest.index(after: brace)..<end]
            let parts = Self.split(inner)
            if parts.count > 1 {
                pieces.append(
                    .choice(
                        try parts.map { try StoryTemplate($0, at: source, depth: depth + 1) }
                    )
                )
            } else {
                pieces.append(.reference(try Reference(inner, at: source)))
            }
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.source = source
        self.pieces = pieces
    }

    /// Whether a text has more than white space in it.
    ///
    /// By scalars, because a space and a mark that joins it are one character, which counts as
    /// white space: a mark would be a word by itself but not within its story.
    static func hasWords(_ text: String) -> Bool {
        text.unicodeScalars.contains { !$0.properties.isWhitespace }
    }

    /// Divides `text` at every `|` that stands outside braces.
    static func split(_ text: some StringProtocol) -> [Substring] {
        var depth = 0
        return Substring(text).split(omittingEmptySubsequences: false) { character in
            switch character {
            case "{": depth += 1
            case "}": depth -= 1
            default: break
            }
            return character == "|" && depth == 0
        }
    }

    /// The place of the brace that closes the one `text` starts with.
    private static func endOfBraces(in text: Substring) -> String.Index? {
        var depth = 0
        return text.indices.first { index in
            switch text[index] {
            case "{": depth += 1
            case "}": depth -= 1
            default: break
            }
            return depth == 0
        }
    }
}

extension StoryTemplate.Reference {
    fileprivate init(_ text: Substring, at source: StorySource) throws {
        var name = text
        hasArticle = text.hasPrefix("a ") || text.hasPrefix("A ")
        if hasArticle { name = name.dropFirst(2) }
        isCapitalised = text.first?.isUppercase == true
        if isCapitalised && !hasArticle {
            name = Substring(name.prefix(1).lowercased() + name.dropFirst())
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.allSatisfy(StoryGrammarParser.isName) else {
            throw source.error(
                "'{\(text)}' is not a reference; write {name}, {a name}, {role.form} or {one|other}"
            )
        }
        if parts.count == 1, WordList.pronounForms.contains(parts[0]) {
            self.name = "hero"
            form = parts[0]
        } else {
            self.name = parts[0]
            form = parts.count == 2 ? parts[1] : nil
        }
    }
}
