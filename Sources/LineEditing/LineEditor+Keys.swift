// Which key does what.

extension LineEditor {
    /// Does what a key stands for.
    /// - Returns: What came of the line, if that was its last key.
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

    /// What changes the text alone.
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
        // Line ends after it were pasted with it, and no part of what is said.
        var text = line.text
        while text.last == "\n" { text.removeLast() }
        line.replace(with: text)
        return .line(text)
    }

    /// Leaves a line that is not to be sent, and begins another.
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

    /// Does what a key stands for while the history is searched.
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
