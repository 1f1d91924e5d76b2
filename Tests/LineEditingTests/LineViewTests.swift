// What is shown of a line being typed, on screens of many widths.

import TestSupport
import Testing

@testable import LineEditing

@Suite struct LineViewTests {
    private static let prompt = Prompt("> ", style: "36")

    private func line(_ before: String, _ after: String = "") -> EditedLine {
        var line = EditedLine()
        line.insert(before + after)
        for _ in 0..<after.count { line.moveLeft() }
        return line
    }

    /// A screen on which a line is drawn as it is typed, character by character.
    private func screen(_ text: String, columns: Int, rows: Int = 24) -> TerminalScreen {
        var screen = TerminalScreen(columns: columns, rows: rows)
        var view = LineView()
        var line = EditedLine()
        screen.write(view.draw(Self.prompt, line, on: (columns, rows)))
        for character in text {
            line.insert(String(character))
            screen.write(view.draw(Self.prompt, line, on: (columns, rows)))
        }
        return screen
    }

    @Test func aLineFollowsItsPrompt() {
        let screen = screen("Hello, 数学!", columns: 40)
        #expect(screen.text == "> Hello, 数学!")
        #expect(screen.cursor == (0, 14))
        #expect(screen.style(row: 0, column: 0) == "36")
        #expect(screen.style(row: 0, column: 2) == "")
        #expect(screen.modes == [7])
    }

    @Test func aLongLineContinuesOnTheNextRows() {
        let screen = screen(String(repeating: "0123456789", count: 5), columns: 22)
        #expect(screen.text == "> 01234567890123456789\n  01234567890123456789\n  0123456789")
        #expect(screen.cursor == (2, 12))
    }

    @Test func aFullRowLeavesTheCursorOnTheNext() {
        let screen = screen(String(repeating: "x", count: 20), columns: 22)
        #expect(screen.text == "> " + String(repeating: "x", count: 20))
        #expect(screen.cursor == (1, 2))
    }

    @Test func aWideCharacterIsNotSplitByTheEdge() {
        let screen = screen("0123456789012345678数a", columns: 22)
        #expect(screen.text == "> 0123456789012345678\n  数a")
        #expect(screen.cursor == (1, 5))
    }

    @Test func lineEndsAndTabsAreLaidOut() {
        let screen = screen("one\n\n\ttwo", columns: 80)
        #expect(screen.text == "> one\n\n      two")
        #expect(screen.cursor == (2, 9))
    }

    @Test func controlCharactersAreShown() {
        let screen = screen("a\u{1b}[31m\u{202e}b", columns: 80)
        #expect(screen.text == "> a\\u{1b}[31m\\u{202e}b")
    }

    @Test(arguments: [1, 2, 3, 4])
    func aScreenMayHaveAnyWidth(columns: Int) {
        let screen = screen("abc数", columns: columns)
        let shown = screen.lines.joined().filter { $0 != " " }
        #expect(shown == (columns == 1 ? ">abc?" : ">abc数"))
    }

    @Test func theRowsAroundTheCursorAreShownOfATextTallerThanTheScreen() {
        var screen = TerminalScreen(columns: 20, rows: 4)
        var view = LineView()
        var line = line((1...9).map { "\($0)" }.joined(separator: "\n"))
        func draw() { screen.write(view.draw(Self.prompt, line, on: (20, 4))) }
        draw()
        #expect(screen.text == "  6\n  7\n  8\n  9")
        for _ in 0..<8 { _ = line.moveUp() }
        draw()
        #expect(screen.text == "> 1\n  2\n  3\n  4")
        #expect(screen.cursor == (0, 3))
        // Once sent, it is there to scroll back to.
        screen.write(view.finish(Self.prompt, line, on: (20, 4)))
        let all = screen.scrollback + screen.lines
        #expect(all.joined(separator: "\n").contains("> 1\n  2\n  3\n  4\n  5\n  6\n  7\n  8\n  9"))
        #expect(screen.cursor == (3, 0))
    }

