// `chat` and `sample` where a terminal can do less, where there is none, and with a model that only
// continues texts.

import FileIO
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite(.serialized) struct PlainTerminalTests {
    /// A session of `chat` with a small model that says "aaaa".
    private func withChat(
        _ environment: [String: String],
        _ body: (TerminalSession) throws -> Void
    ) throws {
        try withLlama(context: 512) { model, _ in
            let state = FilePath(model).removingLastComponent().appending("state")
            let session = try TerminalSession(
                [
                    swiftletPath(), "chat", "--model", model, "--max-tokens", "4",
                    "--logit-bias", "100=1000",
                ],
                environment: ["XDG_STATE_HOME": state.string].merging(environment) { $1 }
            )
            try session.wait("a prompt") { $0.lines[$0.cursor.row] == ">" }
            try body(session)
        }
    }

    private func text(_ session: TerminalSession) -> String {
        String(decoding: session.written, as: UTF8.self)
    }

    @Test func aTerminalThatCannotRedrawGetsLinesAndCommands() throws {
        try withChat(["TERM": "dumb"]) { session in
            session.type("Hello\n")
            try session.wait("a reply") { $0.text.contains("aaaa") }
            session.type("/stats\n")
            try session.wait("totals") { $0.text.contains("1 reply: 4 tokens generated") }
            session.type("/help\n")
            try session.wait("the list") { $0.text.contains("//help is sent as /help") }
            #expect(!session.screen.text.contains("Alt-Enter"))
            session.type("\u{4}")
            #expect(try session.waitForExit() == 0)
            #expect(!text(session).contains("\u{1b}"))
        }
    }

    @Test func colorsAreLeftOutIfDisabled() throws {
        for (color, isColored) in [("", true), ("1", false)] {
            try withChat(["TERM": "xterm", "NO_COLOR": color]) { session in
                session.type("Hello\r/stats\r")
                try session.wait("totals") { $0.text.contains("1 reply") }
                session.type("\u{4}")
                #expect(try session.waitForExit() == 0)
                #expect(text(session).contains(/\u{1b}\[[0-9;]*m/) == isColored)
            }
        }
    }

    @Test func theTerminalIsLeftAsItWas() throws {
        for ending in ["\u{4}", "\u{3}", "/exit\r"] {
            try withChat(["TERM": "xterm"]) { session in
                let flags = tcflag_t(ICANON | ECHO | ISIG)
                #expect(session.mode.c_lflag & flags == 0)
                session.type(ending)
                _ = try session.waitForExit()
                #expect(session.mode.c_lflag & flags == flags)
                // Pasted text is no longer marked.
                #expect(!session.screen.modes.contains(2004))
            }
        }
    }

    @Test func aSignalThatEndsTheChatLeavesTheTerminalAsItWas() throws {
        try withChat(["TERM": "xterm"]) { session in
            #expect(session.screen.modes.contains(2004))
            session.send(SIGTERM)
            let status = try session.waitForExit()
            #expect(status == 128 + SIGTERM)
            #expect(session.mode.c_lflag & tcflag_t(ICANON | ECHO) != 0)
            #expect(!session.screen.modes.contains(2004))
        }
    }

    @Test func aStoppedChatContinuesWithWhatWasTyped() throws {
        try withLlama(context: 512) { model, _ in
            let shell = try TerminalSession(
                ["/bin/sh", "-i"],
                environment: ["TERM": "xterm", "PS1": "sh$ ", "ENV": "", "NO_COLOR": "1"]
            )
            try shell.wait("the shell") { $0.text.contains("sh$") }
            shell.type("'\(try swiftletPath())' chat --no-input-history --model '\(model)'\n")
            try shell.wait("a prompt") { $0.lines[$0.cursor.row] == ">" }
            shell.type("half a ")
            try shell.wait("what was typed") { $0.lines[$0.cursor.row] == "> half a" }
            shell.type("\u{1a}")
            try shell.wait("the shell") { $0.lines[$0.cursor.row] == "sh$" }
            #expect(shell.mode.c_lflag & tcflag_t(ICANON | ECHO) != 0)
            #expect(!shell.screen.modes.contains(2004))
            shell.type("fg\n")
            try shell.wait("what was typed") { $0.lines[$0.cursor.row] == "> half a" }
            shell.type("line")
            try shell.wait("more of it") { $0.lines[$0.cursor.row] == "> half a line" }
            shell.type("\u{3}\u{4}")
            try shell.wait("the shell") { $0.lines[$0.cursor.row] == "sh$" }
            shell.type("exit\n")
            _ = try shell.waitForExit()
        }
    }

    @Test func controlCEndsAReplyAndNotTheChat() throws {
        try withLlama(version: .float32, context: 1 << 18) { model, _ in
            let session = try TerminalSession(
                [
                    swiftletPath(), "chat", "--model", model, "--max-tokens", "1000000",
                    "--ignore-eos", "--logit-bias", "100=1000", "--no-input-history",
                ],
                environment: ["TERM": "xterm"]
            )
            try session.wait("a prompt") { $0.lines[$0.cursor.row] == ">" }
            session.type("Hello\r")
            try session.wait("a reply") { $0.text.contains("aaaa") }
            session.type("\u{3}")
            try session.wait("a prompt") { $0.lines[$0.cursor.row] == ">" }
            session.type("Bye\r")
            try session.wait("a reply") { $0.text.contains("> Bye\na") }
            // Not shown during the reply, but there after it.
            session.type("later")
            session.send(SIGINT)
            try session.wait("what was typed") { $0.lines[$0.cursor.row] == "> later" }
            session.type("\u{3}\u{4}")
            #expect(try session.waitForExit() == 0)
        }
    }

    @Test func inAScriptALineThatBeginsWithASlashIsAMessage() throws {
        try withLlama(context: 512) { model, _ in
            let file = model + ".json"
            let outcome = try swiftlet(
                [
                    "chat", "--model", model, "--history", file, "--max-tokens", "3",
                    "--logit-bias", "100=1000",
                ],
                input: "/help\n//help\n/exit\n"
            )
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            #expect(outcome.output == "aaa\naaa\naaa\n")
            let saved = try String(contentsOfFile: file, encoding: .utf8)
            #expect(saved.contains("\"/help\"") && saved.contains("\"//help\""))
        }
    }

    @Test func aBaseModelContinuesTextsAtATerminal() throws {
        try withModel(contextLength: 64) { model, tokenizer in
            let chat = [
                try swiftletPath(), "chat", "--model", model, "--tokenizer", tokenizer,
                "--max-tokens", "4", "--logit-bias", "97=1000",
            ]
            let session = try TerminalSession(
                chat + ["--no-input-history"],
                environment: ["TERM": "xterm"]
            )
            try session.wait("what it is") { $0.text.contains("is a base model") }
            try session.wait("a prompt") { $0.lines[$0.cursor.row] == ">" }
            session.type("Once upon\r")
            try session.wait("more") { $0.text.contains("\nOnce uponaaaa") }
            session.type("/regenerate\r")
            try session.wait("more") { $0.text.ranges(of: "Once uponaaaa").count == 2 }
            session.type("/save x\r")
            try session.wait("an answer") { $0.text.contains("there is no conversation") }
            session.type(String(repeating: "long ", count: 20) + "\r")
            try session.wait("an answer") { $0.text.contains("the prompt has 100 tokens") }
            session.type("\u{4}")
            #expect(try session.waitForExit() == 0)
            // No such remark if there is something to continue, or nobody to read it.
            let other = try TerminalSession(
                chat + ["--system", "Be brief."],
                environment: ["TERM": "xterm"]
            )
            #expect(try other.waitForExit() == 64)
            #expect(other.screen.text.contains("does not say which chat"))
        }
    }

    @Test func aTerminalDoesNotObeyGeneratedText() throws {
        try withModel(contextLength: 64) { model, tokenizer in
            // Escape, again and again.
            let arguments = [
                "sample", "--model", model, "--tokenizer", tokenizer, "--prompt", "a\tb",
                "--max-tokens", "3", "--logit-bias", "27=1000",
            ]
            let session = try TerminalSession(
                [try swiftletPath()] + arguments,
                environment: ["TERM": "xterm", "NO_COLOR": "1"]
            )
            #expect(try session.waitForExit() == 0)
            #expect(text(session).hasPrefix("a\tb\\u{1b}\\u{1b}\\u{1b}\r\n"))
            let piped = try swiftlet(arguments)
            #expect(piped.output == "a\tb\u{1b}\u{1b}\u{1b}\n")
        }
    }

    @Test func thePromptOfASampleIsFaintAtATerminal() throws {
        try withModel(contextLength: 64) { model, tokenizer in
            let arguments = [
                "sample", "--model", model, "--tokenizer", tokenizer, "--prompt", "One day",
                "--max-tokens", "3", "--logit-bias", "97=1000",
            ]
            for (environment, style) in [
                (["TERM": "xterm", "NO_COLOR": ""], "2"), (["TERM": "dumb"], ""),
                (["TERM": "xterm", "NO_COLOR": "1"], ""),
            ] {
                let session = try TerminalSession(
                    [try swiftletPath()] + arguments,
                    environment: environment
                )
                #expect(try session.waitForExit() == 0)
                #expect(session.screen.lines.first == "One dayaaa")
                #expect(session.screen.style(row: 0, column: 0) == style)
                #expect(session.screen.style(row: 0, column: 7) == "")
            }
            let piped = try swiftlet(arguments)
            #expect(piped.output == "One dayaaa\n")
        }
    }
}
