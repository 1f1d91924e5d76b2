// Where prompts of `sample` come from: files of many, and standard input, asked for or not.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct PromptsTests {
    /// Runs `sample --json` with a file of prompts.
    private func sample(
        _ prompts: [UInt8]?,
        _ options: String...,
        fromInput: Bool = false
    ) throws -> Outcome {
        try withModel { model, tokenizer in
            var arguments = [
                "sample", "--model", model, "--tokenizer", tokenizer, "--json", "--ignore-eos",
                "--temperature", "0", "--max-tokens", "3",
            ]
            if let prompts {
                let file = FilePath(model).removingLastComponent().appending("prompts")
                try writeBytes(prompts, to: file)
                arguments += ["--prompts", fromInput ? "-" : file.string]
            }
            let input = fromInput ? String(decoding: prompts ?? [], as: UTF8.self) : ""
            return try swiftlet(arguments + options, input: input)
        }
    }

    private func column(_ key: String, of outcome: Outcome) throws -> [Int?] {
        try outcome.objects().map { $0[key] as? Int }
    }

    @Test(
        arguments: [
            "Hi\r\n\nthere\n \t\nyou", "\u{FEFF}Hi\nthere\nyou\n", "{x\n{\"a\"}\n[y]",
            #"{"prompt": "Hi"}"# + "\n\n" + #"{"id": 7, "prompt": "th\u0065re"}"# + "\r\n"
                + #" {"prompt":"you"}"#,
        ],
        [false, true]
    )
    func promptsAreLinesOrRows(file: String, fromInput: Bool) throws {
        let outcome = try sample(Array(file.utf8), "--seed", "5", fromInput: fromInput)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try column("prompt_tokens", of: outcome) == [2, 5, 3])
        #expect(try column("prompt_index", of: outcome) == [0, 1, 2])
        #expect(try column("seed", of: outcome) == [5, 6, 7])
    }

    @Test func aRowGivesTheTextThatItsPromptGivesAlone() throws {
        let rows = try sample(Array(#"{"prompt":"a\nb"}"#.utf8)).object()
        let alone = try sample(nil, "--prompt", "a\nb").object()
        #expect(rows["tokens"] as? [Int] == alone["tokens"] as? [Int])
        #expect(alone["prompt_index"] as? Int == 0)
    }

    @Test func anIndexCountsPromptsInTheOrderOfTheirOptions() throws {
        try withTemporaryDirectory { directory in
            let file = try writeBytes(Array("four".utf8), to: directory.appending("file"))
            let outcome = try sample(
                Array("1\n22".utf8),
                "--prompt",
                "333",
                "--prompt-file",
                file.string,
                "--num-samples",
                "2"
            )
            #expect(try column("prompt_tokens", of: outcome) == [3, 3, 4, 4, 1, 1, 2, 2])
            #expect(try column("prompt_index", of: outcome) == [0, 0, 1, 1, 2, 2, 3, 3])
        }
    }

    @Test func bytesOfPromptsAreKept() throws {
        let line = try sample([0xFF, 0x61, 0x0A, 0xC3])
        #expect(try column("prompt_tokens", of: line) == [2, 1])
        let row = try sample(Array(#"{"prompt":""#.utf8) + [0xFF, 0x61] + Array(#""}"#.utf8))
        #expect(try column("prompt_tokens", of: row) == [2])
    }

    @Test func whatIsWrongWithARowNamesItsLine() throws {
        let rows = Array(repeating: #"{"prompt":"a"}"#, count: 9).joined(separator: "\n") + "\n"
        for (row, status, message) in [
            (#"{"prompt":"a""#, 65, ":10: expected"),
            (#"{"text":"a"}"#, 65, ":10: the row has no field"),
            (#"{"prompt":1}"#, 65, ":10: the field 'prompt' is not text"),
            (#"{"prompt":"\#(String(repeating: "x", count: 33))"}"#, 64, ":10: the prompt has 33"),
        ] {
            let outcome = try sample(Array((rows + row).utf8))
            #expect(outcome.status == status)
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
            #expect(!outcome.errors.contains("--text-field"))
            // The first batch was done.
            #expect(try outcome.objects().count == 8)
        }
    }

    @Test func aFileWithoutPromptsIsRefused() throws {
        for content in ["", "\n \n"] {
            expectError(try sample(Array(content.utf8)), 65, "holds no prompts")
        }
        try withModel { model, tokenizer in
            let arguments = ["sample", "--model", model, "--tokenizer", tokenizer, "--prompts"]
            let directory = FilePath(model).removingLastComponent().string
            for (path, status) in [("/nowhere", Int32(66)), (directory, 66)] {
                expectError(try swiftlet(arguments + [path]), status, path)
            }
            for twice in [["--prompt", "-"], ["--prompt-file", "-"]] {
                expectError(
                    try swiftlet(arguments + ["-"] + twice),
                    64,
                    "stdin can be read only once"
                )
            }
        }
    }

    @Test func promptsAreReadNoFurtherThanTheyAreNeeded() throws {
        try withModel { model, tokenizer in
            // `yes` never ends: reading all of it first would never begin.
            let outcome = try shell(
                """
                yes Hi | "$SWIFTLET" sample --model '\(model)' --tokenizer '\(tokenizer)' --json \
                --max-tokens 2 --prompts - 2>/dev/null | head -n 20
                """
            )
            #expect(try column("prompt_index", of: outcome) == (0..<20).map { $0 })
        }
    }

    @Test func unrequestedStandardInputGetsARemark() throws {
        let remark = "standard input was not read"
        try withModel { model, tokenizer in
            let command = """
                "$SWIFTLET" sample --model '\(model)' --tokenizer '\(tokenizer)' --max-tokens 1 \
                --seed 1
                """
            let silent = try shell("\(command) </dev/null")
            for (script, isRemarkedOn) in [
                ("echo hi | \(command)", true),
                ("echo hi > '\(model).txt'; \(command) < '\(model).txt'", true),
                (": | \(command)", false), ("\(command) <&-", false),
                ("echo hi | { cat > /dev/null; \(command); }", false),
            ] {
                let outcome = try shell(script)
                #expect(outcome.status == 0)
                #expect(outcome.errors.contains(remark) == isRemarkedOn, "\(script)")
                #expect(outcome.output == silent.output)
            }
            #expect(try !shell("echo hi | \(command) --prompt x").errors.contains(remark))
            for option in ["--prompt", "--prompt-file", "--prompts"] {
                #expect(try shell("echo hi | \(command) \(option) -").output.hasPrefix("hi"))
            }
        }
    }

    @Test func aPipeThatIsNeverClosedIsNotWaitedFor() throws {
        try withModel { model, tokenizer in
            let pipe = Pipe()
            let outcome = try swiftlet(
                ["sample", "--model", model, "--tokenizer", tokenizer, "--max-tokens", "1"],
                terminal: pipe.fileHandleForReading
            )
            #expect(outcome.status == 0)
            #expect(!outcome.errors.contains("standard input"))
            try pipe.fileHandleForWriting.close()
        }
    }
}
