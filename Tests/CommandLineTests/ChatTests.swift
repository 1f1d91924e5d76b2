// `swiftlet chat`: turns, what it prints, messages that are too long, and the signals it answers
// to, from a script and at a terminal.

import Foundation
import Testing

@Suite(.serialized) struct ChatTests {
    @Test func everyLineOfAChatIsATurnThatReadsOnlyItsOwnTokens() throws {
        try withLlama(context: 512) { model, _ in
            let outcome = try swiftlet(
                [
                    "chat", "--model", model, "--system", "Be kind.", "--max-tokens", "6", "--seed",
                    "1", "--logit-bias", "100=1000", "--json",
                ],
                input: "Hello \n\n \u{1C}\nAnd then?\t\nBye"
            )
            #expect(outcome.status == 0)
            let replies = try outcome.objects()
            #expect(replies.map { $0["text"] as? String } == ["aaaaaa", "aaaaaa", "aaaaaa"])
            // One token per byte, and a start. Spaces have three, those of U+2581.
            func count(_ text: String) -> Int {
                text.replacing(" ", with: "\u{2581}").utf8.count + 1
            }
            let first = count(" [INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHello [/INST]")
            let second = count(" [INST] And then? [/INST]")
            let third = count(" [INST] Bye [/INST]")
            // With the reply before, which begins with a space that was not drawn, and its end.
            let reply = count(" aaaaaa ")
            #expect(
                replies.map { $0["prompt_tokens"] as? Int } == [
                    first, second + reply, third + reply,
                ]
            )
        }
    }

    @Test func aConversationIsSavedAndResumesFromItsFile() throws {
        try withLlama(context: 512) { model, _ in
            let file = model + ".json"
            func chat(_ options: [String], _ input: String) throws -> Outcome {
                let usual = ["--max-tokens", "3", "--logit-bias", "100=1000", "--json"]
                return try swiftlet(
                    ["chat", "--model", model, "--history", file] + usual + options,
                    input: input
                )
            }
            let whole = try chat(["--system", "Be kind."], "Hello\nBye\nAnd then?\n")
            try FileManager.default.removeItem(atPath: file)
            #expect(try chat(["--system", "Be kind."], "Hello\nBye\n").status == 0)
            let rest = try chat([], "And then?\n")
            #expect(rest.status == 0)
            // Everything is read again: as much as the turns took in total.
            let read = try whole.objects().compactMap { $0["prompt_tokens"] as? Int }
            #expect(try rest.objects().map { $0["prompt_tokens"] as? Int } == [read.reduce(0, +)])
            let saved = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: file))
            )
            let messages = try #require(saved as? [[String: String]])
            #expect(
                messages.map { $0["role"] } == [
                    "system", "user", "assistant", "user", "assistant", "user", "assistant",
                ]
            )
            #expect(
                messages.map { $0["content"] } == [
                    "Be kind.", "Hello", "aaa", "Bye", "aaa", "And then?", "aaa",
                ]
            )
        }
    }

    @Test func aFileThatIsNotAConversationIsRefusedAndKept() throws {
        try withLlama { model, tokenizer in
            let before = try Data(contentsOf: URL(fileURLWithPath: tokenizer))
            let outcome = try swiftlet(
                ["chat", "--model", model, "--history", tokenizer],
                input: "Hello\n"
            )
            #expect(outcome.status == 65)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("is not a JSON list of messages"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: tokenizer)) == before)
        }
    }

    @Test func aConversationThatCannotBeSavedDoesNotBegin() throws {
        try withLlama { model, _ in
            let outcome = try swiftlet(
                ["chat", "--model", model, "--history", model + ".nowhere/chat.json"],
                input: "Hello\n"
            )
            #expect(outcome.status == 73)
            #expect(outcome.output.isEmpty)
        }
    }

    @Test func aChatLongerThanTheContextContinues() throws {
        try withLlama(context: 96) { model, _ in
            let outcome = try swiftlet(
                [
                    "chat", "--model", model, "--system", "Be kind.", "--max-tokens", "5",
                    "--ignore-eos", "--json",
                ],
                input: String(repeating: "Hello\n", count: 7)
            )
            #expect(outcome.status == 0)
            let replies = try outcome.objects()
            #expect(replies.count == 7)
            #expect(replies.last?["forgotten_turns"] as? Int == 6)
            #expect(replies.allSatisfy { $0["stop_reason"] as? String == "length" })
        }
    }

    @Test func repliesAreLinesOfText() throws {
        try withLlama(context: 512) { model, _ in
            let arguments = [
                "chat", "--model", model, "--max-tokens", "6", "--temperature", "0", "--ignore-eos",
            ]
            let input = "Hello\nBye\n"
            let plain = try swiftlet(arguments, input: input)
            #expect(plain.status == 0)
            #expect(plain.errors == "")
            let replies = try swiftlet(arguments + ["--json"], input: input).objects()
            let texts = replies.compactMap { $0["text"] as? String }
            #expect(texts.count == 2)
            #expect(plain.output == texts.map { $0 + "\n" }.joined())
        }
    }

    @Test func aMessageThatIsTooLongEndsAScript() throws {
        try withLlama(context: 96) { model, _ in
            let outcome = try swiftlet(
                ["chat", "--model", model],
                input: String(repeating: "x", count: 100) + "\nHi\n"
            )
            expectError(outcome, 64, "make them shorter")
        }
    }

    @Test func aMessageThatIsTooLongIsRefusedAtATerminal() throws {
        try withLlama(context: 96) { model, _ in
            let outcome = try chat(model, "--max-tokens", "4", "--ignore-eos", "--json") {
                $0.type(String(repeating: "x", count: 100) + "\nHi\n")
                $0.end()
            }
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("make them shorter"))
            #expect(try outcome.object()["generated_tokens"] as? Int == 4)
            // The shell's prompt does not follow this one.
            #expect(outcome.errors.hasSuffix("> \n"))
        }
    }

    private static let endless = ["--max-tokens", "1000000", "--ignore-eos"]
    /// So large that no reply fills it during a test: each token takes longer than the one before.
    private static let endlessContext = 1 << 18

    @Test func controlCEndsTheReplyAtATerminal() throws {
        try withLlama(version: .float32, context: Self.endlessContext) { model, _ in
            let outcome = try chat(model, ["--verbose"] + Self.endless) {
                $0.type("Hi\n")
                $0.waitForReply()
                $0.send(SIGINT)
                $0.waitForEnd(ofReplies: 1)
                $0.type("Bye\n")
                $0.waitForReply()
                $0.send(SIGINT)
                $0.waitForEnd(ofReplies: 2)
                $0.end()
            }
            #expect(outcome.status == 0)
            let counts = outcome.errors.matches(of: /([0-9]+) generated/).compactMap { Int($0.1) }
            #expect(counts.count == 2)
            // Neither ended by itself.
            #expect(counts.reduce(0, +) < Self.endlessContext / 2)
            #expect(!outcome.errors.contains("dropped"))
        }
    }

    @Test(arguments: [true, false])
    func terminationEndsTheConversation(hasTerminal: Bool) throws {
        try withLlama(version: .float32, context: Self.endlessContext) { model, _ in
            let outcome =
                hasTerminal
                ? try chat(model, ["--verbose"] + Self.endless) {
                    $0.type("Hi\n")
                    $0.waitForReply()
                    $0.send(SIGTERM)
                }
                : try swiftlet(
                    ["chat", "--model", model, "--verbose"] + Self.endless,
                    input: "Hi\nAnd then?\n"
                ) { program in
                    program.wait { !program.output.isEmpty }
                    program.send(SIGTERM)
                }
            #expect(outcome.status == 130)
            // The line is ended, and the next message is not answered.
            #expect(outcome.output.utf8.last == UInt8(ascii: "\n"))
            #expect(outcome.errors.matches(of: /generated in/).count == 1)
        }
    }

    private func chat(
        _ model: String,
        _ options: String...,
        typing: (TypingUser) throws -> Void
    ) throws -> Outcome {
        try chat(model, options, typing: typing)
    }

    /// Runs a conversation with a user who types.
    private func chat(
        _ model: String,
        _ options: [String],
        typing: (TypingUser) throws -> Void
    ) throws -> Outcome {
        let terminal = try PseudoTerminal()
        defer { try? terminal.device.close() }
        return try swiftlet(["chat", "--model", model] + options, terminal: terminal.device) {
            try typing(TypingUser(terminal: terminal, program: $0))
        }
    }
}
