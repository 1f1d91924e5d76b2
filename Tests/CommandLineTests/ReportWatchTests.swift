// `report --watch` as a process during a run.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ReportWatchTests {
    private func text(_ path: FilePath) -> String {
        (try? String(contentsOfFile: path.string, encoding: .utf8)) ?? ""
    }

    /// Whether the page at `path` reloads itself.
    private func asksAgain(_ path: FilePath) -> Bool {
        text(path).contains("http-equiv=\"refresh\"")
    }

    /// Calls `body` with a run in progress.
    private func withRunGoingOn(
        _ body: (_ training: RunningProgram, _ run: FilePath) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let data = try writeShard(to: directory.appending("data.bin"))
            let run = directory.appending("run")
            let arguments = [
                "train", "--init", "layers=1,heads=1,channels=8,context=8", "--output", run.string,
                "--train-data", data.string, "--steps", "1000000",
            ]
            let outcome = try swiftlet(arguments) { program in
                program.wait { hasMadeAStep(run) }
                try body(program, run)
                program.interrupt()
            }
            #expect(outcome.status == 130, "\(outcome.errors)")
        }
    }

    @Test func thePageFollowsTheRunUntilItEnds() throws {
        try withRunGoingOn { training, run in
            let page = run.appending("report.html")
            let arguments = ["report", run.string, "--watch"]
            let outcome = try swiftlet(arguments) { program in
                program.wait { FileSystem.exists(page) }
                #expect(asksAgain(page))
                let first = text(page)
                program.wait { text(page) != first }
                #expect(asksAgain(page))
                training.interrupt()
            }
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output == "\(page)\n")
            #expect(outcome.errors.contains("Ctrl-C stops"))
            #expect(!asksAgain(page))
        }
    }

    @Test func ctrlCEndsItWithALastPageAndTheRunContinues() throws {
        try withRunGoingOn { training, run in
            let page = run.appending("report.html")
            let arguments = ["report", run.string, "--watch"]
            let outcome = try swiftlet(arguments) { program in
                program.wait { FileSystem.exists(page) }
                program.interrupt()
            }
            #expect(outcome.status == 130)
            #expect(!asksAgain(page))
            #expect(training.isRunning)
        }
    }

    @Test func ctrlCIsNoErrorWhileThereIsNoLog() throws {
        try withTemporaryDirectory { directory in
            let log = directory.appending("metrics.jsonl")
            try writeBytes(Array("{\"step\":1,\"val_loss\":2}\n".utf8), to: log)
            let page = directory.appending("report.html")
            let lock = try #require(try DirectoryLock(directory))
            let arguments = ["report", directory.string, "--watch"]
            let outcome = try swiftlet(arguments) { program in
                program.wait { FileSystem.exists(page) }
                // As before the first measurement; once there is a page, the program is known to
                // listen.
                try FileSystem.remove(log)
                program.interrupt()
            }
            withExtendedLifetime(lock) {}
            #expect(outcome.status == 130, "\(outcome.errors)")
        }
    }

    @Test func aRunThatHasEndedIsDrawnOnce() throws {
        try withTemporaryDirectory { directory in
            let line = "{\"step\":1,\"val_loss\":2}\n"
            try writeBytes(Array(line.utf8), to: directory.appending("metrics.jsonl"))
            let page = directory.appending("report.html")
            let outcome = try swiftlet("report", directory.string, "--watch")
            #expect(outcome.status == 0)
            #expect(outcome.output == "\(page)\n")
            #expect(outcome.errors == "swiftlet: no run is in progress, so this page is final\n")
            #expect(!asksAgain(page))
            expectError(try swiftlet("report", directory.string, "--watch"), 73, "report.html")
            #expect(try swiftlet("report", directory.string, "--watch", "--overwrite").status == 0)
        }
    }

    @Test(arguments: [
        ["--csv", "a.csv"], ["--tensorboard", "logs"], ["--output", "-"],
        ["--output", "/dev/stdout"],
    ])
    func onlyAPageInAFileCanBeWatched(flags: [String]) throws {
        try withTemporaryDirectory { directory in
            try writeBytes([], to: directory.appending("metrics.jsonl"))
            let arguments = ["report", directory.string, "--watch"] + flags
            expectError(try swiftlet(arguments), 64, "--watch")
        }
    }
}
