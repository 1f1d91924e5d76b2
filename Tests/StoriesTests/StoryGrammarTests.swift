// Grammars with mistakes are refused before a story is generated, with the mistake's file and line.

import FileIO
import Stories
import TestSupport
import Testing

/// Writes `text` as the file `name` of a grammar.
func writeStoryFile(_ text: String, named name: String = "a.txt", to directory: FilePath) throws {
    let file = try AtomicFile(directory.appending(name))
    try file.write(Array(text.utf8))
    try file.commit()
}

/// A grammar with one mistake.
private struct Mistake: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let grammar: String
    let line: Int
    /// Part of the message.
    let problem: String

    init(_ name: String, _ grammar: String, line: Int, _ problem: String) {
        testDescription = name
        self.grammar = grammar
        self.line = line
        self.problem = problem
    }

    static let all = [
        Mistake("text outside sections", "Hello\n", line: 1, "before the first"),
        Mistake("unknown heading", "\n[verbs x]\n", line: 2, "[words"),
        Mistake("unclosed heading", "[plot P\n", line: 1, "[words"),
        Mistake("bad list name", "[words A b]\n", line: 1, "lowercase letters"),
        Mistake("column twice", "[words a: x, x]\n", line: 1, "each column once"),
        Mistake("list twice", "[words a]\nx\n[words a]\n", line: 3, "already"),
        Mistake("plot twice", "[plot P]\n\nx\n[plot P]\n", line: 4, "already"),
        Mistake("too few cells", "[words a: x, y]\none | two\none\n", line: 3, "1 cell,"),
        Mistake("not a pronoun", "[words a: x, he]\none | him\n", line: 2, "not a pronoun"),
        Mistake("open brace", "[plot P]\n\nx {y\n", line: 3, "counterpart"),
        Mistake("closing brace", "[plot P]\n\nx}\n", line: 3, "counterpart"),
        Mistake("empty reference", "[plot P]\n\nx {}\n", line: 3, "not a reference"),
        Mistake("odd reference", "[plot P]\n\nx {a.b.c}\n", line: 3, "not a reference"),
        Mistake("no roles line", "[plot P]\nOnce.\n", line: 2, "ROLE = LIST"),
        Mistake("indented first line", "  x\n", line: 1, "nothing to continue"),
        Mistake("tab", "[words a]\nx\ty\n", line: 2, "control character"),
        Mistake("unknown list", "[plot P]\n\nx {y}\n", line: 3, "no list 'y'"),
        Mistake("unknown list of a role", "[plot P]\nr = y\n\nx\n", line: 2, "no list 'y'"),
        Mistake("pronoun without hero", "[plot P]\n\n{he} ran\n", line: 3, "no list 'hero'"),
        Mistake(
            "role filled too late",
            "[words a]\n{r}\n[plot P]\nq = a\nr = a\n\n{q}\n",
            line: 2,
            "no such role yet"
        ),
        Mistake(
            "role without that form",
            "[words a: x, y]\n1 | 2\n[words b]\n3\n[plot P]\nr = a, b\n\n{r.y}\n",
            line: 8,
            "only the forms"
        ),
        Mistake(
            "form of a list",
            "[words a: x, y]\n1 | 2\n[plot P]\n\n{a.y}\n",
            line: 5,
            "only a role"
        ),
        Mistake(
            "role named like a list",
            "[words a]\n1\n[plot P]\na = a\n\n{a}\n",
            line: 4,
            "already"
        ),
        Mistake(
            "circle",
            "[words a]\n{b}\n[words b]\n{a}\n[plot P]\n\n{a}\n",
            line: 4,
            "leads back"
        ),
        Mistake("list without rows", "[words a]\n[plot P]\n\n{a}\n", line: 1, "no rows"),
        Mistake("plot without sentences", "[plot P]\n\n", line: 1, "no sentences"),
        Mistake("unused list", "[words a]\nx\n[plot P]\n\ny\n", line: 1, "no plot uses"),
        Mistake(
            "deep choices",
            "[plot P]\n\n" + String(repeating: "{a|", count: 200)
                + String(repeating: "}", count: 200) + "\n",
            line: 3,
            "deep"
        ),
        Mistake("deep lists, outer first", chain(100, first: 100), line: 76, "64 deep"),
        Mistake("deep lists, inner first", chain(100, first: 0), line: 269, "64 deep"),
        Mistake("only blank text", "[plot P]\n\n{|}\n", line: 1, "always be empty"),
        Mistake(
            "only spaces, from a list and a role",
            "[words a]\n{ | }\n[plot P]\nr = a\n\n? {a} {r}\n\n| {R}\n| {| {|}}\n",
            line: 3,
            "always be empty"
        ),
        Mistake(
            "text once in a million stories",
            "[words a]\n" + String(repeating: "{|}\n", count: 999)
                + "word\n[plot P]\n\n? {{|{|{|{|{|{a}}}}}}|}\n",
            line: 1002,
            "nearly always be empty"
        ),
        Mistake("growth without bound", doublings(30), line: 33, "longer than"),
    ]

    /// Lists of which each refers to the next lower, used from number `first` upwards.
    private static func chain(_ count: Int, first: Int) -> String {
        var text = (0...count).map { "[words w\($0)]\n\($0 == 0 ? "x" : "{w\($0 - 1)}")\n" }
            .joined()
        text += "[plot P]\n\n" + (first...count).map { "{w\($0)}" }.joined(separator: "\n") + "\n"
        return text
    }

    /// Lists of which each is twice as long as the one before: 2^count words from a short file.
    private static func doublings(_ count: Int) -> String {
        var text = "[plot P]\n\n{w\(count)}\n[words w0]\nword\n"
        for i in 1...count { text += "[words w\(i)]\n{w\(i - 1)} {w\(i - 1)}\n" }
        return text
    }
}

