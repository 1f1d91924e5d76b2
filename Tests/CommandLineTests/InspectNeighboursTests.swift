// `inspect neighbours`: which tokens are near another, and which texts are not a token.

import FileIO
import Foundation
import TestSupport
import Testing

/// Calls `body` with a model whose embedding of token i points at the angle of i degrees.
private func withTurnedEmbeddings(
    _ body: (_ model: String, _ tokenizer: String) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let model = try writeModel(to: directory.appending("model.bin")) { parameters in
            parameters["wte"].withUnsafeMutableElements(as: Float.self) { elements in
                for i in elements.indices { elements[i] = 0 }
                for token in 0..<257 {
                    let angle = Float(token) * .pi / 180
                    elements[token * 16] = cos(angle)
                    elements[token * 16 + 7] = sin(angle)
                }
            }
        }
        let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
        try body(model.string, tokenizer.string)
    }
}

private func neighbours(_ object: [String: Any]) throws -> [[String: Any]] {
    try #require(object["neighbours"] as? [[String: Any]])
}

@Suite(.serialized) struct InspectNeighboursTests {
    @Test func theNearestComeFirst() throws {
        try withTurnedEmbeddings { model, tokenizer in
            let base = ["inspect", "neighbours", "--model", model, "--tokenizer", tokenizer]
            let arguments = base + ["--token", "a", "--top", "4"]
            let object = try swiftlet(arguments + ["--json"]).object()
            #expect(object["token"] as? Int == 97)
            #expect(object["text"] as? String == "a")
            let found = try neighbours(object)
            #expect(Set(found.compactMap { $0["text"] as? String }) == ["_", "`", "b", "c"])
            #expect(found.count == 4)
            let cosines = found.compactMap { $0["cosine"] as? Double }
            #expect(cosines == cosines.sorted(by: >))
            #expect(abs(cosines[3] - cos(2 * Double.pi / 180)) < 1e-6)
            #expect(Set(found[0].keys) == ["token", "text", "cosine"])

            let text = try swiftlet(arguments)
            #expect(text.status == 0 && text.errors == "")
            #expect(text.output.hasPrefix("  nearest to 'a' (token 97), by cosine of"))
            #expect(text.output.contains(#/ {2}9[68] {2}0\.9998 .* '[`b]'\n/#))
            #expect(text.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        }
    }

    @Test func withoutATokenizerIdsAreShown() throws {
        try withTurnedEmbeddings { model, _ in
            try withTemporaryDirectory { directory in
                let alone = directory.appending("alone.bin")
                let bytes = try MappedFile(FilePath(model)).withUnsafeBytes { Array($0) }
                try writeBytes(bytes, to: alone)
                let base = ["inspect", "neighbours", "--model", alone.string]
                let object = try swiftlet(base + ["--id", "97", "--json"]).object()
                #expect(object["text"] is NSNull)
                let found = try neighbours(object)
                #expect(found.count == 10)
                #expect(found.allSatisfy { $0["text"] is NSNull })
                let text = try swiftlet(base + ["--id", "97"]).output
                #expect(text.hasPrefix("  nearest to #97 (token 97)"))
                expectError(try swiftlet(base + ["--token", "a"]), 64, "name one with --tokenizer")
            }
        }
    }

    @Test func aTextThatIsNotOneTokenShowsItsTokens() throws {
        try withTurnedEmbeddings { model, tokenizer in
            func refuse(_ more: String..., fragment: String) throws {
                let base = ["inspect", "neighbours", "--model", model, "--tokenizer", tokenizer]
                expectError(try swiftlet(base + more), 64, fragment)
            }
            try refuse(
                "--token",
                "ab",
                fragment: "'ab' is 2 tokens, not one: 'a' (97), 'b' (98)"
            )
            try refuse("--token", "0123456789", fragment: "'7' (55) and 2 more")
            try refuse("--token", "", fragment: "'' is not a token")
            try refuse("--token", "\u{1b}\n", fragment: "'\\u{1b}' (27), '\\n' (10)")
            // U+FFFD shows a byte that is not text, but is not that byte.
            try refuse("--token", "\u{FFFD}", fragment: "'\\xef' (239), '\\xbf' (191)")
            try refuse(fragment: "--token or with --id")
            try refuse("--token", "a", "--id", "97", fragment: "--token or with --id")
            try refuse("--id", "257", fragment: "no token 257: the model knows 257 tokens")
            try refuse("--id", "-1", fragment: "--id")
            try refuse("--id", "9999999999", fragment: "--id")
            for top in ["0", "-3", "a", "1.5", "99999999999999999999"] {
                try refuse("--id", "1", "--top", top, fragment: "--top")
            }
        }
    }

    @Test func bytesThatAreNotTextAreNotAToken() throws {
        try withTurnedEmbeddings { model, tokenizer in
            let outcome = try shell(
                "\"$SWIFTLET\" inspect neighbours --model '\(model)' --tokenizer '\(tokenizer)' "
                    + "--token \"$(printf '\\377')\""
            )
            expectError(outcome, 64, "'\\xff' is not UTF-8; give the token with --id")
        }
    }

    @Test func negativeCosinesAreAligned() throws {
        try withTurnedEmbeddings { model, tokenizer in
            let arguments = [
                "inspect", "neighbours", "--model", model, "--tokenizer", tokenizer, "--id", "33",
                "--top", "256",
            ]
            let lines = try swiftlet(arguments).output.split(separator: "\n").dropFirst()
            #expect(lines.contains { $0.contains("-0.") })
            #expect(Set(lines.compactMap { Array($0).firstIndex(of: ".") }).count == 1)
        }
    }

    @Test func askingForMoreThanThereAreGivesAll() throws {
        try withTurnedEmbeddings { model, tokenizer in
            let object = try swiftlet([
                "inspect", "neighbours", "--model", model, "--tokenizer", tokenizer, "--id", "3",
                "--top", "9223372036854775807", "--json",
            ])
            .object()
            #expect(try neighbours(object).count == 256)
        }
    }

    // NumPy's numbers for the same files.
    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func neighboursInRealModelsMatchNumPy() throws {
        let model = try TestData.path("llama2/stories260K.bin").string
        let tokenizer = try TestData.path("llama2/tok512.bin").string
        let arguments = [
            "inspect", "neighbours", "--model", model, "--tokenizer", tokenizer, "--json", "--top",
            "5",
        ]
        let object = try swiftlet(arguments + ["--token", " Once"]).object()
        #expect(object["token"] as? Int == 403)
        #expect(object["text"] as? String == " Once")
        let found = try neighbours(object)
        #expect(found.compactMap { $0["token"] as? Int } == [385, 407, 1, 321, 291])
        #expect(found.first?["text"] as? String == " One")
        let expected = [0.66993568, 0.64744291, 0.49311846, 0.45427587, 0.42345584]
        for (neighbour, cosine) in zip(found, expected) {
            #expect(abs((neighbour["cosine"] as? Double ?? 0) - cosine) < 1e-6)
        }
    }
}
