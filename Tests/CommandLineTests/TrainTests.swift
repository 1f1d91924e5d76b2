// `train` as a process: what it leaves behind, and what it says when it cannot start. That it
// learns is tested in TrainingTests and ParityTests.

import FileIO
import Foundation
import TestSupport
import Testing

/// Calls `body` with the arguments of a small run and its directory.
private func withRun(
    tokens: Int = 300,
    _ body: (_ arguments: [String], _ run: FilePath) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let data = try writeShard(to: directory.appending("data.bin"), count: tokens)
        let run = directory.appending("run")
        let arguments = [
            "train", "--init", "layers=1,heads=1,channels=8,context=8", "--train-data", data.string,
            "--output", run.string,
        ]
        try body(arguments, run)
    }
}

@Suite(.serialized) struct TrainTests {
    @Test func aRunLeavesACheckpointAndALineForEveryStep() throws {
        try withRun { arguments, run in
            let outcome = try swiftlet(arguments + ["--steps", "3"])
            #expect(outcome.status == 0)
            #expect(outcome.output == "")
            #expect(
                try FileSystem.names(in: run).map(\.string)
                    == [
                        "DONE_00000003", "extra_00000003.json", "main.log", "metrics.jsonl",
                        "model_00000003.bin", "run.json", "state_00000003_00000.bin",
                    ]
            )
            #expect(try metrics(run).count == 3)
        }
    }

    @Test func closedStreamsAreNotMistakenForItsFiles() throws {
        try withRun { arguments, run in
            let line = arguments.map { "'\($0)'" }.joined(separator: " ")
            let outcome = try shell("\"$SWIFTLET\" \(line) --steps 3 <&- >&- 2>&-")
            #expect(outcome.status == 0)
            #expect(try metrics(run).count == 3)
        }
    }

    @Test func ctrlCEndsTheRunWithACheckpoint() throws {
        try withRun { arguments, run in
            let outcome = try swiftlet(arguments + ["--steps", "1000000"]) { program in
                // A step was made, so the program is catching the signal by now.
                program.wait { hasMadeAStep(run) }
                program.interrupt()
            }
            #expect(outcome.status == 130)
            let names = try FileSystem.names(in: run).map(\.string)
            let steps = try metrics(run).count
            #expect(names.contains { $0.hasPrefix("DONE_") && Int($0.dropFirst(5)) == steps })
        }
    }

    @Test func aSecondProcessIsRefusedAndTheFirstContinues() throws {
        try withRun { arguments, run in
            let outcome = try swiftlet(arguments + ["--steps", "1000000"]) { program in
                program.wait { hasMadeAStep(run) }
                let flags = ["--steps", "1000000", "--overwrite"]
                expectError(try swiftlet(arguments + flags), 73, "another process is training")
                program.interrupt()
            }
            #expect(outcome.status == 130)
            #expect(try metrics(run).count > 0)
        }
    }

    @Test func aRunWithoutACheckpointStartsOverWithARemark() throws {
        try withRun { arguments, run in
            let flags = ["--steps", "2", "--checkpoint-every", "0"]
            #expect(try !swiftlet(arguments + flags).errors.contains("starts over"))
            let again = try swiftlet(arguments + flags)
            #expect(again.status == 0)
            #expect(again.errors.contains("'\(run)' has no complete checkpoint"))
            #expect(try metrics(run).count == 2)
        }
    }

    @Test func aRefusalNamesTheFlagThatLiftsIt() throws {
        try withRun { arguments, _ in
            #expect(try swiftlet(arguments + ["--steps", "1"]).status == 0)
            let steps = ["--steps", "2"]
            expectError(try swiftlet(arguments + steps), 64, "(--allow-changes allows the changes)")
            expectError(
                try swiftlet(arguments + steps + ["--resume", "never"]),
                73,
                "(--resume auto resumes it, --overwrite overwrites it)"
            )
        }
    }

    @Test func aPipeIsNotATextToTrainOn() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
            let outcome = try shell(
                """
                mkfifo '\(directory)/pipe'; echo text > '\(directory)/pipe' & writer=$!
                "$SWIFTLET" train --init layers=1,heads=1,channels=8,context=8 --steps 1 \
                    --text '\(directory)/pipe' --tokenizer '\(tokenizer)' \
                    --output '\(directory)/run'
                status=$?; kill $writer; exit $status
                """
            )
            expectError(outcome, 64, "pipe' is not one")
            #expect(!FileSystem.exists(directory.appending("run")))
        }
    }

    @Test(arguments: [
        (["--steps", "1", "--output", ""], "--output"),
        (["--total-batch-tokens", "640"], "shorter than a step"),
        (["--total-batch-tokens", "33"], "a multiple of"),
        (["--steps", "1", "--batch-size", "\(Int.max)"], "batch"),
        (["--steps", "1", "--sequence-length", "9"], "context"),
        (["--steps", "\(Int.max)"], "from 0 to 2147483647"),
        (["--steps", "1", "--learning-rate", "nan"], "--learning-rate"),
        (["--steps", "1", "--threads", "0"], "threads"),
    ])
    func aWrongOptionIsReportedAndLeavesNothing(options: [String], fragment: String) throws {
        try withRun { arguments, run in
            expectError(try swiftlet(arguments + options), 64, fragment)
            #expect(!FileSystem.exists(run))
        }
    }

    @Test func aFileInThePlaceOfTheRunIsReportedInOneSentence() throws {
        try withRun { arguments, run in
            try writeBytes([1], to: run)
            expectError(try swiftlet(arguments + ["--steps", "1"]), 73, "not a directory")
        }
    }

    /// The objects of the run's log.
    private func metrics(_ run: FilePath) throws -> [[String: Any]] {
        let log = String(
            decoding: try MappedFile(run.appending("metrics.jsonl")).contents(),
            as: UTF8.self
        )
        return try Outcome(status: 0, output: log, errors: "").objects()
    }
}
