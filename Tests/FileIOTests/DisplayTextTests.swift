import FileIO
import SystemPackage
import Testing

@Suite struct DisplayTextTests {
    @Test(
        arguments: [
            ("plain name.txt", "plain name.txt"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"),
            ("txt.\u{202e}gpj", "txt.\\u{202e}gpj"),
            ("\u{2066}a\u{2069}\u{200f}\u{2028}", "\\u{2066}a\\u{2069}\\u{200f}\\u{2028}"),
            ("čeština 中文 עברית 👩\u{200d}🔬", "čeština 中文 עברית 👩\u{200d}🔬"),
            ("", ""),
        ]
    )
    func charactersThatATerminalObeysAreEscaped(text: String, shown: String) {
        #expect(DisplayText.escaping(text) == shown)
        #expect(DisplayText.escaping(bytes: text.utf8) == shown)
    }

    @Test func lineEndsAreKeptOnRequest() {
        #expect(DisplayText.escaping("a\n\u{7}b\r\n", keepingLineEnds: true) == "a\n\\u{7}b\\r\n")
    }

    @Test(
        arguments: [
            ([0xFF], "\\xff"),
            ([0x61, 0xC3], "a\\xc3"),
            ([0xC3, 0x28], "\\xc3("),
            // A surrogate, an overlong slash, and a truncated sequence.
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
            ([0xC0, 0xAF], "\\xc0\\xaf"),
            ([0xF0, 0x9F, 0x92, 0x0A], "\\xf0\\x9f\\x92\\n"),
            ([0xE9, 0xC3, 0xA9], "\\xe9é"),
        ] as [([UInt8], String)]
    )
    func bytesThatAreNotTextAreEscaped(bytes: [UInt8], shown: String) {
        #expect(DisplayText.escaping(bytes: bytes) == shown)
    }

    @Test func aPathInASentenceIsEscaped() throws {
        let path = (Array("dir/a\u{1b}]0;x".utf8) + [0xFF, 0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { FilePath(platformString: $0.baseAddress!) }
        }
        #expect("'\(path)'" == "'dir/a\\u{1b}]0;x\\xff'")
        let name = try #require(path.lastComponent)
        #expect("'\(name)'" == "'a\\u{1b}]0;x\\xff'")
        #expect(
            "\(FileIOError.missing(path: path))"
                == "'dir/a\\u{1b}]0;x\\xff' does not exist; check the path"
        )
    }
}
