// Changes to a text with a cursor in it.

import Testing

@testable import LineEditing

@Suite struct EditedLineTests {
    /// A text with its cursor, written as `|`.
    private func line(_ text: String) -> EditedLine {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        var line = EditedLine()
        line.insert(parts.joined())
        for _ in 0..<parts[1].count { line.moveLeft() }
        return line
    }

    private func expect(
        _ text: String,
        becomes result: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout EditedLine) -> Void
    ) {
        var line = line(text)
        change(&line)
        #expect("\(line.before)|\(line.after)" == result, sourceLocation: sourceLocation)
    }

    @Test func textGoesWhereTheCursorIs() {
        expect("ac|", becomes: "ab|c") {
            $0.moveLeft()
            $0.insert("b")
        }
        expect("a|b", becomes: "a\n|b") { $0.insert("\n") }
    }

    @Test func deletingTakesWholeCharacters() {
        expect("e\u{301}👩‍👩‍👧|", becomes: "e\u{301}|") { $0.deleteBackward() }
        expect("e\u{301}|", becomes: "|") { $0.deleteBackward() }
        expect("|", becomes: "|") { $0.deleteBackward() }
        expect("a|数b", becomes: "a|b") { $0.deleteForward() }
        expect("a|", becomes: "a|") { $0.deleteForward() }
    }

    @Test func theCursorStaysWithinTheText() {
        expect("|ab", becomes: "|ab") { $0.moveLeft() }
        expect("ab|", becomes: "ab|") { $0.moveRight() }
        expect("ab|", becomes: "|ab") { $0.moveToLineStart() }
        expect("a|b", becomes: "ab|") { $0.moveToLineEnd() }
        expect("one\ntw|o\nthree", becomes: "one\n|two\nthree") { $0.moveToLineStart() }
        expect("one\nt|wo\nthree", becomes: "one\ntwo|\nthree") { $0.moveToLineEnd() }
    }

    @Test func wordsAreLettersAndDigits() {
        expect("say: two-fold|", becomes: "say: two-|fold") { $0.moveWordLeft() }
        expect("say: |two", becomes: "|say: two") { $0.moveWordLeft() }
        expect("|", becomes: "|") { $0.moveWordLeft() }
        expect("say|: two-fold", becomes: "say: two|-fold") { $0.moveWordRight() }
        expect("two |", becomes: "two |") { $0.moveWordRight() }
    }

    @Test func linesAboveAndBelowKeepTheColumn() {
        expect("12345\nab|c\n6", becomes: "12|345\nabc\n6") { #expect($0.moveUp() == true) }
        expect("12345\nab|c\n6", becomes: "12345\nabc\n6|") { #expect($0.moveDown() == true) }
        expect("1\nabc|", becomes: "1|\nabc") { #expect($0.moveUp() == true) }
        expect("a|b\nc", becomes: "a|b\nc") { #expect($0.moveUp() == false) }
        expect("a\nb|c", becomes: "a\nb|c") { #expect($0.moveDown() == false) }
        expect("\n|", becomes: "|\n") { #expect($0.moveUp() == true) }
    }

    @Test func cutTextCanBePasted() {
        expect("one two|", becomes: "|one two") {
            $0.cutWordBackward(isBetweenBlanks: true)
            $0.moveToLineStart()
            $0.yank()
            #expect($0.text == "twoone ")
            $0.cutToLineStart()
            $0.cutToLineEnd()
            $0.replace(with: "")
            $0.insert("one two")
            $0.moveToLineStart()
        }
        expect("ab|cd", becomes: "abcd|") {
            $0.cutToLineEnd()
            $0.yank()
        }
        expect("ab|cd", becomes: "ab|cd") {
            $0.cutToLineStart()
            $0.yank()
        }
    }

    @Test func consecutiveCutsAreOne() {
        expect("one two three|", becomes: "|two threeone ") {
            $0.cutWordBackward(isBetweenBlanks: true)
            $0.cutWordBackward(isBetweenBlanks: true)
            $0.moveToLineStart()
            $0.yank()
            $0.moveToLineStart()
        }
        expect("a|b c d", becomes: "ab c d|") {
            $0.cutWordForward()
            $0.cutWordForward()
            $0.yank()
            $0.moveToLineEnd()
        }
    }

    @Test func cuttingStaysWithinTheLine() {
        expect("one\ntwo| three\nfour", becomes: "one\ntwo|\nfour") { $0.cutToLineEnd() }
        expect("one\ntwo|\nfour", becomes: "one\ntwo|four") { $0.cutToLineEnd() }
        expect("one\ntwo| three", becomes: "one\n| three") { $0.cutToLineStart() }
        expect("a.b c-d|", becomes: "a.b |") { $0.cutWordBackward(isBetweenBlanks: true) }
        expect("a.b c-d|", becomes: "a.b c-|") { $0.cutWordBackward(isBetweenBlanks: false) }
        expect("a.b c-d  |", becomes: "a.b |") { $0.cutWordBackward(isBetweenBlanks: true) }
    }

    @Test func charactersAreSwapped() {
        expect("teh|", becomes: "the|") { $0.transpose() }
        expect("t|eh", becomes: "et|h") { $0.transpose() }
        expect("|ab", becomes: "ab|") { $0.transpose() }
        expect("a|", becomes: "a|") { $0.transpose() }
    }
}
