// Bytes from terminals as keys, complete and split at every position.

import Testing

@testable import LineEditing

@Suite struct KeyParserTests {
    /// The keys of some bytes that arrive at once.
    private func keys(_ bytes: some Sequence<UInt8>) -> [Key] {
        var parser = KeyParser()
        return parser.take(bytes) + parser.giveUp()
    }

    private static let known: [(text: String, keys: [Key])] = [
        ("aé数🙂", [.text("a"), .text("é"), .text("数"), .text("🙂")]),
        ("\r", [.enter]), ("\n", [.enter]), ("\t", [.tab]),
        ("\u{7f}", [.backspace]), ("\u{8}", [.backspace]),
        ("\u{1}\u{5}\u{b}", [.control("a"), .control("e"), .control("k")]),
        ("\u{3}\u{4}\u{1a}", [.control("c"), .control("d"), .control("z")]),
        ("\u{1b}[A\u{1b}[B\u{1b}[C\u{1b}[D", [.up, .down, .right, .left]),
        ("\u{1b}OA\u{1b}OB\u{1b}OC\u{1b}OD", [.up, .down, .right, .left]),
        ("\u{1b}[H\u{1b}[F\u{1b}OH\u{1b}OF", [.home, .end, .home, .end]),
        ("\u{1b}[1~\u{1b}[4~\u{1b}[7~\u{1b}[8~", [.home, .end, .home, .end]),
        ("\u{1b}[3~\u{1b}[3;5~", [.delete, .deleteWord]),
        ("\u{1b}[1;5C\u{1b}[1;5D\u{1b}[1;3C", [.wordRight, .wordLeft, .wordRight]),
        ("\u{1b}[1;2C", [.right]),
        ("\u{1b}b\u{1b}f\u{1b}\u{7f}", [.alt("b"), .alt("f"), .alt("\u{7f}")]),
        ("\u{1b}\r\u{1b}[13;2u\u{1b}[27;2;13~", [.lineEnd, .lineEnd, .lineEnd]),
        ("\u{1b}[200~one\rtwo\r\nthree\n\u{1b}[201~!", [.paste("one\ntwo\nthree\n"), .text("!")]),
        ("\u{1b}[200~\u{1b}[31mred\u{1b}[201~", [.paste("\u{1b}[31mred")]),
        ("\u{1b}[200~\u{1b}[201~", [.paste("")]),
        ("\u{1b}OMa", [.enter, .text("a")]),
    ]

    @Test(arguments: known.indices) func keysOfEveryKindAreKnown(index: Int) {
        #expect(keys(Self.known[index].text.utf8) == Self.known[index].keys)
    }

    @Test(arguments: known.indices) func aKeyMayBeSplitAnywhere(index: Int) {
        let bytes = Array(Self.known[index].text.utf8)
        for place in 0...bytes.count {
            var parser = KeyParser()
            let keys = parser.take(bytes[..<place]) + parser.take(bytes[place...])
            #expect(keys == Self.known[index].keys, "torn at \(place)")
            #expect(parser.patience == nil)
        }
    }

    @Test(arguments: [
        // Function keys of several terminals, and terminals' answers.
        "\u{1b}OP", "\u{1b}[15~", "\u{1b}[24;2~", "\u{1b}[[A", "\u{1b}[Z", "\u{1b}[2~", "\u{1b}[I",
        "\u{1b}]11;rgb:0000/0000/0000\u{7}", "\u{1b}]11;rgb:0000/0000/0000\u{1b}\\",
        "\u{1b}P1+r\u{1b}\\", "\u{1b}[?1;2c", "\u{0}", "\u{1c}", "\u{1b}[\u{1b}[Z",
    ])
    func unknownSequencesAreDroppedWhole(text: String) {
        #expect(keys((text + "a").utf8) == [.text("a")])
    }

    @Test func invalidUTF8IsReplaced() {
        #expect(keys([0xff, 0x61]) == [.text("\u{fffd}"), .text("a")])
        #expect(keys([0x80, 0xc3, 0x61]) == [.text("\u{fffd}"), .text("\u{fffd}"), .text("a")])
        #expect(keys([0xe2, 0x82, 0x0d]) == [.text("\u{fffd}"), .enter])
        let paste = Array("\u{1b}[200~".utf8) + [0xff, 0x61] + Array("\u{1b}[201~".utf8)
        #expect(keys(paste) == [.paste("\u{fffd}a")])
    }

    @Test func bytesOneByOneMeanTheSameKeys() {
        // Bytes that begin or end something are frequent.
        let special = Array("\u{1b}[O;~200201?u\r".utf8) + [0xc3, 0xe2, 0xf0, 0x80, 0xff]
        for _ in 0..<200 {
            let bytes = (0..<100).map { _ in
                Bool.random() ? special.randomElement() ?? 0 : UInt8.random(in: 0...255)
            }
            var parser = KeyParser()
            let single = bytes.flatMap { parser.take([$0]) } + parser.giveUp()
            #expect(single == keys(bytes), "\(bytes)")
        }
    }

    @Test func aLoneEscapeIsNotPartOfTheNextKey() {
        var parser = KeyParser()
        #expect(parser.take("\u{1b}".utf8) == [])
        #expect(parser.patience != nil)
        #expect(parser.giveUp() == [])
        #expect(parser.take("b".utf8) == [.text("b")])
    }

    @Test func aPasteThatNeverEndsIsKept() {
        var parser = KeyParser()
        #expect(parser.take("\u{1b}[200~abc\r".utf8) == [])
        #expect(parser.giveUp() == [.paste("abc\n")])
        #expect(parser.take("d".utf8) == [.text("d")])
    }

    @Test func asMuchOfAHugePasteIsKeptAsAModelMayRead() throws {
        var parser = KeyParser()
        let size = 1 << 21
        var keys = parser.take("\u{1b}[200~".utf8)
        keys += parser.take(repeatElement(UInt8(ascii: "x"), count: size + 1000))
        keys += parser.take("\u{1b}[201~y".utf8)
        #expect(keys.count == 2)
        guard case .paste(let text) = try #require(keys.first) else {
            Issue.record("no paste")
            return
        }
        #expect(text.utf8.count == size)
        #expect(keys.last == .text("y"))
    }

    @Test func anEndlessSequenceIsNotAKey() {
        let text = "\u{1b}[" + String(repeating: "1;", count: 100)
        var parser = KeyParser()
        // Bytes beyond any valid sequence are taken as text, and none of them is kept.
        #expect(parser.take(text.utf8).allSatisfy { $0 == .text("1") || $0 == .text(";") })
        #expect(parser.patience == nil)
    }
}
