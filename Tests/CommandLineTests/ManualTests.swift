// The manual pages and the completions: what an installation adds to the program.

import ArgumentParser
import FileIO
import Foundation
import TestSupport
import Testing

@testable import SwiftletCLI

@Suite(.serialized) struct ManualTests {
    private static let pages = {
        let program = try? CommandDescription(of: SwiftletCommand.self)
        return program.map { ManualPage.all(of: $0, version: "swiftlet 1.2") } ?? []
    }()

    /// Whether a system program is available to check its files.
    private static func exists(_ program: String) -> Bool {
        (try? run("/bin/sh", ["-c", "command -v \(program)"]).status) == 0
    }

    @Test func everyCommandHasAPageWithAllItsOptions() throws {
        func check(_ command: CommandDescription) throws {
            let name = command.words.joined(separator: "-")
            let page = try #require(Self.pages.first { $0.name == name }, "\(name)").source
            for option in command.shownArguments.flatMap(\.dashedNames) {
                let heading = "\\fB" + option.replacing("-", with: "\\-") + "\\fR"
                #expect(page.contains(heading), "\(name) \(option)")
            }
            for subcommand in command.shownSubcommands { try check(subcommand) }
        }
        let program = try CommandDescription(of: SwiftletCommand.self)
        #expect(program.shownSubcommands.count > 10)
        try check(program)
    }

    @Test func noLineOfTextIsMistakenForARequest() {
        let requests: Set = ["TH", "SH", "PP", "TP", "EX", "EE", "nh", "ad"]
        for page in Self.pages {
            for line in page.source.split(separator: "\n") {
                #expect(!line.hasPrefix("'"), "\(page.name): \(line)")
                guard line.hasPrefix(".") else { continue }
                let name = line.dropFirst().prefix { $0 != " " }
                #expect(requests.contains(String(name)), "\(page.name): \(line)")
            }
        }
    }

    @Test func charactersWithAMeaningInManualsAreShownAsTheyAre() {
        var text = ManualText()
        text.prose(".one\n'two'\n\\fBthree\\fR --four\n\nfive")
        text.verbatim(["  .six"])
        #expect(
            text.source == """
                \\&.one
                \\(aqtwo\\(aq
                \\(rsfBthree\\(rsfR \\-\\-four
                .PP
                five
                .PP
                .EX
                  .six
                .EE

                """
        )
    }

    @Test(.enabled(if: exists("groff"), "needs groff"))
    func theTypesetterFindsNothingWrongWithThePages() throws {
        try withTemporaryDirectory { directory in
            let pages = directory.appending("man")
            let outcome = try swiftlet("manual", "--output", pages.string)
            #expect(outcome.status == 0)
            #expect(outcome.output == "\(pages)\n")
            #expect(try FileSystem.names(in: pages).count == Self.pages.count)
            let typeset = try shell("groff -man -Tascii -ww -z '\(pages)'/*.1")
            #expect(typeset.status == 0)
            #expect(typeset.errors == "")
        }
    }

    @Test func aPageIsPrintedByTheWordsOfItsCommand() throws {
        let outcome = try swiftlet("manual", "bench", "train")
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix(".TH SWIFTLET\\-BENCH\\-TRAIN 1 \"\" "))
        #expect(try swiftlet(["manual"]).output.contains("FIRST STEPS"))
        expectError(try swiftlet("manual", "sampel"), 64, "no command 'sampel'")
        expectError(try swiftlet("manual", "train", "--output", "x"), 64, "--output")
    }

    @Test func existingPagesAreKept() throws {
        try withTemporaryDirectory { directory in
            try writeBytes([], to: directory.appending("swiftlet-train.1"))
            let arguments = ["manual", "--output", directory.string]
            expectError(try swiftlet(arguments), 73, "swiftlet-train.1")
            #expect(try FileSystem.names(in: directory).count == 1)
            #expect(try swiftlet(arguments + ["--overwrite"]).status == 0)
            let file = directory.appending("file")
            try writeBytes([], to: file)
            expectError(try swiftlet("manual", "--output", file.string), 73, "not a directory")
        }
    }

    @Test func anInstallationHasTheManualAndTheCompletionsAndCanBeUndone() throws {
        try withTemporaryDirectory { directory in
            let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
                .removingLastComponent()
            let script = root.appending("scripts/install")
            let prefix = directory.appending("a b")
            let installed = try shell("SWIFTLET_BINARY=\"$SWIFTLET\" '\(script)' '\(prefix)'")
            #expect(installed.status == 0, "\(installed.errors)")
            let files = [
                "bin/swiftlet", "share/man/man1/swiftlet.1", "share/man/man1/swiftlet-train.1",
                "share/bash-completion/completions/swiftlet",
                "share/zsh/site-functions/_swiftlet",
                "share/fish/vendor_completions.d/swiftlet.fish",
            ]
            for file in files {
                #expect(FileSystem.byteCount(of: prefix.appending(file)) ?? 0 > 1000, "\(file)")
            }
            let removed = try shell("'\(script)' --remove '\(prefix)'")
            #expect(removed.status == 0, "\(removed.errors)")
            #expect(try shell("find '\(prefix)' -type f").output == "")

            let missing = try shell("SWIFTLET_BINARY=/nowhere '\(script)' '\(prefix)'")
            #expect(missing.status == 1)
            #expect(missing.errors.contains("run 'make release' first"))
        }
    }

    @Test func bashCompletesCommandsOptionsAndChoices() throws {
        try withTemporaryDirectory { directory in
            let script = directory.appending("completions")
            let made = try shell("$SWIFTLET --generate-completion-script bash > '\(script)'")
            #expect(made.status == 0)
            func completions(_ words: String...) throws -> Set<String> {
                let quoted = words.map { "'\($0)'" }.joined(separator: " ")
                let line = words.joined(separator: " ")
                let outcome = try run(
                    "/bin/bash",
                    [
                        "-c",
                        """
                        source '\(script)'
                        COMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count - 1)
                        COMP_LINE='\(line)'; COMP_POINT=${#COMP_LINE}
                        previous="${COMP_WORDS[COMP_CWORD - 1]}"
                        _swiftlet swiftlet "${COMP_WORDS[COMP_CWORD]}" "$previous"
                        printf '%s\\n' "${COMPREPLY[@]}"
                        """,
                    ]
                )
                return Set(outcome.output.split { $0 == "\n" || $0 == " " }.map(String.init))
            }
            #expect(try completions("swiftlet", "tr") == ["train"])
            #expect(try completions("swiftlet", "train", "--tens") == ["--tensorboard"])
            #expect(
                try completions("swiftlet", "train", "--schedule", "")
                    == ["cosine", "linear", "constant", "wsd"]
            )
            #expect(try completions("swiftlet", "fetch", "tiny").contains("tinyshakespeare"))
        }
    }
}
