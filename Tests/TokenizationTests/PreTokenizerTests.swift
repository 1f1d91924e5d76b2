import Testing

@testable import Tokenization

@Suite struct PreTokenizerTests {
    /// The pieces of some bytes, from the first to the last.
    private func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.withUnsafeBufferPointer { bytes in
            let scanner = PreTokenizer(bytes)
            var pieces: [[UInt8]] = []
            var start = 0
            while start < bytes.count {
                let end = scanner.endOfPiece(from: start)
                pieces.append(Array(bytes[start..<end]))
                start = end
            }
            return pieces
        }
    }

    private func pieces(_ text: String) -> [String] {
        pieces(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [
        ("", []),
        ("Hello world", ["Hello", " world"]),
        ("a1b22!?c", ["a", "1", "b", "22", "!?", "c"]),
        ("x = 3.14;", ["x", " =", " 3", ".", "14", ";"]),
        ("é_ß 日本語", ["é", "_", "ß", " 日本語"]),
        ("٣٤½Ⅷ", ["٣٤½Ⅷ"]),
        // A combining mark is not a letter, nor is an emoji.
        ("e\u{301}e", ["e", "\u{301}", "e"]),
        ("😀👍a", ["😀👍", "a"]),
        ("\0\u{1F}a", ["\0\u{1F}", "a"]),
    ])
    func runsOfOneClassAreOnePieceWithTheSpaceBefore(text: String, expected: [String]) {
        #expect(pieces(text) == expected)
    }

    @Test(arguments: [
        ("it's", ["it", "'s"]),
        ("'tis 'twas", ["'t", "is", " '", "twas"]),
        ("we'll've're'd'm", ["we", "'ll", "'ve", "'re", "'d", "'m"]),
        ("DON'T I'LL", ["DON", "'", "T", " I", "'", "LL"]),
        ("'l 'v 'r", ["'", "l", " '", "v", " '", "r"]),
        ("'", ["'"]),
        ("''s", ["''", "s"]),
        ("!'s", ["!'", "s"]),
        ("'sabc", ["'s", "abc"]),
    ])
    func contractionsAreLowerCaseAndStartAtAPiece(text: String, expected: [String]) {
        #expect(pieces(text) == expected)
    }

    @Test(arguments: [
        ("a  b", ["a", " ", " b"]),
        ("a   b", ["a", "  ", " b"]),
        ("a\nb", ["a", "\n", "b"]),
        ("a\n\nb", ["a", "\n", "\n", "b"]),
        ("a \n b", ["a", " \n", " b"]),
        ("a\r\n\r\n  b", ["a", "\r\n\r\n ", " b"]),
        ("a  ", ["a", "  "]),
        (" ", [" "]),
        ("\t!", ["\t", "!"]),
        // Whitespace that is not a space never joins what follows.
        ("a\u{A0}b", ["a", "\u{A0}", "b"]),
        ("\u{3000}\u{3000}b", ["\u{3000}", "\u{3000}", "b"]),
        ("a\u{85}\u{2028} 1", ["a", "\u{85}\u{2028}", " 1"]),
        // U+200B and U+001C are not White_Space.
        ("a\u{200B}b\u{1C}", ["a", "\u{200B}", "b", "\u{1C}"]),
    ])
    func whitespaceLeavesItsLastCharacterToWhatFollows(text: String, expected: [String]) {
        #expect(pieces(text) == expected)
    }

    @Test func invalidBytesArePunctuation() {
        #expect(pieces([0x61, 0xFF, 0xC3, 0x61]) == [[0x61], [0xFF, 0xC3], [0x61]])
        // The start of a three-byte letter, cut off, and one cut in two by a space.
        #expect(pieces([0x20, 0xE6, 0x97]) == [[0x20, 0xE6, 0x97]])
        #expect(pieces([0xE6, 0x20, 0x97, 0xA5]) == [[0xE6], [0x20, 0x97, 0xA5]])
        // An overlong space and a surrogate.
        #expect(
            pieces([0x61, 0xC0, 0xA0, 0xED, 0xA0, 0x80]) == [
                [0x61], [0xC0, 0xA0, 0xED, 0xA0, 0x80],
            ]
        )
    }

    @Test func classesMatchUnicode16() {
        for value in UInt32(0)...0x10FFFF {
            guard let properties = Unicode.Scalar(value)?.properties else { continue }
            let expected: CharacterClass
            let age = properties.age ?? (major: .max, minor: 0)
            if (age.major, age.minor) > UnicodeRanges.version {
                // Unassigned in that version, so neither letter nor number, whatever it is now.
                expected = .other
            } else if properties.isWhitespace {
                expected = .whitespace
            } else {
                switch properties.generalCategory {
                case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                    .otherLetter:
                    expected = .letter
                case .decimalNumber, .letterNumber, .otherNumber: expected = .number
                default: expected = .other
                }
            }
            // One comparison per scalar: a million #expects take seconds.
            if CharacterClass(of: value) != expected {
                Issue.record("U+\(String(value, radix: 16)) should be \(expected)")
            }
        }
    }

    @Test func textCutAtABoundaryHasThePiecesOfTheWhole() {
        // All strings of up to 5 of these, which meet every rule of the pattern.
        let alphabet = ["a", "s", "l", "1", "'", "!", " ", "\n", "é", "\u{3000}"].map {
            Array($0.utf8)
        }
        var texts: [[UInt8]] = [[]]
        var boundaryCount = 0
        for _ in 1...4 {
            texts = texts.flatMap { text in alphabet.map { text + $0 } }
            for text in texts {
                let whole = pieces(text)
                for index in text.indices {
                    let isBoundary = text.withUnsafeBufferPointer {
                        SplittingRule.gpt2.isBoundary($0, at: index)
                    }
                    guard isBoundary else { continue }
                    boundaryCount += 1
                    if pieces(Array(text[..<index])) + pieces(Array(text[index...])) != whole {
                        Issue.record("\(text) may not be cut at \(index)")
                    }
                }
            }
        }
        #expect(boundaryCount > 10_000)
    }

    @Test func naturalTextHasBoundariesAndASingleWordHasNone() {
        func boundaries(_ text: String) -> [Int] {
            let bytes = Array(text.utf8)
            return bytes.withUnsafeBufferPointer { bytes in
                bytes.indices.filter { SplittingRule.gpt2.isBoundary(bytes, at: $0) }
            }
        }
        #expect(boundaries("ab cd, e'f") == [2, 5, 6, 8])
        #expect(boundaries("日本，語") == [6, 9])
        #expect(boundaries("aaaaaaaa").isEmpty)
        #expect(boundaries("        ").isEmpty)
    }
}
