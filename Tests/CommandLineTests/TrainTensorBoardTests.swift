// `train --tensorboard` as a process: what it leaves, even when it is killed and resumed.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct TrainTensorBoardTests {
    private func withRun(_ body: (_ arguments: [String], _ run: FilePath) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let data = try writeShard(to: directory.appending("data.bin"))
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
            let run = directory.appending("run")
            let arguments = [
                "train", "--init", "layers=1,heads=1,channels=8,context=8", "--output", run.string,
                "--train-data", data.string, "--val-data", data.string, "--val-every", "2",
                "--tokenizer", tokenizer.string, "--sample-every", "2", "--sample-tokens", "4",
                "--tensorboard",
            ]
            try body(arguments, run)
        }
    }

    /// What metrics.jsonl says, each value at its step.
    private func logged(_ run: FilePath) throws -> [LoggedValue] {
        let log = try MappedFile(run.appending("metrics.jsonl")).contents()
        let lines = String(decoding: log, as: UTF8.self)
        let keys = [
            "train_loss", "learning_rate", "grad_norm", "milliseconds", "tokens_per_second",
            "val_loss",
        ]
        return try Outcome(status: 0, output: lines, errors: "").objects().flatMap { line in
            let step = try #require(line["step"] as? Int)
            let numbers = keys.compactMap { key in
                (line[key] as? Double).map { LoggedValue(step, key, Float($0)) }
            }
            return numbers
                + [(line["sample"] as? String).map { LoggedValue(step, "sample", text: $0) }]
                .compactMap(\.self)
        }
    }

    @Test func theEventFileMatchesTheLog() throws {
        try withRun { arguments, run in
            let outcome = try swiftlet(arguments + ["--steps", "4"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let files = try eventFiles(in: run)
            #expect(files.count == 1)
            let values = try EventFileContents(files[0]).values
            #expect(values.count == 4 * 5 + 3 + 2)
            #expect(try values == logged(run))
        }
    }

    @Test func aKilledRunResumesWithEachStepOnce() throws {
        try withRun { arguments, run in
            let flags = arguments + ["--steps", "1000000", "--checkpoint-every", "20"]
            let log = run.appending("metrics.jsonl")
            let killed = try swiftlet(flags) { program in
                program.wait { FileSystem.byteCount(of: log) ?? 0 >= 12_000 }
                program.send(SIGKILL)
            }
            #expect(killed.status == SIGKILL)
            // What a full disk may also leave of the last record.
            let file = try #require(eventFiles(in: run).first)
            try AppendingFile(file, keepingContents: true).append([9, 0, 0])
            _ = try swiftlet(flags) { program in
                let size = try MappedFile(log).count
                program.wait { FileSystem.byteCount(of: log) ?? 0 >= size + 4000 }
                program.interrupt()
            }
            let files = try eventFiles(in: run)
            #expect(files.count == 2 && files.first == file)
            #expect(FileSystem.byteCount(of: file) == 0)
            let last = try #require(files.last)
            let contents = try EventFileContents(last)
            #expect(try contents.values == logged(run))
            let steps = contents.values.filter { $0.tag == "train_loss" }.map(\.step)
            #expect(steps == Array(1...steps.count))
            #expect(contents.times == contents.times.sorted())
        }
    }

    @Test func anEventFileBegunLaterHoldsTheEarlierSteps() throws {
        try withRun { arguments, run in
            let plain = arguments.filter { $0 != "--tensorboard" }
            #expect(try swiftlet(plain + ["--steps", "2"]).status == 0)
            #expect(try eventFiles(in: run) == [])
            let more = ["--steps", "4", "--allow-changes"]
            #expect(try swiftlet(arguments + more).status == 0)
            let values = try EventFileContents(#require(eventFiles(in: run).first)).values
            #expect(try values == logged(run))
            #expect(values.filter { $0.tag == "train_loss" }.map(\.step) == [1, 2, 3, 4])
        }
    }

    @Test func onlyARunningRunReplacesItsFile() throws {
        try withRun { arguments, run in
            let flags = arguments + ["--steps", "1000000"]
            _ = try swiftlet(flags) { program in
                program.wait { hasMadeAStep(run) }
                let report = ["report", run.string, "--tensorboard", run.string, "--overwrite"]
                expectError(try swiftlet(report), 73, "another process is training")
                program.interrupt()
            }
            let files = try eventFiles(in: run)
            #expect(files.count == 1)
            #expect(try EventFileContents(files[0]).values == logged(run))
        }
    }
}
