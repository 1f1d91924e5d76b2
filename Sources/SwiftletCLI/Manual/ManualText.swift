// The language of the manual, man(7): lines that begin with a dot or an apostrophe are requests,
// and a backslash begins an escape. A text of the help is taken apart for it: prose, which is
// filled to the width of a page, and lines that stay as they are.

/// A manual page under construction.
struct ManualText {
    /// The page so far.
    private(set) var source = ""

    /// Adds a request with its arguments.
    mutating func request(_ name: String, _ arguments: String...) {
        let words = arguments.map { argument in
            let text = Self.escaping(argument)
            // Some requests take no quotes, and none of their arguments needs any.
            return text.isEmpty || text.contains(" ") ? " \"\(text)\"" : " \(text)"
        }
        source += ".\(name)\(words.joined())\n"
    }

    /// Adds text that is filled to the reader's width; blank lines in it separate paragraphs.
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
    ///   - head: What is explained, already in this markup.
    ///   - text: The explanation.
    mutating func entry(_ head: String, _ text: String) {
        request("TP")
        line(head)
        prose(text)
    }

    /// Adds a line of text that is already in this markup.
    mutating func line(_ text: String) {
        // A leading dot or apostrophe would turn it into a request.
        source += (text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : "") + text + "\n"
    }

    /// `text` as it was typed, in bold.
    static func bold(_ text: some StringProtocol) -> String { "\\fB\(escaping(text))\\fR" }

    /// `text` that stands for a value, in italics.
    static func italic(_ text: some StringProtocol) -> String { "\\fI\(escaping(text))\\fR" }

    /// `text` with everything escaped that has a meaning in this markup or would be typeset
    /// differently: a hyphen is not the dash of an option.
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

/// The discussion of a command, in the parts that a manual page shows.
struct Discussion {
    /// A group of lines.
    enum Paragraph {
        /// Filled to the width of the page.
        case prose(String)
        /// Shown as they are.
        case verbatim([Substring])
    }

    /// The paragraphs before the examples.
    private(set) var paragraphs: [Paragraph] = []
    /// The lines of the examples.
    private(set) var examples: [Substring] = []

    /// Splits a discussion: indented lines stay as they are, and everything after "Examples" is the
    /// examples.
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
