// A grammar of short stories, read from text files that a person can write: word lists with
// columns, and plots made of sentences. data/README.md describes the format. StoryGenerator
// generates stories from it.

import CStories
import FileIO

/// Word lists and plots for generating stories, checked as a whole when they are read.
///
/// Every reference in every plot is known to lead to a word, no list leads back to itself, no story
/// can be longer than ``longestStory`` and every plot makes stories that have words, so generating
/// a story cannot fail.
package struct StoryGrammar: Sendable {
    /// The titles of the plots, in the order of their files and lines.
    package var plotTitles: [String] { plots.map(\.title) }

    /// The word lists by name.
    let lists: [String: WordList]
    /// The plots in the order of their files and lines.
    let plots: [Plot]

    /// The most characters that a story may have; a grammar that could exceed it is refused.
    static let longestStory = 1 << 16
    /// How deeply lists may nest, which bounds the recursion that expands them.
    static let deepestNesting = 64
    /// How often the stories of a plot may be blank: they are generated again, which must end.
    static let mostBlankStories = 0.999
    /// The most bytes a file may have.
    static let largestFile = 1 << 20

    /// Reads every file of `directory` whose name ends in `.txt`, in the order of their names,
    /// except hidden ones, which editors leave while a file is open.
    /// - Throws: ``StoryGrammarError`` with file and line, or ``FileIOError``.
    package init(directory: FilePath) throws {
        var parser = StoryGrammarParser()
        for name in try FileSystem.names(in: directory)
        where name.extension == "txt" && !name.isHidden {
            let path = directory.appending(name)
            try parser.read(Self.text(of: path), from: path)
        }
        guard !parser.plots.isEmpty else { throw StoryGrammarError.noPlots(directory: directory) }
        try self.init(parser)
    }

    /// The project's own grammar, from its directory `data/stories`, built into the program.
    package init() {
        let directory: FilePath = "data/stories"
        do {
            var parser = StoryGrammarParser()
            var count = 0
            let files = cs_files(&count)
            for file in UnsafeBufferPointer(start: files, count: count) {
                let bytes = UnsafeBufferPointer(start: file.text, count: file.size)
                try parser.read(
                    String(decoding: bytes, as: UTF8.self),
                    from: directory.appending(String(cString: file.name))
                )
            }
            try self.init(parser)
        } catch {
            preconditionFailure("the built-in grammar cannot be read: \(error)")
        }
    }

    private init(_ parser: StoryGrammarParser) throws {
        lists = parser.lists
        plots = parser.plots
        try StoryGrammarChecker.check(self)
    }

    private static func text(of path: FilePath) throws -> String {
        let file = try MappedFile(path)
        guard file.count <= largestFile else {
            throw StoryGrammarError.fileTooLarge(path: path, limit: largestFile, found: file.count)
        }
        guard let text = String(validating: try file.contents(), as: UTF8.self) else {
            throw StoryGrammarError.notText(path: path)
        }
        return text
    }
}

/// A position in the files of a grammar.
struct StorySource: Sendable {
    let path: FilePath
    /// Counted from 1.
    let line: Int

    func error(_ problem: String) -> StoryGrammarError {
        .invalid(path: path, line: line, problem: problem)
    }
}

/// A list of words or phrases, one to a row, with further forms of it in further columns.
struct WordList: Sendable {
    let source: StorySource
    /// The names of the columns; the first is the word itself.
    let columns: [String]
    /// One cell for each column.
    var rows: [[StoryTemplate]]

    /// The forms that a column `he` adds: the pronouns that agree with its cell.
    static let pronouns: [String: [String: String]] = [
        "he": ["him": "him", "his": "his", "himself": "himself"],
        "she": ["him": "her", "his": "her", "himself": "herself"],
        "it": ["him": "it", "his": "its", "himself": "itself"],
    ]
    /// The names of a pronoun's forms; on their own in a template they refer to the role `hero`.
    static let pronounForms: Set<String> = ["he", "him", "his", "himself"]

    /// The forms that a role filled from this list has.
    var forms: Set<String> {
        columns.contains("he") ? Self.pronounForms.union(columns) : Set(columns)
    }
}

/// The course of one kind of story.
struct Plot: Sendable {
    /// Someone or something that stays the same through a story.
    struct Role: Sendable {
        let source: StorySource
        let name: String
        /// The lists that it may be chosen from.
        let lists: [String]
    }

    /// One place in a story: a sentence or a few.
    struct Step: Sendable {
        /// What may appear here, all equally likely.
        var alternatives: [StoryTemplate]
        /// Whether it is left out of every second story.
        let isOptional: Bool
    }

    let source: StorySource
    let title: String
    /// In the order they are filled: a list's cells may refer to earlier roles.
    var roles: [Role] = []
    var paragraphs: [[Step]] = []
}
