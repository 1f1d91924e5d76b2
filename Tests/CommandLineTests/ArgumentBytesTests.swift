// Bytes of arguments, carried through strings.

import FileIO
import Testing

@testable import SwiftletCLI

@Suite struct ArgumentBytesTests {
    private let awkward: [[UInt8]] = [
        [], [0xFF], Array("plain".utf8), Array("caf\u{E9}".utf8), [0x63, 0xE9], [0xE2, 0x82],
        Array("a\u{1B}[31m\n\u{85}".utf8), Array("\u{301}x".utf8), Array("- First".utf8),
        // Private characters that somebody actually typed.
        Array("\u{10FE00}\u{10FEFF}\u{10FF00}".utf8), [0xF4, 0x8F, 0xB8], [0xED, 0xA0, 0x80],
    ]

    @Test func everyByteRoundTrips() {
        for bytes in awkward + (1...255).map({ [$0] }) + (1...255).map({ [0x61, $0, 0xA9] }) {
            #expect(ArgumentBytes.bytes(ArgumentBytes.text(bytes)) == bytes)
            #expect(ArgumentBytes.bytes(ArgumentBytes.value(bytes)) == bytes)
            let kept = ArgumentBytes.text(bytes, carryingControls: false)
            #expect(ArgumentBytes.bytes(kept) == bytes)
            #expect(ArgumentText(argument: ArgumentBytes.value(bytes)).bytes == bytes)
        }
        for bytes in awkward {
            #expect(FilePath(argument: ArgumentBytes.value(bytes)).bytes == bytes)
        }
    }

    @Test func plainTextStaysAsItIs() {
        for text in ["", "a", "0.5", "né 🙂", "x=y", "a - b"] {
            #expect(ArgumentBytes.text(text.utf8) == text)
        }
        #expect(ArgumentBytes.value("né=🙂".utf8) == "né=🙂")
    }

    @Test func controlCharactersNeverReachTheParser() {
        let text = ArgumentBytes.text("\u{7}a\u{1B}b\u{9B}\n".utf8)
        #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }

    @Test func anOptionTakesTheArgumentAfterIt() {
        func texts(_ arguments: String...) -> [String] {
            CommandLineArguments(arguments.map { Array($0.utf8) }, of: SwiftletCommand.self).texts
        }
        #expect(texts("sample", "--top-k", "5", "--json") == ["sample", "--top-k=5", "--json"])
        #expect(texts("sample", "--prompt") == ["sample", "--prompt"])
        #expect(
            texts("tokenizer", "encode", "--special", "--", "--text", "a")
                == ["tokenizer", "encode", "--special", "--", "--text", "a"]
        )
        #expect(
            texts("sample", "--prompt", "--json", "--json")
                == ["sample", "--prompt=--json", "--json"]
        )
        #expect(texts("sample", "--top-p", "-0.0") == ["sample", "--top-p=-0.0"])
        #expect(texts("sampel", "--prompt", "x") == ["sampel", "--prompt=x"])
    }
}
