// What the system or another program takes away while a command runs leads to one sentence and an
// exit code.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct LimitTests {
    /// A training run over a shard in a directory, as a line of shell script.
    private func training(in directory: FilePath, _ flags: String = "") throws -> String {
        try writeShard(to: directory.appending("data.bin"), count: 3000)
        return """
            $SWIFTLET train --init layers=1,heads=2,channels=16,context=8 \
            --train-data '\(directory)/data.bin' --output '\(directory)/run' --batch-size 2 \
            --steps 4 --val-every 0 \(flags)
            """
    }

    private func expectOneLine(_ outcome: Outcome, _ status: Int32, _ text: String) {
        #expect(outcome.status == status, "\(outcome.errors)")
        let lines = outcome.errors.split(separator: "\n").filter { $0.contains("error") }
        #expect(lines.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains(text), "\(outcome.errors)")
        #expect(!outcome.errors.contains("OMP:"))
    }

    @Test(arguments: ["abc", "0", "-1", "1000000", "99999999999999"])
    func anInvalidThreadCountIsAnError(value: String) throws {
        try withTemporaryDirectory { directory in
            let outcome = try shell("OMP_NUM_THREADS=\(value) \(training(in: directory))")
            expectOneLine(outcome, 64, "OMP_NUM_THREADS")
            #expect(!FileSystem.exists(directory.appending("run")))
        }
    }

    @Test func aListOfThreadCountsIsAccepted() throws {
        try withTemporaryDirectory { directory in
            let outcome = try shell("OMP_NUM_THREADS=2,1 \(training(in: directory))")
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test func threadsThatTheSystemCannotStartAreAnError() throws {
        try withTemporaryDirectory { directory in
            let command = try training(in: directory, "--threads 64")
            let outcome = try shell("ulimit -v 4000000; OMP_STACKSIZE=1G \(command)")
            expectOneLine(outcome, 70, "64 threads")
            #expect(!FileSystem.exists(directory.appending("run")))
        }
    }

    @Test func tooLittleMemoryIsAnError() throws {
        try withTemporaryDirectory { directory in
            let command = try training(in: directory).replacing(
                "channels=16,context=8",
                with: "channels=1024,context=1024"
            )
            expectOneLine(try shell("ulimit -v 400000; \(command)"), 70, "memory")
        }
    }

    @Test func aFileSizeLimitEndsTrainingCleanly() throws {
        try withTemporaryDirectory { directory in
            let command = try training(in: directory, "--checkpoint-every 2")
            let outcome = try shell("ulimit -f 10; \(command)")
            expectOneLine(outcome, 74, "File too large")
            let names = try FileSystem.names(in: directory.appending("run")).map(\.string)
            #expect(names.sorted() == ["main.log", "metrics.jsonl", "run.json"])
        }
    }

    @Test func aShardThatIsCutWhileItIsReadIsAnError() throws {
        try withTemporaryDirectory { directory in
            let command = try training(in: directory).replacing(
                "--steps 4",
                with: "--steps 1000000"
            )
            let log = directory.appending("run/main.log")
            let outcome = try run(
                "/bin/sh",
                ["-c", "SWIFTLET='\(swiftletPath())'; exec \(command)"]
            ) { program in
                program.wait { FileSystem.byteCount(of: log) ?? 0 > 0 }
                let shard = FileHandle(forWritingAtPath: directory.appending("data.bin").string)
                try shard?.truncate(atOffset: 1024)
            }
            expectOneLine(outcome, 74, "data.bin' became shorter")
        }
    }
}
