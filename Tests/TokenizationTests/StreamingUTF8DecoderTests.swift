import Testing

@testable import Tokenization

@Suite struct StreamingUTF8DecoderTests {
    /// The texts returned for each piece, the one of `finish()` last.
    private func decode(_ pieces: [[UInt8]]) -> [String] {
        var decoder = StreamingUTF8Decoder()
        return pieces.map { decoder.append($0) } + [decoder.finish()]
    }

    @Test func characterAppearsOnlyWhenItsLastByteHasCome() {
        let bytes = Array("é€😀".utf8).map { [$0] }
        #expect(decode(bytes) == ["", "é", "", "", "€", "", "", "", "😀", ""])
    }

    @Test func unfinishedCharacterIsReplacedAtTheEnd() {
        #expect(decode([[0x61, 0xF0, 0x9F, 0x98]]) == ["a", "\u{FFFD}"])
        #expect(decode([]) == [""])
    }

    @Test func invalidBytesAreReplacedAsSoonAsTheyAreCertain() {
        // A surrogate's second byte shows it to be invalid; a lone continuation is so at once.
        #expect(decode([[0xED], [0xA0], [0x80]]) == ["", "\u{FFFD}\u{FFFD}", "\u{FFFD}", ""])
        #expect(
            decode([[0xC0], [0xFF], [0xE2, 0x82], [0x41]]).joined() == "\u{FFFD}\u{FFFD}\u{FFFD}A"
        )
    }

    @Test func decoderCanBeReusedAfterFinish() {
        var decoder = StreamingUTF8Decoder()
        _ = decoder.append([0xE2, 0x82])
        _ = decoder.finish()
        #expect(decoder.append([0xAC, 0x41]) == "\u{FFFD}A")
    }

    @Test func anyBytesInAnyPiecesGiveTheTextOfTheWhole() {
        // Leads, continuations and the bytes at the edges of their ranges, in every combination.
        let interesting: [UInt8] = [
            0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4,
            0xF5,
        ]
        for a in interesting {
            for b in interesting {
                for c in interesting {
                    let bytes = [a, b, c, 0x80, 0xBF]
                    let whole = String(decoding: bytes, as: UTF8.self)
                    #expect(decode(bytes.map { [$0] }).joined() == whole)
                    #expect(decode([Array(bytes[..<2]), Array(bytes[2...])]).joined() == whole)
                }
            }
        }
    }
}
