// What was typed before, to come back to, and looking for it while its words are typed. Keeping it
// in a file is HistoryFile's.

/// Texts in the order they were typed, and a position among them.
package struct LineHistory {
    /// The texts, oldest first.
    package private(set) var entries: [String]
    /// The index of the shown text; nil for the one being typed.
    private var place: Int?
    /// The text being typed when another was asked for.
    private var draft = ""

    /// More than this are of no use.
    package static let largestCount = 1000

    /// A history of these texts.
    package init(_ entries: [String] = []) {
        self.entries = entries.suffix(Self.largestCount)
    }

    /// Adds a typed text, unless it is blank or repeats the last one, and goes back to the end.
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
    /// - Parameter current: The current text, which is kept if it is not one of these.
    /// - Returns: The text before the one that is shown; nil if there is none.
    package mutating func previous(_ current: String) -> String? {
        let index = (place ?? entries.count) - 1
        guard entries.indices.contains(index) else { return nil }
        if place == nil { draft = current }
        place = index
        return entries[index]
    }

    /// The text after the shown one; after the last, the one being typed; nil after that.
    package mutating func next() -> String? {
        guard let place else { return nil }
        guard place + 1 < entries.count else {
            self.place = nil
            return draft
        }
        self.place = place + 1
        return entries[place + 1]
    }

    /// The newest text that contains `words`, among those before an earlier result.
    package func search(_ words: String, before index: Int? = nil) -> Int? {
        guard !words.isEmpty else { return nil }
        return entries[..<(index ?? entries.count)].lastIndex { $0.contains(words) }
    }
}

/// A search through the history, from its end.
struct HistorySearch {
    /// The text typed before the search.
    let draft: String
    /// The words to look for.
    private(set) var words = ""
    /// The entry that was found.
    private var index: Int?

    /// A search without words yet.
    init(draft: String) {
        self.draft = draft
    }

    /// Looks for more words; if they are not found, the last result stays.
    mutating func extend(by text: String, in history: LineHistory) {
        words += text
        find(in: history, before: index.map { $0 + 1 })
    }

    mutating func shorten(in history: LineHistory) {
        _ = words.popLast()
        index = nil
        find(in: history, before: nil)
    }

    /// Looks for the same words further back.
    mutating func findOlder(in history: LineHistory) {
        find(in: history, before: index)
    }

    /// The text that was found, or the one before the search.
    func text(in history: LineHistory) -> String {
        index.map { history.entries[$0] } ?? draft
    }

    private mutating func find(in history: LineHistory, before end: Int?) {
        index = history.search(words, before: end) ?? index
    }
}
