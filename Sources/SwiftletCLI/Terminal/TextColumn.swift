import Swiftlet

/// Writes texts that are made side by side one below the other.
///
/// The first that is not complete is written as it is made; what is there of those after it waits.
struct TextColumn {
    /// A line between texts.
    static let separator = "---"

    /// What begins each text: its prompt.
    private let beginnings: [String]
    private var waiting: [String]
    private var isComplete: [Bool]
    /// The text being written.
    private var current = 0

    /// Starts with the first text's beginning.
    /// - Parameters:
    ///   - beginnings: What each text begins with.
    ///   - isFirst: Whether no other text stands above these.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    init(beginnings: [String], isFirst: Bool) throws {
        self.beginnings = beginnings
        waiting = beginnings.map { _ in "" }
        isComplete = beginnings.map { _ in false }
        try begin(isFirst: isFirst)
    }

    /// Takes what is new of one text.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    mutating func add(_ piece: TextPiece) throws {
        if piece.isLast { isComplete[piece.index] = true }
        waiting[piece.index] += piece.text
        while current < waiting.count {
            try Terminal.writeGenerated(waiting[current])
            waiting[current] = ""
            guard isComplete[current] else { return }
            try Terminal.print("")
            current += 1
            if current < waiting.count { try begin(isFirst: false) }
        }
    }

    private func begin(isFirst: Bool) throws {
        if !isFirst { try Terminal.print(Self.separator) }
        try Terminal.writePrompt(beginnings[current])
    }
}
