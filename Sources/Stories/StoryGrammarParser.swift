// Reads the files of a story grammar line by line. StoryGrammarChecker checks where references
// lead, once all files are read.

import FileIO

/// Collects the word lists and plots of several files.
struct StoryGrammarParser {
    private(set) var lists: [String: WordList] = [:]
    private(set) var plots: [Plot] = []
    /// Where each title was first given.
    private var titles: [String: StorySource] = [:]

    private enum Section {
        case none
        case words(list: String)
        /// The lines after a plot's heading, up to the first blank one, fill its roles.
        case roles
        /// `isGroup`: the line before was an alternative, which the next may join.
        case body(startsParagraph: Bool, isGroup: Bool)
    }
    private var section = Section.none

    /// Whether `text` can name a list, column, role or form: lower-case letters, digits, hyphens.
    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first else {
            return false
        }
        return text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// Adds the lists and plots of one file.
    /// - Throws: ``StoryGrammarError`` at the first line that cannot be read.
    mutating func read(_ text: String, from path: FilePath) throws {
        section = .none
        for (number, line) in try Self.logicalLines(of: text, from: path) {
            let source = StorySource(path: path, line: number)
            if line.hasPrefix("[") {
                try readHeading(line, at: source)
                continue
            }
            switch section {
            case .none:
                if !line.isEmpty {
                    throw source.error("text before the first [words ...] or [plot ...]")
                }
            case .words(let list):
                if !line.isEmpty { try readRow(line, of: list, at: source) }
            case .roles:
                if line.isEmpty {
                    section = .body(startsParagraph: true, isGroup: false)
                } else {
                    try readRole(line, at: source)
                }
            case .body(let startsParagraph, let isGroup):
                try readStep(
                    line,
                    startsParagraph: startsParagraph,
                    joinsGroup: isGroup,
                    at: source
                )
            }
        }
    }

    /// Lines without comments, each joined with the indented lines that continue it.
    private static func logicalLines(
        of text: String,
        from path: FilePath
    ) throws -> [(number: Int, text: String)] {
        var lines: [(number: Int, text: String)] = []
        let physical = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in physical.enumerated() where !line.hasPrefix("#") {
            let source = StorySource(path: path, line: index + 1)
            // Control characters would end up unnoticed in every story.
            if line.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
                throw source.error("a control character (a tab?); use spaces")
            }
            let content = line.trimmingSpaces()
            if line.hasPrefix(" ") && !content.isEmpty {
                guard let last = lines.indices.last, !lines[last].text.isEmpty else {
                    throw source.error("an indented line has nothing to continue; do not indent it")
                }
                lines[last].text += " " + content
            } else {
                lines.append((index + 1, String(content)))
            }
        }
        return lines
    }

    private mutating func readHeading(_ line: String, at source: StorySource) throws {
        let inner = line.dropFirst().dropLast()
        let kind = inner.prefix { $0 != " " }
        let rest = inner.dropFirst(kind.count).trimmingSpaces()
        guard line.hasSuffix("]"), kind == "words" || kind == "plot", !rest.isEmpty else {
            throw source.error("a heading must be [words NAME: COLUMN, ...] or [plot TITLE]")
        }
        if kind == "plot" {
            let title = String(rest)
            if let other = titles.updateValue(source, forKey: title) {
                throw source.error(
                    "there is a plot '\(title)' already, at \(other.path):\(other.line); choose "
                        + "another title"
                )
            }
            plots.append(Plot(source: source, title: title))
            section = .roles
            return
        }
        let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let columns = parts.count == 1 ? ["word"] : Self.names(in: parts[1])
        guard Self.isName(name), columns.allSatisfy(Self.isName),
            Set(columns).count == columns.count
        else {
            throw source.error(
                "'\(rest)' must be NAME: COLUMN, COLUMN, ... in lowercase letters, each column once"
            )
        }
        if let other = lists[name]?.source {
            throw source.error(
                "there is a list '\(name)' already, at \(other.path):\(other.line); choose "
                    + "another name"
            )
        }
        lists[name] = WordList(source: source, columns: columns, rows: [])
        section = .words(list: name)
    }

    private mutating func readRow(_ line: String, of list: String, at source: StorySource) throws {
        guard let columns = lists[list]?.columns else { return }
        let cells = StoryTemplate.split(line)
        guard cells.count == columns.count else {
            throw source.error(
                "\(counted(cells.count, "cell")), but '\(list)' has the columns "
                    + columns.joined(separator: " | ")
            )
        }
        let row = try zip(columns, cells).map { column, cell in
            let text = cell.trimmingSpaces()
            if column == "he" && WordList.pronouns[String(text)] == nil {
                throw source.error("'\(text)' is not a pronoun; the column 'he' takes he, she, it")
            }
            return try StoryTemplate(text, at: source)
        }
        lists[list]?.rows.append(row)
    }

    private mutating func readRole(_ line: String, at source: StorySource) throws {
        let parts = line.split(separator: "=", omittingEmptySubsequences: false)
        let name = parts[0].trimmingSpaces()
        let lists = parts.count == 2 ? Self.names(in: parts[1]) : []
        guard Self.isName(name), !lists.isEmpty, lists.allSatisfy(Self.isName) else {
            throw source.error(
                "the lines after a plot's heading must be ROLE = LIST, LIST, ... and end with a "
                    + "blank line"
            )
        }
        let role = Plot.Role(source: source, name: String(name), lists: lists)
        plots[plots.count - 1].roles.append(role)
    }

    private mutating func readStep(
        _ line: String,
        startsParagraph: Bool,
        joinsGroup: Bool,
        at source: StorySource
    ) throws {
        if line.isEmpty {
            section = .body(startsParagraph: true, isGroup: false)
            return
        }
        let isAlternative = line.hasPrefix("|")
        let isOptional = line.hasPrefix("?")
        let text = isAlternative || isOptional ? line.dropFirst().trimmingSpaces() : line[...]
        let template = try StoryTemplate(text, at: source)
        let plot = plots.count - 1
        if startsParagraph { plots[plot].paragraphs.append([]) }
        let paragraph = plots[plot].paragraphs.count - 1
        if isAlternative && joinsGroup {
            let step = plots[plot].paragraphs[paragraph].count - 1
            plots[plot].paragraphs[paragraph][step].alternatives.append(template)
        } else {
            plots[plot].paragraphs[paragraph].append(
                Plot.Step(alternatives: [template], isOptional: isOptional)
            )
        }
        section = .body(startsParagraph: false, isGroup: isAlternative)
    }

    private static func names(in text: Substring) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false)
            .map { String($0.trimmingSpaces()) }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        let start = drop { $0 == " " }
        let end = start.lastIndex { $0 != " " }
        return end.map { start[...$0] } ?? start[..<start.startIndex]
    }
}
