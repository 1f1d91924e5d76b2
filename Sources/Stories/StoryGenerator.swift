// Generates one story after another from a grammar and a seed. The caller writes them to files or
// terminals.

import RandomNumbers

/// A story and the plot it follows.
package struct Story: Equatable, Sendable {
    /// The title of its plot; not part of the text.
    package let plotTitle: String
    /// Paragraphs with an empty line between them, without a line end after the last.
    package let text: String
}

/// An endless sequence of stories, decided by a grammar and a seed.
///
/// Within a story, a role keeps the words it was filled with, and a word list gives no row twice
/// before it has given all.
package struct StoryGenerator: Sendable {
    /// What separates two stories in a file: a line end and GPT-2's end of text.
    ///
    /// The next story follows at once. A line end after the marker would belong to that story, and
    /// a model would learn to begin with an empty line.
    package static let separator = "\n<|endoftext|>"

    private let grammar: StoryGrammar
    private var random: MersenneTwister
    /// The forms of the current story's roles; the first column goes by the empty name.
    private var cast: [String: [String: String]] = [:]
    /// The rows of each list that the current story has used, in ascending order.
    private var used: [String: [Int]] = [:]

    /// Starts the sequence of stories that belongs to `seed`, of which the low 32 bits count.
    package init(grammar: StoryGrammar, seed: UInt64) {
        self.grammar = grammar
        random = MersenneTwister(seed: seed)
    }

    /// Generates the next story; all plots are equally likely.
    ///
    /// A story that by chance has no words is generated again; the grammar has others.
    package mutating func next() -> Story {
        while true {
            let story = tell()
            if StoryTemplate.hasWords(story.text) { return story }
        }
    }

    private mutating func tell() -> Story {
        let plot = grammar.plots[draw(below: grammar.plots.count)]
        cast.removeAll(keepingCapacity: true)
        used.removeAll(keepingCapacity: true)
        for role in plot.roles { fill(role) }
        var text = ""
        for paragraph in plot.paragraphs {
            var isFirst = true
            for step in paragraph where !step.isOptional || draw(below: 2) == 0 {
                if !isFirst {
                    text += " "
                } else if !text.isEmpty {
                    text += "\n\n"
                }
                isFirst = false
                append(step.alternatives[draw(below: step.alternatives.count)], to: &text)
            }
        }
        return Story(plotTitle: plot.title, text: text)
    }

    /// Passes whole stories with ``separator`` between them to `write` until they have at least
    /// `byteCount` bytes in total, and ends with a line end.
    ///
    /// No more than one story is in memory at a time. Nothing is written for a count below 1.
    package mutating func write(
        byteCount: Int,
        to write: (String) throws -> Void
    ) rethrows {
        var written = 0
        while written < byteCount {
            let piece = (written == 0 ? "" : Self.separator) + next().text
            try write(piece)
            written += piece.utf8.count
        }
        if written > 0 { try write("\n") }
    }

    private mutating func fill(_ role: Plot.Role) {
        // All rows of all lists together are equally likely.
        var index = draw(below: role.lists.reduce(0) { $0 + rowCount(of: $1) })
        var name = role.lists[0]
        for list in role.lists {
            name = list
            if index < rowCount(of: list) { break }
            index -= rowCount(of: list)
        }
        guard let list = grammar.lists[name] else { return }
        var forms: [String: String] = [:]
        for (column, cell) in zip(list.columns, drawRow(of: list, named: name)) {
            var text = ""
            append(cell, to: &text)
            forms[column] = text
        }
        forms[""] = forms[list.columns[0]]
        if let pronoun = forms["he"], let others = WordList.pronouns[pronoun] {
            forms.merge(others) { own, _ in own }
        }
        cast[role.name] = forms
    }

    private func rowCount(of list: String) -> Int {
        grammar.lists[list]?.rows.count ?? 0
    }

    private mutating func drawRow(of list: WordList, named name: String) -> [StoryTemplate] {
        var taken = used[name] ?? []
        if taken.count == list.rows.count { taken = [] }
        // The index-th of the rows that are not taken.
        var index = draw(below: list.rows.count - taken.count)
        var place = 0
        while place < taken.count && taken[place] <= index {
            index += 1
            place += 1
        }
        taken.insert(index, at: place)
        used[name] = taken
        return list.rows[index]
    }

    private mutating func append(_ template: StoryTemplate, to text: inout String) {
        for piece in template.pieces {
            switch piece {
            case .text(let words): text += words
            case .choice(let choices): append(choices[draw(below: choices.count)], to: &text)
            case .reference(let reference): append(reference, to: &text)
            }
        }
    }

    private mutating func append(_ reference: StoryTemplate.Reference, to text: inout String) {
        var words = ""
        if let forms = cast[reference.name] {
            words = forms[reference.form ?? ""] ?? ""
        } else if let list = grammar.lists[reference.name] {
            append(drawRow(of: list, named: reference.name)[0], to: &words)
        }
        if reference.hasArticle { words = Self.article(before: words) + words }
        if reference.isCapitalised { words = words.prefix(1).uppercased() + words.dropFirst() }
        text += words
    }

    /// "a " or "an ", by the sound that `words` begin with.
    private static func article(before words: String) -> String {
        let vowels: Set<Character> = ["a", "e", "i", "o", "u"]
        let first = words.prefix { $0 != " " }.lowercased()
        // Spelled with a vowel but spoken with a consonant, and vice versa.
        if first.hasPrefix("one") || first.hasPrefix("uni") || first.hasPrefix("use") {
            return "a "
        }
        if first.hasPrefix("hour") || first.hasPrefix("honest") { return "an " }
        return first.first.map(vowels.contains) == true ? "an " : "a "
    }

    // Not the standard library's random(in:using:), which may draw differently in its next version:
    // a seed must keep giving the same stories.
    private mutating func draw(below count: Int) -> Int {
        Int(random.next32()) % count
    }
}