    @Test func finishingLeavesTheCursorBelow() {
        var screen = TerminalScreen(columns: 80)
        var view = LineView()
        let line = line("on", "e\ntwo")
        screen.write(view.draw(Self.prompt, line, on: (80, 24)))
        screen.write(view.finish(Self.prompt, line, on: (80, 24)))
        screen.write("reply")
        #expect(screen.text == "> one\n  two\nreply")
    }

    @Test(arguments: [1, 7, 40, 80, 200])
    func changesLookAsIfDrawnFromScratch(columns: Int) {
        var random = SystemRandomNumberGenerator()
        let pieces = ["a", "bc ", "数", "e\u{301}", "🙂", "\n", "\t", "\u{1b}", "words of a text "]
        var screen = TerminalScreen(columns: columns, rows: 12)
        var view = LineView()
        var line = EditedLine()
        var changes: [String] = []
        for _ in 0..<400 {
            let change = Int.random(in: 0..<12, using: &random)
            changes.append("\(change)")
            switch change {
            case 0: line.deleteBackward()
            case 1: line.deleteForward()
            case 2: line.moveWordLeft()
            case 3: line.moveToLineStart()
            case 4: line.cutToLineEnd()
            case 5: line.yank()
            case 6: _ = line.moveUp()
            case 7: line.moveLeft()
            case 8 where line.text.count > 200: line.replace(with: "")
            default:
                line.insert(pieces[Int.random(in: 0..<pieces.count, using: &random)])
            }
            screen.write(view.draw(Self.prompt, line, on: (columns, 12)))
            let layout = LineLayout(Self.prompt, line, columns: columns)
            let shown = layout.rows.map { row in
                String(row.text.reversed().drop { $0 == " " }.reversed())
            }
            let (row, lines) = (screen.cursor.row, screen.lines)
            // The row of the cursor, and the rows around it.
            let first = layout.cursor.row - row
            let expected = (first..<first + 12).map { shown.indices.contains($0) ? shown[$0] : "" }
            guard lines == expected, screen.cursor.column == layout.cursor.column else {
                Issue.record("after \(changes.suffix(5)): \(lines) for \(expected)")
                return
            }
        }
    }

    @Test(arguments: [(80, 40), (80, 11), (40, 80), (40, 200)])
    func aResizedScreenIsRedrawn(from: Int, to: Int) {
        var screen = TerminalScreen(columns: from)
        var view = LineView()
        screen.write("stays\r\n")
        let text = String(repeating: "a word and ", count: 12)
        let line = line(text, "more")
        screen.write(view.draw(Self.prompt, line, on: (from, 24)))
        screen.resize(columns: to, rows: 24)
        screen.write(view.draw(Self.prompt, line, on: (to, 24)))
        let visible = screen.text.split(separator: "\n")
        let letters = visible.joined().filter { $0 != " " }
        #expect(letters == "stays>" + (text + "more").filter { $0 != " " })
        #expect(screen.scrollback.isEmpty)
    }
}

@Suite struct CompletionTests {
    @Test func candidatesShareABeginning() {
        func common(_ candidates: [String]) -> String? {
            Completion(typedCount: 1, candidates: candidates).common
        }
        #expect(common([]) == nil)
        #expect(common(["/help "]) == "/help ")
        #expect(common(["/save ", "/stats "]) == "/s")
        #expect(common(["e\u{301}a", "e"]) == "")
    }

    @Test func theListFitsTheScreen() {
        let completion = Completion(typedCount: 1, candidates: ["one ", "two ", "three "])
        #expect(completion.list(columns: 80) == ["one  two  three"])
        #expect(completion.list(columns: 9) == ["one  two", "three"])
        #expect(completion.list(columns: 1) == ["one", "two", "three"])
        let many = Completion(typedCount: 0, candidates: (0..<150).map { "\($0)" })
        #expect(many.list(columns: 1).last == "and 50 more")
        #expect(many.list(columns: 1).count == 101)
    }
}
