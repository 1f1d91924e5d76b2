// What is a command in a chat and what is a message, and what Tab makes of its beginning.

import FileIO
import LineEditing
import TestSupport
import Testing

@testable import SwiftletCLI

@Suite struct SlashCommandTests {
    @Test func aWordAfterASlashIsACommand() {
        #expect(SlashCommand.read("/help") == .command(.help, argument: ""))
        #expect(SlashCommand.read("/stats  ") == .command(.stats, argument: ""))
        #expect(
            SlashCommand.read("/system  Be brief. ") == .command(.system, argument: "Be brief.")
        )
        #expect(SlashCommand.read("/save a file.json") == .command(.save, argument: "a file.json"))
        #expect(SlashCommand.read("/bogus x") == .unknown("/bogus"))
        #expect(SlashCommand.read("/Help") == .unknown("/Help"))
    }

    @Test(arguments: [
        "Hello", "", "/", "/ help", "/usr/bin/env is what?", "/*", "// a comment", "/help\nme",
        " /help", "/1", "//usr/bin", "a /help",
    ])
    func otherTextIsAMessage(text: String) {
        #expect(SlashCommand.read(text) == .message(text))
    }

    @Test func twoSlashesBeginAMessageWithOne() {
        #expect(SlashCommand.read("//help me") == .message("/help me"))
        #expect(SlashCommand.read("//bogus") == .message("/bogus"))
    }

    @Test(arguments: [1, 20, 40, 80, 200])
    func theHelpFitsTheScreen(columns: Int) {
        let lines = SlashCommand.help(columns: columns, editsLines: true)
        for command in SlashCommand.allCases {
            #expect(lines.contains { $0.contains("/\(command.rawValue)") })
        }
        if columns >= 40 {
            #expect(lines.allSatisfy { $0.columnCount <= columns })
        }
        #expect(!SlashCommand.help(columns: columns, editsLines: false).joined().contains("Alt"))
    }

    @Test func commandsAreCompleted() {
        #expect(
            ChatCompletion.complete("/s")
                == Completion(typedCount: 2, candidates: ["/save ", "/stats ", "/system "])
        )
        #expect(
            ChatCompletion.complete("/he") == Completion(typedCount: 3, candidates: ["/help "])
        )
        #expect(ChatCompletion.complete("he") == nil)
        #expect(ChatCompletion.complete("/system he") == nil)
        #expect(ChatCompletion.complete("/save\n") == nil)
    }

    @Test func filesAreCompleted() throws {
        try withTemporaryDirectory { directory in
            try writeBytes([], to: directory.appending("one.json"))
            try writeBytes([], to: directory.appending("one two.json"))
            try writeBytes([], to: directory.appending(".hidden"))
            try writeBytes([], to: directory.appending("o\u{1b}"))
            try FileSystem.createDirectory(directory.appending("other"))
            func names(_ text: String) -> Completion? { ChatCompletion.complete(text) }
            #expect(
                names("/load \(directory.string)/o")
                    == Completion(
                        typedCount: 1,
                        candidates: ["one two.json ", "one.json ", "other/"]
                    )
            )
            #expect(
                names("/save \(directory.string)/.")
                    == Completion(typedCount: 1, candidates: [".hidden "])
            )
            #expect(names("/save \(directory.string)/nowhere/") == nil)
        }
    }
}
