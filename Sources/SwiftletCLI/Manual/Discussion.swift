// A text of the help taken apart: prose, which is filled to the width of a page, and lines that
// stay as they are.

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
