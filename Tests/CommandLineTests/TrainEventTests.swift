// What `train --json` prints, and what a run says in the end.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct TrainEventTests {
    private func names(_ objects: [[String: Any]]) -> [String] {
        objects.compactMap { $0["event"] as? String }
    }

    @Test func everyEventIsAnObject() throws {
        try withTemporaryDirectory { directory in
            let arguments = try smallRun(in: directory) + ["--steps", "20", "--json"]
            let outcome = try swiftlet(arguments)
            #expect(outcome.status == 0)
            let objects = try outcome.objects()
            let events = names(objects)
            #expect(events.first == "start")
            #expect(events.last == "end")
            #expect(events.count { $0 == "step" } == 20)
            #expect(events.count { $0 == "validation" } == 3)
            #expect(events.count { $0 == "sample" } == 2)
            #expect(events.count { $0 == "checkpoint" } == 2)

            let start = try #require(objects.first)
            #expect(start["run"] as? String == directory.appending("run").string)
            #expect(start["steps"] as? Int == 20)
            #expect(start["tokens_per_step"] as? Int == 32)
            #expect(start["train_tokens"] as? Int == 300)
            #expect(start["resumed_step"] is NSNull)
            let step = try #require(objects.last { $0["event"] as? String == "step" })
            #expect(
                Set(step.keys) == [
                    "event", "step", "train_loss", "learning_rate", "grad_norm", "milliseconds",
                    "tokens_per_second", "tokens", "epoch",
                ]
            )
            #expect(step["tokens"] as? Int == 640)
            // 9 batches of 32 tokens are in 300.
            #expect(abs((step["epoch"] as? Double ?? 0) - 20.0 / 9) < 1e-9)
            let end = try #require(objects.last)
            #expect(end["status"] as? String == "finished")
            #expect(end["step"] as? Int == 20)
            #expect(end["error"] == nil)
            // Progress stays where it was.
            #expect(outcome.errors.contains("step 20/20 | loss "))
        }
    }

    @Test func aResumedRunSaysSoInItsEvents() throws {
        try withTemporaryDirectory { directory in
            let arguments = try smallRun(in: directory) + ["--json", "--steps", "10"]
            _ = try swiftlet(arguments)
            let again = try swiftlet(arguments).objects()
            #expect(names(again) == ["start", "resumed", "already_finished", "end"])
            #expect(again[0]["resumed_step"] as? Int == 10)
        }
    }

    @Test func numbersThatAreNotFiniteAreNullAndTheEndSaysWhatHappened() throws {
        try withTemporaryDirectory { directory in
            let arguments =
                try smallRun(in: directory) + [
                    "--steps", "100", "--learning-rate", "1e38", "--grad-clip", "0", "--json",
                ]
            let outcome = try swiftlet(arguments)
            #expect(outcome.status == 65)
            let objects = try outcome.objects()
            let skipped = try #require(objects.first { $0["event"] as? String == "skipped" })
            #expect(["train_loss", "grad_norm"].contains(skipped["quantity"] as? String))
            #expect(objects.contains { $0["train_loss"] is NSNull })
            let end = try #require(objects.last)
            #expect(end["status"] as? String == "diverged")
            #expect((end["error"] as? String)?.contains("training has diverged") == true)
            // What to try is printed before the error.
            #expect(outcome.errors.contains("next: try --learning-rate 3e37 (it was 1e+38)"))
            #expect(outcome.errors.contains("--grad-clip 1"))
            #expect(outcome.errors.contains("diverged at step "))
        }
    }

    @Test func aReaderThatGoesAwayStopsTheRunCleanly() throws {
        try withTemporaryDirectory { directory in
            let arguments = try smallRun(in: directory) + ["--steps", "1000000", "--json"]
            let command = arguments.map { "'\($0)'" }.joined(separator: " ")
            let outcome = try shell("{ \"$SWIFTLET\" \(command); echo $? >&2; } | head -n 3")
            #expect(try outcome.objects().count == 3)
            #expect(outcome.errors.hasSuffix("74\n"), "\(outcome.errors)")
            #expect(outcome.errors.contains("the same command resumes from step "))
            #expect(outcome.errors.contains("error: cannot write"))
        }
    }

    @Test func aStoppedRunSaysHowToResume() throws {
        try withTemporaryDirectory { directory in
            let arguments = try smallRun(in: directory) + ["--steps", "1000000"]
            func stopped(_ more: String...) throws -> Outcome {
                try swiftlet(arguments + more) { program in
                    program.wait { program.errors.contains(" | loss ") }
                    program.interrupt()
                }
            }
            let unsaved = try stopped("--checkpoint-every", "0")
            #expect(unsaved.status == 130)
            #expect(
                unsaved.errors.contains("next: nothing was saved: the same command starts over")
            )
            let saved = try stopped()
            #expect(saved.status == 130)
            #expect(saved.errors.contains(#/next: the same command resumes from step \d+\n/#))
        }
    }

    @Test func aPathOfSeveralWordsIsQuotedForTheShell() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending("it's a run").string
            let arguments = try smallRun(in: directory) + ["--steps", "1", "--output", output]
            let outcome = try swiftlet(arguments)
            let quoted = output.replacing("'", with: "'\\''")
            #expect(outcome.errors.contains("next: swiftlet report '\(quoted)'\n"))
        }
    }
}
