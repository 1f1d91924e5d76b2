// `report --csv` and `report --tensorboard` as a process.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ReportExportTests {
    private static let metrics = """
        {"step":0,"val_loss":10.5}
        {"step":1,"train_loss":null,"learning_rate":3e-4,"grad_norm":1.5,"milliseconds":250,\
        "tokens_per_second":1024}
        {"step":1,"sample":"a, \\u001b[1m\\"b\\"\\n"}
        {"step":2,"train_lo
        """
    private static let table = """
        step,train_loss,learning_rate,grad_norm,milliseconds,tokens_per_second,val_loss,\
        hellaswag_accuracy,sample
        0,,,,,,10.5,,
        1,NaN,0.0003,1.5,250.0,1024.0,,,"a, \u{1b}[1m""b""
        "

        """

    @discardableResult
    private func writeRun(_ path: FilePath) throws -> String {
        try FileSystem.createDirectory(path)
        try writeBytes(Array(Self.metrics.utf8), to: path.appending("metrics.jsonl"))
        return path.string
    }

    private func text(_ path: FilePath) throws -> String {
        String(decoding: try MappedFile(path).contents(), as: UTF8.self)
    }

    @Test func aTableIsWrittenInsteadOfThePage() throws {
        try withTemporaryDirectory { directory in
            let run = try writeRun(directory.appending("run"))
            let csv = directory.appending("run.csv")
            let outcome = try swiftlet("report", run, "--csv", csv.string)
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            #expect(outcome.output == "\(csv)\n")
            #expect(try text(csv) == Self.table)
            #expect(try FileSystem.names(in: FilePath(run)).count == 1)
            #expect(try swiftlet("report", run, "--csv", "-").output == Self.table)

            expectError(try swiftlet("report", run, "--csv", csv.string), 73, "run.csv")
            let page = directory.appending("page.html").string
            let both = try swiftlet([
                "report", run, "--csv", csv.string, "--output", page, "--overwrite",
            ])
            #expect(both.output == "\(csv)\n\(page)\n")
        }
    }

    @Test func aTerminalGetsNoControlCharacters() throws {
        try withTemporaryDirectory { directory in
            let run = try writeRun(directory.appending("run"))
            let terminal = try PseudoTerminal()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try swiftletPath())
            process.arguments = ["report", run, "--csv", "-"]
            process.standardOutput = terminal.device
            try process.run()
            process.waitUntilExit()
            close(terminal.device.fileDescriptor)
            terminal.readToEnd()
            #expect(
                terminal.written == Self.table.replacing("\u{1b}", with: "\\u{1b}")
            )
        }
    }

    @Test func eventFilesOfSeveralRunsAreInDirectoriesOfTheirNames() throws {
        try withTemporaryDirectory { directory in
            // Those with the same last name are told apart by their paths.
            let names = ["a/run", "b/run", "b/../c"]
            for name in ["a/run", "b/run", "c"] { try writeRun(directory.appending(name)) }
            let arguments = names.joined(separator: " ")
            let outcome = try shell(
                "cd '\(directory)' && \"$SWIFTLET\" report \(arguments) --tensorboard logs/tb"
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            let logs = directory.appending("logs/tb")
            #expect(try FileSystem.names(in: logs).map(\.string) == ["a_run", "b_run", "c"])
            for line in outcome.output.split(separator: "\n") {
                let contents = try EventFileContents(directory.appending(String(line)))
                #expect(contents.values.count == 7)
                #expect(
                    contents.values.last == LoggedValue(1, "sample", text: "a, \u{1b}[1m\"b\"\n")
                )
            }
            #expect(outcome.output.split(separator: "\n").count == 3)
        }
    }

    @Test func whatCannotBeWrittenIsReportedInOneSentence() throws {
        try withTemporaryDirectory { directory in
            let run = try writeRun(directory.appending("run"))
            let none = directory.appending("none/run.csv").string
            expectError(try swiftlet("report", run, "--csv", none), 73, "none/run.csv")
            expectError(try swiftlet("report", run, "--csv", "/dev/full"), 74, "/dev/full")
            expectError(try shell("$SWIFTLET report '\(run)' --csv - > /dev/full"), 74)
            let file = try writeBytes([1], to: directory.appending("file")).string
            expectError(try swiftlet("report", run, "--tensorboard", file), 73, "not a directory")
            let logs = directory.appending("logs").string
            #expect(try swiftlet("report", run, "--tensorboard", logs).status == 0)
            expectError(try swiftlet("report", run, "--tensorboard", logs), 73, "tfevents")
            #expect(try swiftlet("report", run, "--tensorboard", logs, "--overwrite").status == 0)
        }
    }

    @Test(arguments: [
        (["--csv", ""], "--csv"), (["--tensorboard", ""], "--tensorboard"),
        (["--csv", "-", "--output", "-"], "standard output"), (["--tensorboard"], "--tensorboard"),
    ])
    func wrongUsageIsReportedInOneSentence(flags: [String], fragment: String) throws {
        try withTemporaryDirectory { directory in
            let run = try writeRun(directory)
            expectError(try swiftlet(["report", run] + flags), 64, fragment)
        }
    }
}
