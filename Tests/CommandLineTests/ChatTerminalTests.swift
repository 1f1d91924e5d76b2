// `swiftlet chat` at a terminal: lines that are edited, remembered and pasted, and commands.

import FileIO
import Foundation
import TestSupport
import Testing

/// A user who chats at a terminal with a small model that always says "aaa".
private struct ChatUser {
    let session: TerminalSession
    private let history: String

    /// Starts a chat, calls `body`, and expects that the program has ended by then or ends with
    /// Ctrl-D.
    static func chat(
        _ options: [String] = [],
        columns: Int = 80,
        environment: [String: String] = [:],
        _ body: (ChatUser, _ directory: FilePath) throws -> Void
    ) throws {
        try withLlama(context: 512) { model, _ in
            let directory = FilePath(model).removingLastComponent()
            let usual = ["--max-tokens", "4", "--logit-bias", "100=1000", "--seed", "1"]
            let history = directory.appending("messages.json").string
            let session = try TerminalSession(
                [swiftletPath(), "chat", "--model", model, "--history", history] + usual + options,
                columns: columns,
                environment: [
                    "XDG_STATE_HOME": directory.appending("state").string, "TERM": "xterm",
                ].merging(environment) { $1 }
            )
            let user = ChatUser(session: session, history: history)
            try user.waitForPrompt()
            try body(user, directory)
        }
    }

    /// The conversation so far, as the program has saved it.
    var messages: [String] {
        get throws {
            let data = try Data(contentsOf: URL(fileURLWithPath: history))
            let messages = try JSONSerialization.jsonObject(with: data) as? [[String: String]]
            return try #require(messages).filter { $0["role"] == "user" }.compactMap {
                $0["content"]
            }
        }
    }

    func type(_ text: String) { session.type(text) }

    /// Types a line and waits for the reply to it and the next prompt.
    func say(_ text: String) throws {
        let count = replyCount
        type(text + "\r")
        try session.wait("reply \(count + 1)") { _ in replyCount > count }
        try waitForPrompt()
    }

    private var replyCount: Int {
        String(decoding: session.written, as: UTF8.self).count(of: "aaaa")
    }

    /// Waits until the last row is an empty prompt.
    func waitForPrompt() throws {
        try session.wait("a prompt") {
            $0.lines[$0.cursor.row] == ">"
        }
    }

    func wait(_ text: String) throws {
        try session.wait(text) { $0.text.contains(text) }
    }

    /// Ctrl-D.
    func end() throws {
        type("\u{4}")
        #expect(try session.waitForExit() == 0)
    }
}

@Suite(.serialized) struct ChatTerminalTests {
    private static let left = "\u{1b}[D"
    private static let up = "\u{1b}[A"
    private static let down = "\u{1b}[B"

    @Test(arguments: [40, 80, 200]) func aLineIsEditedBeforeItIsSent(columns: Int) throws {
        try ChatUser.chat(columns: columns) { user, _ in
            user.type("two thre")
            user.type("\u{1}one \u{5}e")
            try user.wait("> one two three")
            user.type(Self.left + Self.left + "\u{7f}r\u{1b}[C\u{1b}[C!")
            try user.wait("> one two three!")
            user.type(" drop this\u{17}\u{17}")
            try user.say("")
            #expect(try user.messages == ["one two three! "])
            // Cut from the middle to both ends, and pasted back.
            try user.say("ab|cd\u{1b}b\u{2}\u{b}\u{15}\u{19}")
            #expect(try user.messages.last == "ab|cd")
            #expect(user.session.screen.text.contains("aaaa"))
            try user.end()
        }
    }

    @Test(arguments: [40, 80, 200]) func wideCharactersAreEditedWhole(columns: Int) throws {
        try ChatUser.chat(columns: columns) { user, _ in
            user.type("数学🙂e\u{301}x")
            try user.wait("> 数学🙂e\u{301}x")
            #expect(user.session.screen.cursor.column == 10)
            user.type("\u{7f}\u{7f}" + Self.left + "é")
            try user.wait("> 数学é🙂")
            #expect(user.session.screen.cursor.column == 7)
            try user.say("")
            #expect(try user.messages == ["数学é🙂"])
            try user.end()
        }
    }

    @Test(arguments: [40, 80, 200]) func aPasteOfSeveralLinesIsOneMessage(columns: Int) throws {
        try ChatUser.chat(columns: columns) { user, _ in
            user.type("\u{1b}[200~first\rsecond\r\n\tthird\u{1b}[31m\n\u{1b}[201~")
            try user.wait("> first\n  second\n      third\\u{1b}[31m")
            try user.say("")
            try user.say("one\u{1b}\rtwo")
            #expect(try user.messages == ["first\nsecond\n\tthird\u{1b}[31m", "one\ntwo"])
            try user.end()
        }
    }

    @Test func aLineLongerThanTheScreenIsEdited() throws {
        try ChatUser.chat(columns: 40) { user, _ in
            let words = (1...40).map { "word\($0)" }.joined(separator: " ")
            user.type(words)
            try user.wait("word39 wo\n  rd40")
            user.type("\u{1}say \u{5} end")
            user.session.resize(columns: 80)
            try user.wait("> say word1 word2 word3 word4 word5 word6 word7 word8 word9")
            try user.wait("word40 end")
            try user.say("")
            #expect(try user.messages == ["say \(words) end"])
            try user.end()
        }
    }

