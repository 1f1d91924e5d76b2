// The text being typed, and the cursor in it. It knows neither keys nor the screen.

/// A text with a cursor, and what was last cut from it.
///
/// It may contain line ends; a line here is what is between two of them.
package struct EditedLine {
    /// The text before the cursor.
    package private(set) var before = ""
    /// The text after it.
    package private(set) var after = ""
    /// What ``yank()`` inserts.
    private var cut = ""
    /// Whether the last change was a cut, to which the next cut is added.
    private var isCutting = false

    /// An empty text.
    package init() {}

    /// The whole text.
    package var text: String { before + after }
    package var isEmpty: Bool { before.isEmpty && after.isEmpty }

    /// Replaces the text, with the cursor at its end.
    package mutating func replace(with text: String) {
        (before, after) = (text, "")
        isCutting = false
    }

    package mutating func insert(_ text: String) {
        before += text
        isCutting = false
    }

    /// Replaces this many characters before the cursor.
    package mutating func replaceBefore(_ count: Int, with text: String) {
        before.removeLast(min(count, before.count))
        insert(text)
    }

    package mutating func deleteBackward() {
        isCutting = false
        _ = before.popLast()
    }

    package mutating func deleteForward() {
        isCutting = false
        if !after.isEmpty { after.removeFirst() }
    }

    // MARK: Moving

    package mutating func moveLeft() { move(to: beforeOffset(1)) }
    package mutating func moveRight() { moveAfter(after.prefix(1)) }
    package mutating func moveToLineStart() { move(to: lineStart) }
    package mutating func moveToLineEnd() { moveAfter(restOfLine) }
    package mutating func moveWordLeft() { move(to: wordStart(isOfWord)) }
    package mutating func moveWordRight() { moveAfter(nextWord) }

    /// Moves to the line above, in the same column if it has one.
    /// - Returns: Whether there is one.
    package mutating func moveUp() -> Bool {
        let column = before.distance(from: lineStart, to: before.endIndex)
        guard lineStart > before.startIndex else { return false }
        move(to: before.index(before: lineStart))
        let length = before.distance(from: lineStart, to: before.endIndex)
        move(to: beforeOffset(max(0, length - column)))
        return true
    }

    /// Moves to the line below, likewise.
    package mutating func moveDown() -> Bool {
        let column = before.distance(from: lineStart, to: before.endIndex)
        guard after.contains("\n") else { return false }
        moveToLineEnd()
        moveRight()
        moveAfter(restOfLine.prefix(column))
        return true
    }

    // MARK: Cutting

    package mutating func cutToLineStart() { cutBefore(from: lineStart) }

    /// Cuts to the end of the line; there, the line end itself.
    package mutating func cutToLineEnd() {
        cutAfter(restOfLine.isEmpty ? after.prefix(1) : restOfLine)
    }

    /// Cuts the word before the cursor.
    /// - Parameter isBetweenBlanks: Whether blanks delimit words; otherwise words are letters and
    ///   digits only.
    package mutating func cutWordBackward(isBetweenBlanks: Bool) {
        cutBefore(from: wordStart { isBetweenBlanks ? !$0.isWhitespace : isOfWord($0) })
    }

    package mutating func cutWordForward() { cutAfter(nextWord) }

    /// Inserts what was cut last.
    package mutating func yank() { insert(cut) }

    /// Swaps the two characters around the cursor, or the last two at the end.
    package mutating func transpose() {
        if after.isEmpty { moveLeft() }
        guard let first = before.last, let second = after.first else { return moveToLineEnd() }
        before.removeLast()
        after.removeFirst()
        insert(String(second) + String(first))
    }

    // MARK: Places

    private var lineStart: String.Index {
        before.lastIndex(of: "\n").map(before.index(after:)) ?? before.startIndex
    }

    private var restOfLine: Substring { after.prefix { $0 != "\n" } }

    /// The text after the cursor up to the end of the next word.
    private var nextWord: Substring {
        let word = after.drop { !isOfWord($0) }.drop(while: isOfWord)
        return after[..<word.startIndex]
    }

    private func isOfWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber
    }

    private func beforeOffset(_ count: Int) -> String.Index {
        before.index(before.endIndex, offsetBy: -count, limitedBy: before.startIndex)
            ?? before.startIndex
    }

    /// Where the word before the cursor begins.
    private func wordStart(_ isOfWord: (Character) -> Bool) -> String.Index {
        guard let last = before.lastIndex(where: isOfWord) else { return before.startIndex }
        return before[..<last].lastIndex { !isOfWord($0) }.map(before.index(after:))
            ?? before.startIndex
    }

    private mutating func move(to index: String.Index) {
        after = before[index...] + after
        before = String(before[..<index])
        isCutting = false
    }

    private mutating func moveAfter(_ text: Substring) {
        let rest = String(after[text.endIndex...])
        before += text
        after = rest
        isCutting = false
    }

    private mutating func cutBefore(from index: String.Index) {
        guard index < before.endIndex else { return }
        cut = before[index...] + (isCutting ? cut : "")
        before = String(before[..<index])
        isCutting = true
    }

    private mutating func cutAfter(_ text: Substring) {
        guard !text.isEmpty else { return }
        cut = (isCutting ? cut : "") + text
        after = String(after[text.endIndex...])
        isCutting = true
    }
}
