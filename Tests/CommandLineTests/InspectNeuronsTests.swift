// `inspect neurons`: the places in a text where neurons are active.

import FileIO
import Foundation
import TestSupport
import Testing

/// The text of the tests: 45 bytes, and as many tokens of the byte vocabulary.
private let sentence = "A quick brown fox, a lazy dog and \u{e9}t\u{e9} at last"

/// Calls `body` with the beginning of every command here.
private func withText(
    contextLength: Int = 64,
    _ body: (_ base: [String], _ directory: FilePath) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let model = try writeModel(to: directory.appending("m.bin"), contextLength: contextLength)
        let tokenizer = try writeTokenizer(to: directory.appending("t.bin"))
        let text = try writeBytes(Array(sentence.utf8), to: directory.appending("text.txt"))
        let base = [
            "inspect", "neurons", "--model", model.string, "--tokenizer", tokenizer.string,
            "--text", text.string,
        ]
        try body(base, directory)
    }
}

private func neurons(_ arguments: [String]) throws -> [[String: Any]] {
    let outcome = try swiftlet(arguments + ["--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let object = try outcome.object()
    #expect(object["layer"] as? Int == 0)
    return try #require(object["neurons"] as? [[String: Any]])
}

@Suite(.serialized) struct InspectNeuronsTests {
    @Test func placesAreNamedByTokenAndContext() throws {
        try withText { base, _ in
            let all = try neurons(base + ["--layer", "0", "--top", "3"])
            #expect(all.compactMap { $0["neuron"] as? Int } == Array(0..<64))
            // What begins texts, and then the bytes.
            let tokens = [256] + sentence.utf8.map { Int($0) }
            for neuron in all {
                let top = try #require(neuron["top"] as? [[String: Any]])
                let activations = top.compactMap { $0["activation"] as? Double }
                #expect(activations.count == 3 && activations == activations.sorted(by: >))
                for place in top {
                    let position = try #require(place["position"] as? Int)
                    #expect(place["sequence"] as? Int == 0)
                    #expect(place["token"] as? Int == tokens[position])
                    // Characters of two tokens are whole in the context.
                    let context = try #require(place["context"] as? String)
                    let first = max(0, position - 16)
                    let end = min(tokens.count, position + 9)
                    let bytes = tokens[first..<end].filter { $0 < 256 }.map { UInt8($0) }
                    #expect(context.hasSuffix(String(decoding: bytes, as: UTF8.self)))
                }
            }
            let one = try neurons(base + ["--layer", "0", "--top", "3", "--neuron", "7"])
            #expect(one.count == 1)
            #expect(
                (one[0]["top"] as? [[String: Any]])?.compactMap { $0["position"] as? Int }
                    == (all[7]["top"] as? [[String: Any]])?.compactMap { $0["position"] as? Int }
            )
        }
    }

    @Test func theTableShowsTokensWithTheTextAroundThem() throws {
        try withText { base, _ in
            for more in [[], ["--neuron", "7"]] {
                let outcome = try swiftlet(base + ["--layer", "0"] + more)
                #expect(outcome.status == 0 && outcome.errors == "")
                let lines = outcome.output.split(separator: "\n").map(String.init)
                #expect(lines.allSatisfy { $0.count <= 80 })
                #expect(!outcome.output.contains("\u{1b}"))
                let places = lines.dropFirst()
                #expect(places.count == (more.isEmpty ? 20 : 10))
                #expect(places.allSatisfy { $0.contains("[") && $0.contains("]") })
                // Tokens are aligned.
                #expect(Set(places.compactMap { Array($0).firstIndex(of: "[") }).count == 1)
            }
            let text = try swiftlet(base + ["--layer", "0"]).output
            #expect(text.hasPrefix("  layer 0: the 20 most active of 64 neurons"))
        }
    }

    @Test func aTextLongerThanTheContextIsReadToItsEnd() throws {
        try withText(contextLength: 16) { base, _ in
            let found = try neurons(base + ["--layer", "0", "--neuron", "3", "--top", "1000"])
            let top = try #require(found[0]["top"] as? [[String: Any]])
            let places = top.compactMap { place -> [Int]? in
                guard let sequence = place["sequence"] as? Int,
                    let position = place["position"] as? Int
                else { return nil }
                return [sequence, position]
            }
            let count = sentence.utf8.count + 1
            let expected = (0..<count).map { [$0 / 16, $0 % 16] }
            #expect(Set(places) == Set(expected) && places.count == count)
            // In sequences of another length, every token has another context.
            let others = try neurons(
                base + ["--layer", "0", "--neuron", "3", "--sequence-length", "7"]
            )
            let last = (others[0]["top"] as? [[String: Any]])?.compactMap { $0["position"] as? Int }
            #expect(last?.allSatisfy { $0 < 7 } == true)
        }
    }

    @Test func whatTheModelDoesNotHaveIsRefused() throws {
        try withText { base, directory in
            func refuse(_ more: [String], _ status: Int32, _ fragment: String) throws {
                expectError(try swiftlet(base + more), status, fragment)
            }
            try refuse(["--layer", "1"], 64, "no layer 1: the model has 1")
            try refuse(["--layer", "0", "--neuron", "64"], 64, "no neuron 64")
            try refuse(["--layer", "-1"], 64, "--layer")
            try refuse(["--layer", "0", "--sequence-length", "65"], 64, "context of 64")
            for top in ["0", "-2", "1001", "many"] {
                try refuse(["--layer", "0", "--top", top], 64, "--top")
            }
            try refuse([], 64, "--layer")
            func refuse(text name: String, _ bytes: [UInt8]?, _ status: Int32) throws {
                let path = directory.appending(name)
                if let bytes { try writeBytes(bytes, to: path) }
                let arguments = base.dropLast() + [path.string, "--layer", "0"]
                expectError(try swiftlet(Array(arguments)), status, name)
            }
            try refuse(text: "missing", nil, 66)
            try refuse(text: "empty", [], 65)
            let model = try MappedFile(directory.appending("m.bin")).withUnsafeBytes { Array($0) }
            try refuse(text: "model", model, 65)
        }
    }

    @Test func bytesThatAreNotTextAreReadAsTheyAre() throws {
        try withText { base, directory in
            let path = try writeBytes([0xFF, 0x1B, 0x00, 0x0A, 0x80], to: directory.appending("b"))
            let arguments = base.dropLast() + [path.string, "--layer", "0", "--neuron", "1"]
            let outcome = try swiftlet(Array(arguments))
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("not UTF-8 text"))
            #expect(!outcome.output.contains("\u{1b}") && !outcome.output.contains("\0"))
        }
    }

    // NumPy's activations of the same text: silu(gate) * up of layer 3.
    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func activationsOfARealModelMatchNumPy() throws {
        try withTemporaryDirectory { directory in
            let text =
                "Once upon a time, there was a little girl named Lily. She loved to play outside "
                + "in the park. One day, she saw a big, red ball."
            let path = try writeBytes(Array(text.utf8), to: directory.appending("text.txt"))
            let arguments = [
                "inspect", "neurons", "--model", try TestData.path("llama2/stories260K.bin").string,
                "--tokenizer", try TestData.path("llama2/tok512.bin").string, "--text", path.string,
                "--layer", "3", "--neuron", "17", "--top", "4", "--json",
            ]
            let object = try swiftlet(arguments).object()
            let neurons = try #require(object["neurons"] as? [[String: Any]])
            let top = try #require(neurons[0]["top"] as? [[String: Any]])
            #expect(top.compactMap { $0["position"] as? Int } == [6, 22, 28, 21])
            #expect(top[0]["text"] as? String == " there")
            for (place, expected) in zip(top, [0.56996924, 0.3384058, 0.21431974, 0.17820229]) {
                #expect(abs((place["activation"] as? Double ?? 0) - expected) < 1e-5)
            }
        }
    }
}
