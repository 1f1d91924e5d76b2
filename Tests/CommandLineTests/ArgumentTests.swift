// Arguments with all kinds of bytes: text that begins with a dash or a combining mark, names and
// prompts that are not UTF-8.

import FileIO
import Foundation
import TestSupport
import Testing

/// The ids that a shell script prints with `tokenizer encode` of the byte vocabulary.
private func encoded(_ arguments: String) throws -> [String] {
    try withTemporaryDirectory { directory in
        let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
        let outcome = try shell(
            "\"$SWIFTLET\" tokenizer encode --tokenizer '\(tokenizer.string)' \(arguments)"
        )
        #expect(outcome.errors == "")
        #expect(outcome.status == 0)
        return outcome.output.split(separator: "\n").map(String.init)
    }
}

private func ids(_ text: String) -> String {
    text.utf8.map(String.init).joined(separator: " ")
}

@Suite(.serialized) struct ArgumentTests {
    @Test(arguments: ["- item", "---", "--", "-", "--help", "--json", "-5", "-h", "--text=x", "é"])
    func textIsTextWhateverItBeginsWith(text: String) throws {
        #expect(try encoded("--text '\(text)'") == [ids(text)])
        #expect(try encoded("--text='\(text)'") == [ids(text)])
        #expect(try encoded("--text '\(text)' --text b") == [ids(text), ids("b")])
    }

    @Test func aCombiningMarkAfterTheEqualsSignIsText() throws {
        #expect(try encoded("--text=\u{301}x") == [ids("\u{301}x")])
        #expect(try encoded("--text \u{301}x") == [ids("\u{301}x")])
    }

    @Test func anEmptyValueIsNotTheNextArgument() throws {
        #expect(try encoded("--text= --json") == ["{\"tokens\":[],\"count\":0}"])
        #expect(try encoded("--text '' --json") == ["{\"tokens\":[],\"count\":0}"])
    }

    @Test func textKeepsItsBytes() throws {
        #expect(try encoded("--text \"$(printf 'caf\\351 \\377')\"") == ["99 97 102 233 32 255"])
        #expect(try encoded("--text=\"$(printf '\\033[1m\\t')\"") == ["27 91 49 109 9"])
    }

    @Test func promptsAndStopsMayBeginWithADash() throws {
        try withModel { model, tokenizer in
            let base = [
                "sample", "--model", model, "--tokenizer", tokenizer, "--json", "--max-tokens", "2",
            ]
            for prompt in ["- First", "-5 degrees", "--seed", "---"] {
                let outcome = try swiftlet(base + ["--prompt", prompt])
                #expect(try outcome.object()["prompt_tokens"] as? Int == prompt.utf8.count)
            }
            for stop in ["---", "--", "-"] {
                let outcome = try swiftlet(base + ["--stop", stop])
                #expect(outcome.status == 0, "\(outcome.errors)")
            }
            let bytes = try shell(
                "\"$SWIFTLET\" \(base.joined(separator: " ")) --prompt \"$(printf '\\351\\377')\""
            )
            #expect(try bytes.object()["prompt_tokens"] as? Int == 2)
            let stdin = try swiftlet(base + ["--prompt", "-"], input: "abc\n")
            #expect(try stdin.object()["prompt_tokens"] as? Int == 3)
            let zero = try swiftlet(base + ["--temperature", "-0.0"])
            let greedy = try swiftlet(base + ["--temperature", "0"])
            #expect(zero.status == 0)
            let texts = try [zero, greedy].map { try $0.object()["text"] as? String }
            #expect(texts[0] == texts[1])
            expectError(try swiftlet(base + ["--prompt"]), 64, "--prompt")
        }
    }

    @Test func aSystemPromptMayBeginWithADash() throws {
        try withLlama(context: 512) { model, _ in
            let arguments = ["chat", "--model", model, "--json", "--max-tokens", "1"]
            func promptTokens(_ system: String) throws -> Int? {
                try swiftlet(arguments + ["--system", system], input: "Hello")
                    .object()["prompt_tokens"] as? Int
            }
            let expected = try promptTokens("? Be brief.")
            #expect(try promptTokens("- Be brief.") == expected)
        }
    }

    @Test func fileNamesNeedNotBeUTF8() throws {
        try withTemporaryDirectory { directory in
            try writeTokenizer(to: directory.appending("bytes.bin"))
            let made = try shell(
                """
                cd '\(directory.string)' && odd="$(printf 'caf\\351')"
                printf 'some text' > "$odd"
                mv bytes.bin "$odd.bin"
                "$SWIFTLET" tokenizer encode --tokenizer "$odd.bin" "$odd" &&
                "$SWIFTLET" tokenizer train "$odd" --vocabulary-size 257 --output "$odd.new" &&
                test -f "$odd.new" && "$SWIFTLET" info "$odd.new" --json
                """
            )
            #expect(made.output.hasPrefix(ids("some text") + "\n"))
            #expect(made.status == 0, "\(made.errors)")
        }
    }

    @Test func aRunKeepsBytesThatAreNotUTF8() throws {
        try withTemporaryDirectory { directory in
            try writeTokenizer(to: directory.appending("bytes.bin"))
            let train = """
                "$SWIFTLET" train --output first --tokenizer bytes.bin --steps 1 --batch-size 1 \
                --init layers=1,heads=1,channels=8,context=8 --checkpoint-every 0 --threads 1
                """
            let outcome = try shell(
                """
                cd '\(directory.string)' && odd="$(printf 'caf\\351\\n')x" &&
                yes 'some text' | head -n 200 > "$odd"
                \(train) --text "$odd" --sample-prompt "$(printf -- '-\\377\\033')" || exit
                "$SWIFTLET" train --config first/run.json --output second --verbose
                """
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            func flags(_ name: String) throws -> [String: Any]? {
                let bytes = try MappedFile(directory.appending("\(name)/run.json")).contents()
                let json = try JSONSerialization.jsonObject(with: Data(bytes))
                return (json as? [String: Any])?["flags"] as? [String: Any]
            }
            let (first, second) = (try flags("first"), try flags("second"))
            for flag in ["text", "sample-prompt"] {
                let value = try #require(first?[flag] as? String)
                #expect(value == second?[flag] as? String)
            }
        }
    }

    @Test func aShardNameThatIsNotTextIsRefused() throws {
        let outcome = try shell(
            "\"$SWIFTLET\" prepare x --tokenizer x --name \"$(printf '\\351')\""
        )
        expectError(outcome, 64, "--name must be UTF-8")
    }

    @Test func valuesInMessagesAreEscaped() throws {
        for value in ["caf\\351", "\\033[31m", "a\\nb", "\\302\\205"] {
            for command in [
                "sample --model x --top-k", "fetch", "info x", "sample --model x --precision",
                "info --", "sample --logit-bias", "sample --model x --", "",
            ] {
                let outcome = try shell("\"$SWIFTLET\" \(command) \"$(printf '\(value)')\"")
                #expect([64, 66].contains(outcome.status), "\(command)")
                #expect(outcome.errors.contains("\\"), "\(command): \(outcome.errors)")
                #expect(!outcome.errors.contains("\u{FFFD}"))
                #expect(outcome.errors.dropLast().utf8.allSatisfy { 0x20..<0x7F ~= $0 })
            }
        }
    }

    @Test func aNegativeNumberAmongArgumentsIsNotAnOption() throws {
        try withModel { _, tokenizer in
            let outcome = try swiftlet("tokenizer", "decode", "--tokenizer", tokenizer, "-7")
            expectError(outcome, 65, "'-7' is not a token id")
        }
    }
}