    @Test func typedLinesAreRecalledInTheNextSession() throws {
        try ChatUser.chat { user, directory in
            try user.say("one")
            try user.say("two\u{1b}\rlines")
            user.type("unfinished" + Self.up)
            try user.wait("> two\n  lines")
            user.type(Self.up + Self.up + Self.up)
            try user.wait("> one")
            user.type(Self.down + Self.down + Self.down)
            try user.wait("> unfinished")
            user.type("\u{12}on")
            try user.wait("search on: one")
            try user.say("")
            #expect(try user.messages == ["one", "two\nlines", "one"])
            try user.end()
            let file = directory.appending("state").appending("swiftlet").appending("chat_history")
            #expect(
                String(decoding: try MappedFile(file).contents(), as: UTF8.self)
                    == "one\ntwo\\nlines\none\n"
            )
            let next = try TerminalSession(
                [swiftletPath(), "chat", "--model", directory.appending("model.bin").string],
                environment: [
                    "XDG_STATE_HOME": directory.appending("state").string, "TERM": "xterm",
                ]
            )
            try next.wait("a prompt") { $0.lines[$0.cursor.row] == ">" }
            next.type(Self.up + Self.up)
            try next.wait("what was typed") { $0.text.contains("> two\n  lines") }
            next.type("\u{3}\u{4}")
            #expect(try next.waitForExit() == 0)
        }
    }

    @Test func typedLinesAreNotKeptIfThatIsDisabled() throws {
        try ChatUser.chat(["--no-input-history"]) { user, directory in
            try user.say("secret")
            user.type(Self.up)
            try user.session.wait("it again") { $0.lines[$0.cursor.row] == "> secret" }
            user.type("\u{3}")
            try user.waitForPrompt()
            try user.end()
            #expect(!FileSystem.exists(directory.appending("state")))
        }
    }

    @Test func anUnusableHistoryPathIsNotAnError() throws {
        try ChatUser.chat(environment: ["XDG_STATE_HOME": "/dev/null"]) { user, _ in
            try user.say("one")
            user.type(Self.up)
            try user.session.wait("it again") { $0.lines[$0.cursor.row] == "> one" }
            try user.say("")
            try user.end()
        }
    }

    @Test func controlCDropsTheLineAndThenEndsTheChat() throws {
        try ChatUser.chat { user, _ in
            user.type("half a li\u{3}")
            try user.waitForPrompt()
            try user.say("whole")
            #expect(try user.messages == ["whole"])
            user.type("\u{3}")
            #expect(try user.session.waitForExit() == 130)
        }
    }

    @Test func keysTypedDuringAReplyAreForTheNextMessage() throws {
        try ChatUser.chat { user, _ in
            user.type("one\rtwo\rthree")
            try user.session.wait("the third") { $0.lines[$0.cursor.row] == "> three" }
            #expect(try user.messages == ["one", "two"])
            try user.say("")
            #expect(try user.messages == ["one", "two", "three"])
            #expect(!user.session.screen.text.contains("onetwo"))
            try user.end()
        }
    }

    // MARK: Commands

    @Test(arguments: [40, 80, 200]) func commandsAreListedAndCompleted(columns: Int) throws {
        try ChatUser.chat(columns: columns) { user, _ in
            user.type("/he\t\r")
            try user.wait("/regenerate")
            try user.waitForPrompt()
            user.type("/s\t")
            try user.wait("/save  /stats  /system")
            user.type("\u{15}/bogus\r")
            try user.wait("there is no command /bogus")
            try user.waitForPrompt()
            user.type("/exit\r")
            #expect(try user.session.waitForExit() == 0)
        }
    }

    @Test func commandsChangeTheConversation() throws {
        try ChatUser.chat(columns: 120) { user, directory in
            func command(_ text: String, _ answer: String) throws {
                user.type("\u{c}")
                try user.waitForPrompt()
                user.type(text + "\r")
                try user.wait(answer)
                try user.waitForPrompt()
            }
            let file = directory.appending("saved.json")
            try command("/system", "there is no system prompt")
            try command("/save \(file)", "there is nothing to save yet")
            try command("/regenerate", "there is no reply to regenerate yet")
            try user.say("one")
            try command("/system Be brief.", "from the next message on")
            try command("/system", "Be brief.")
            try user.say("two")
            try command("/save \(file)", "saved in")
            try command("/stats", "2 replies: 8 tokens generated")
            try command("/stats", "of 512 tokens")
            try command("/reset", "starts over")
            try user.say("three")
            #expect(try user.messages == ["three"])
            try command("/load \(file)", "continues from 5 messages")
            try user.say("four")
            #expect(try user.messages == ["one", "two", "four"])
            try user.say("/regenerate")
            #expect(try user.messages == ["one", "two", "four"])
            try user.say("//help me")
            #expect(try user.messages.last == "/help me")
            try user.end()
        }
    }

    @Test func filesOfOtherKindsAreNeitherLoadedNorReplaced() throws {
        try ChatUser.chat(columns: 200) { user, directory in
            try user.say("one")
            let model = directory.appending("model.bin")
            let before = try MappedFile(model).contents()
            for command in ["/load", "/save"] {
                user.type("\u{c}\(command) \(model)\r")
                try user.wait("swiftlet: the conversation in")
                try user.waitForPrompt()
            }
            user.type("/load \(directory)/nowhere\r")
            try user.wait("does not exist")
            user.type("/save \(directory)/nowhere/file\r")
            try user.wait("there is no directory")
            try user.waitForPrompt()
            #expect(try MappedFile(model).contents() == before)
            try user.say("two")
            #expect(try user.messages == ["one", "two"])
            try user.end()
        }
    }
}

extension String {
    fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
