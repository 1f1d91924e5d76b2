import Inference
import Testing
import TextGeneration
import Tokenization

/// Generates `text` in the given tokens.
private func pieces(
    of tokens: [String],
    stopStrings: [String]
) throws -> (pieces: [String], generated: GeneratedText) {
    try pieces(ofBytes: tokens.map { Array($0.utf8) }, stopStrings: stopStrings)
}

private func pieces(
    ofBytes tokens: [[UInt8]],
    stopStrings: [String]
) throws -> (pieces: [String], generated: GeneratedText) {
    // A vocabulary of the text's own tokens; the last one ends the text.
    let vocabulary = Vocabulary(tokens: tokens + [[0]], endOfText: Int32(tokens.count))
    let model = PlaybackModel(
        vocabularySize: tokens.count + 1,
        contextLength: 1000,
        tokens: (0...tokens.count).map { Int32($0) }
    )
    let stream = try TextGenerator(model, vocabulary: vocabulary).stream(
        options: TextGenerationOptions(
            maxTokens: 999,
            sampling: .greedy,
            stopStrings: stopStrings
        ),
        seed: 0
    )
    var pieces: [String] = []
    while let piece = try stream.next() { pieces.append(piece) }
    return (pieces, stream.generated)
}

@Suite struct StopStringTests {
    @Test func aStopStringInOneTokenCutsItsToken() throws {
        let (pieces, generated) = try pieces(
            of: ["one", " STOP two", "three"],
            stopStrings: ["STOP"]
        )
        #expect(pieces == ["one", " "])
        #expect(generated.text == "one ")
        #expect(generated.stopReason == .stopString)
        #expect(generated.tokens == [0, 1])
    }

    @Test func aStopStringMaySpanTokens() throws {
        let (pieces, generated) = try pieces(
            of: ["a\n", "\nUs", "er", ": b"],
            stopStrings: ["\n\nUser:"]
        )
        #expect(pieces == ["a", "", ""])
        #expect(generated.text == "a")
        #expect(generated.tokens == [0, 1, 2, 3])
    }

    @Test func textIsHeldBackExactlyAsLongAsItMayBecomeAStopString() throws {
        let (pieces, generated) = try pieces(
            of: ["x", "a", "b", "a", "b", "d", "a", "b"],
            stopStrings: ["abac"]
        )
        // After "abab", only its last two letters may still begin the stop string.
        #expect(pieces == ["x", "", "", "", "ab", "abd", "", "", "ab"])
        #expect(generated.text == "xababdab")
        #expect(generated.stopReason == .endOfText)
    }

    @Test func aMatchMayBeginWithinAnother() throws {
        let (pieces, generated) = try pieces(of: ["a", "a", "a", "b", "c"], stopStrings: ["aab"])
        #expect(pieces == ["", "", "a"])
        #expect(generated.text == "a")
        #expect(generated.stopReason == .stopString)
    }

    @Test func aStopStringMaySpanTheBytesOfACharacter() throws {
        let bytes = Array("né 🙂né🙃!".utf8)
        let (_, generated) = try pieces(ofBytes: bytes.map { [$0] }, stopStrings: ["né🙃"])
        #expect(generated.text == "né 🙂")
        #expect(generated.stopReason == .stopString)
        // All bytes but the last one were generated.
        #expect(generated.tokens.count == bytes.count - 1)
    }

    @Test func aCharacterThatBeginsLikeTheStopStringsIsWhole() throws {
        // The first three bytes of the two are the same.
        let (pieces, generated) = try pieces(
            ofBytes: Array("🙂🙃".utf8).map { [$0] },
            stopStrings: ["🙃"]
        )
        #expect(pieces == ["", "", "", "🙂", "", "", ""])
        #expect(generated.text == "🙂")
    }

    @Test func theFirstStopStringToBeCompleteCounts() throws {
        #expect(try pieces(of: ["xabcd"], stopStrings: ["abcd", "c"]).generated.text == "xab")
        #expect(try pieces(of: ["xabcd"], stopStrings: ["c", "bc", "abc"]).generated.text == "x")
        #expect(try pieces(of: ["xabcd"], stopStrings: ["bcd", "xabce"]).generated.text == "xa")
    }

    @Test func theTextDoesNotDependOnItsTokens() throws {
        let text = "aabaabaaabéaab🙂aabaéé🙂b"
        for stopStrings in [["aaab"], ["é🙂"], ["éé🙂b", "baaa"], ["zz"], []] {
            let whole = try pieces(of: [text], stopStrings: stopStrings).generated
            for size in 1...7 {
                let bytes = Array(text.utf8)
                let tokens = stride(from: 0, to: bytes.count, by: size).map {
                    Array(bytes[$0..<min($0 + size, bytes.count)])
                }
                let (pieces, generated) = try pieces(ofBytes: tokens, stopStrings: stopStrings)
                #expect(generated.text == whole.text)
                #expect(generated.stopReason == whole.stopReason)
                #expect(pieces.joined() == whole.text)
            }
        }
    }

    @Test func whatIsHeldBackAtTheEndIsReturned() throws {
        let (pieces, generated) = try pieces(of: ["x", "ST"], stopStrings: ["STOP"])
        #expect(pieces == ["x", "", "ST"])
        #expect(generated.stopReason == .endOfText)
    }

    @Test func anEmptyStopStringIsAnError() {
        #expect(throws: TextGenerationError.emptyStopString) {
            try pieces(of: ["x"], stopStrings: ["a", ""])
        }
    }
}
