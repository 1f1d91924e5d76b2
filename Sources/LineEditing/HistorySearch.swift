// Looking for what was typed before, while its words are typed.

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
