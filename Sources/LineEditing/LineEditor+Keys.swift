// Which key does what, and what Tab makes of the beginning of a word.

extension LineEditor {
    /// Handles a key.
    /// - Returns: The outcome of the line, if that was its last key.
    func press(_ key: Key) -> Outcome? {
        if search != nil, searches(key) { return nil }
        switch key {
        case .enter: return send()
        case .control("c"):
            if line.isEmpty { return .interrupted }
            drop()
        case .control("d"):
            if line.isEmpty { return .end }
            line.deleteForward()
        case .control("l"): clearScreen()
        case .control("z"): suspend()
        case .control("r"): search = HistorySearch(draft: line.text)
        case .up, .control("p"):
            if !line.moveUp(), let text = history.previous(line.text) { line.replace(with: text) }
        case .down, .control("n"):
            if !line.moveDown(), let text = history.next() { line.replace(with: text) }
        case .tab: completeWord()
        default: edit(key)
        }
        return nil
    }

    /// Handles the keys that only change the text.
    private func edit(_ key: Key) {
        switch key {
        case .text(let character): line.insert(String(character))
        case .paste(let text): line.insert(text)
        case .lineEnd: line.insert("\n")
        case .backspace: line.deleteBackward()
        case .delete: line.deleteForward()
        case .left, .control("b"): line.moveLeft()
        case .right, .control("f"): line.moveRight()
        case .home, .control("a"): line.moveToLineStart()
        case .end, .control("e"): line.moveToLineEnd()
        case .wordLeft, .alt("b"): line.moveWordLeft()
        case .wordRight, .alt("f"): line.moveWordRight()
        case .control("k"): line.cutToLineEnd()
        case .control("u"): line.cutToLineStart()
        case .control("w"): line.cutWordBackward(isBetweenBlanks: true)
        case .alt("\u{7f}"): line.cutWordBackward(isBetweenBlanks: false)
        case .deleteWord, .alt("d"): line.cutWordForward()
        case .control("y"): line.yank()
        case .control("t"): line.transpose()
        default: break
        }
    }

    private func send() -> Outcome {
        // Line ends after it were pasted along with it and are not part of the message.
        var text = line.text
        while text.last == "\n" { text.removeLast() }
        line.replace(with: text)
        return .line(text)
    }

    /// Leaves a line unsent, and begins another.
    private func drop() {
        leave()
        line = EditedLine()
        history.add("")
    }

    private func completeWord() {
        guard let completion = complete(line.before), let common = completion.common else { return }
        let typed = line.before.suffix(completion.typedCount)
        if common != typed {
            line.replaceBefore(completion.typedCount, with: common)
        } else if completion.candidates.count > 1 {
            show(completion.list(columns: screen.columns))
        }
    }

    // MARK: Searching

    /// Handles a key while the history is searched.
    /// - Returns: False when the search is over, and the key is for the line that was found.
    private func searches(_ key: Key) -> Bool {
        switch key {
        case .text(let character): search?.extend(by: String(character), in: history)
        case .paste(let text): search?.extend(by: text, in: history)
        case .backspace: search?.shorten(in: history)
        case .control("r"): search?.findOlder(in: history)
        case .control("g"), .control("c"):
            line.replace(with: search?.draft ?? "")
            search = nil
            return true
        default:
            search = nil
            return false
        }
        if let search { line.replace(with: search.text(in: history)) }
        return true
    }
}

/// How a text may continue.
package struct Completion: Equatable {
    /// How many characters before the cursor each candidate stands for.
    let typedCount: Int
    /// The possible words, whole; one that ends with a blank needs nothing more.
    let candidates: [String]

    /// No more than this are listed.
    private static let listedCount = 100

    /// Describes how a text may continue.
    package init(typedCount: Int, candidates: [String]) {
        self.typedCount = typedCount
        self.candidates = candidates
    }

    /// The common prefix of all candidates; nil if there are none.
    var common: String? {
        guard let first = candidates.first else { return nil }
        return candidates.dropFirst().reduce(first) { common, candidate in
            String(zip(common, candidate).prefix { $0 == $1 }.map(\.0))
        }
    }

    /// The candidates in rows of at most this many columns, for display.
    func list(columns: Int) -> [String] {
        let words = candidates.prefix(Self.listedCount)
            .map { $0.hasSuffix(" ") ? String($0.dropLast()) : $0 }
        let left = candidates.count - words.count
        var rows: [String] = []
        for word in words + (left > 0 ? ["and \(left) more"] : []) {
            if let row = rows.last, row.columnCount + 2 + word.columnCount <= columns {
                rows[rows.count - 1] = row + "  " + word
            } else {
                rows.append(word)
            }
        }
        return rows
    }
}
