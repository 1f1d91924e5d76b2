// The language of the manual, man(7): lines that begin with a dot or an apostrophe are requests,
// and a backslash begins an escape. A text of the help is taken apart for it: prose, which is
// filled to the width of a page, and lines that stay as they are.

/// A page of the manual as it grows.
struct ManualText {
    /// The page so far.
    private(set) var source = ""

    /// Adds a request with its arguments.
    mutating func request(_ name: String, _ arguments: String...) {
        let words = arguments.map { argument in
            let text = Self.escaping(argument)
            // Some requests take no quotes, and none of those has an argument that needs them.
            return text.isEmpty || text.contains(" ") ? " \"\(text)\"" : " \(text)"
        }
        source += ".\(name)\(words.joined())\n"
    }

    /// Adds text that is filled to the reader's width; blank lines in it divide paragraphs.
    mutating func prose(_ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy(\.isWhitespace) {
                request("PP")
            } else {
                self.line(Self.escaping(line))
            }
        }
    }

    /// Adds lines that stay as they are.
    mutating func verbatim(_ lines: [Substring]) {
        request("PP")
        source += ".EX\n"
        for line in lines { self.line(Self.escaping(line)) }
        source += ".EE\n"
    }

    /// Adds an entry of a list.
    /// - Parameters:
    ///   - head: What is explained, already in this language.
    ///   - text: What it is.
    mutating func entry(_ head: String, _ text: String) {
        request("TP")
        line(head)
        prose(text)
    }

    /// Adds a line of text that is already in this language.
    mutating func line(_ text: String) {
        // A dot or an apostrophe at the beginning would make a request of it.
        source += (text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : "") + text + "\n"
    }

    /// `text` as it was typed, in bold.
    static func bold(_ text: some StringProtocol) -> String { "\\fB\(escaping(text))\\fR" }

    /// `text` that stands for something else, in italics.
    static func italic(_ text: some StringProtocol) -> String { "\\fI\(escaping(text))\\fR" }

    /// `text` with what has a meaning in this language, and the characters that it would set as
    /// others: a hyphen is not the dash of an option.
    static func escaping(_ text: some StringProtocol) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\(rs"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "\"": result += "\\(dq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}

/// The discussion of a command, in the parts that a page of the manual divides it into.
struct Discussion {
    /// Lines that belong together.
    enum Paragraph {
        /// Filled to the width of the page.
        case prose(String)
        /// Shown as they are.
        case verbatim([Substring])
    }

    /// What comes before the examples.
    private(set) var paragraphs: [Paragraph] = []
    /// The lines of the examples.
    private(set) var examples: [Substring] = []

    /// Takes a discussion apart: what is indented stays as it is, and under "Examples" stand the
    /// examples, which are its end.
    init(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let end = lines.firstIndex { $0 == "Examples:" || $0 == "Example:" } ?? lines.endIndex
        var rest = lines[..<end].drop(while: \.isEmpty)
        while let first = rest.first {
            let isIndented = first.hasPrefix("  ")
            let paragraph = rest.prefix { !$0.isEmpty && $0.hasPrefix("  ") == isIndented }
            paragraphs.append(
                isIndented
                    ? .verbatim(Array(paragraph)) : .prose(paragraph.joined(separator: "\n"))
            )
            rest = rest.dropFirst(paragraph.count).drop(while: \.isEmpty)
        }
        examples = lines[end...].dropFirst().filter { !$0.isEmpty }
    }
}
