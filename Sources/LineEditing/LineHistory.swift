// What was typed before, to come back to, and looking for it while its words are typed. Keeping it
// in a file is HistoryFile's.

/// Texts in the order they were typed, and a place among them.
package struct LineHistory {
    /// The texts, the oldest first.
    package private(set) var entries: [String]
    /// Which one is shown; nil for the text that is being typed.
    private var place: Int?
    /// The text that was being typed when another was asked for.
    private var draft = ""

    /// More are of no use to anybody.
    package static let largestCount = 1000

    /// A history of these texts.
    package init(_ entries: [String] = []) {
        self.entries = entries.suffix(Self.largestCount)
    }

    /// Adds what was typed, unless it is blank or what was typed last, and goes back to the end.
    /// - Returns: Whether it was added.
    @discardableResult
    package mutating func add(_ text: String) -> Bool {
        (place, draft) = (nil, "")
        guard text != entries.last, !text.allSatisfy(\.isWhitespace) else { return false }
        entries.append(text)
        if entries.count > Self.largestCount { entries.removeFirst() }
        return true
    }

    /// Goes back by one text.
    /// - Parameter current: What stands there now, which is kept if it is not one of these.
    /// - Returns: The text before the one that is shown; nil where there is none.
    package mutating func previous(_ current: String) -> String? {
        let index = (place ?? entries.count) - 1
        guard entries.indices.contains(index) else { return nil }
        if place == nil { draft = current }
        place = index
        return entries[index]
    }

    /// The text after the one that is shown, at the end that which was being typed; nil there.
    package mutating func next() -> String? {
        guard let place else { return nil }
        guard place + 1 < entries.count else {
            self.place = nil
            return draft
        }
        self.place = place + 1
        return entries[place + 1]
    }

    /// The newest text that holds `words`, of those before the place of an earlier finding.
    package func search(_ words: String, before index: Int? = nil) -> Int? {
        guard !words.isEmpty else { return nil }
        return entries[..<(index ?? entries.count)].lastIndex { $0.contains(words) }
    }
}

/// A search through the history, from its end.
struct HistorySearch {
    /// What was typed before the search.
    let draft: String
    /// What is looked for.
    private(set) var words = ""
    /// What was found.
    private var index: Int?

    /// A search for nothing yet.
    init(draft: String) {
        self.draft = draft
    }

    /// Looks for more words; where they are nowhere, what was found stays.
    mutating func extend(by text: String, in history: LineHistory) {
        words += text
        find(in: history, before: index.map { $0 + 1 })
    }

    mutating func shorten(in history: LineHistory) {
        _ = words.popLast()
        index = nil
        find(in: history, before: nil)
    }

    /// Looks for the same further back.
    mutating func findOlder(in history: LineHistory) {
        find(in: history, before: index)
    }

    /// What was found, or what stood there before.
    func text(in history: LineHistory) -> String {
        index.map { history.entries[$0] } ?? draft
    }

    private mutating func find(in history: LineHistory, before end: Int?) {
        index = history.search(words, before: end) ?? index
    }
}