@Suite struct StoryGrammarTests {
    @Test(arguments: Mistake.all)
    fileprivate func mistakesAreReportedWithFileAndLine(_ mistake: Mistake) throws {
        try withTemporaryDirectory { directory in
            try writeStoryFile(mistake.grammar, to: directory)
            let error = #expect(throws: StoryGrammarError.self) {
                try StoryGrammar(directory: directory)
            }
            guard case .invalid(let path, let line, let problem) = error else {
                Issue.record("unexpected error: \(String(describing: error))")
                return
            }
            #expect(path == directory.appending("a.txt"))
            #expect(line == mistake.line)
            #expect(problem.contains(mistake.problem), "\(problem)")
            #expect(error?.description.hasPrefix("\(path):\(line): ") == true)
        }
    }

    @Test func filesOfADirectoryFormOneGrammar() throws {
        try withTemporaryDirectory { directory in
            try writeStoryFile("[plot B]\n\n{a}\n", named: "b.txt", to: directory)
            try writeStoryFile("[words a]\nword\r\n[plot A]\n\n{a}\n", to: directory)
            try writeStoryFile("not a grammar", named: "README.md", to: directory)
            #expect(try StoryGrammar(directory: directory).plotTitles == ["A", "B"])
        }
    }

    @Test func aDirectoryWithoutPlotsIsRefused() throws {
        _ = try withTemporaryDirectory { directory in
            #expect(throws: StoryGrammarError.noPlots(directory: directory)) {
                try StoryGrammar(directory: directory)
            }
        }
    }

    @Test func aMissingDirectoryIsRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("none")
            #expect(throws: FileIOError.missing(path: path)) { try StoryGrammar(directory: path) }
        }
    }

    @Test func aHugeFileIsRefused() throws {
        try withTemporaryDirectory { directory in
            let size = 1 << 20 + 1
            try writeStoryFile(String(repeating: "#", count: size), to: directory)
            let error = StoryGrammarError.fileTooLarge(
                path: directory.appending("a.txt"),
                limit: 1 << 20,
                found: size
            )
            #expect(throws: error) { try StoryGrammar(directory: directory) }
        }
    }

    @Test func bytesThatAreNotUTF8AreRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.txt")
            let file = try AtomicFile(path)
            try file.write([0x5b, 0xff])
            try file.commit()
            #expect(throws: StoryGrammarError.notText(path: path)) {
                try StoryGrammar(directory: directory)
            }
        }
    }
}
