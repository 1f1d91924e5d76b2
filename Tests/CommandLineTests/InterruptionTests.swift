// Signals that `train` handles: it drops the current step, saves and ends, and resumes later as
// if nothing had happened; asked twice, it ends at once. Kills, which it cannot answer to, are in
// KillTests.swift.

import FileIO
import Foundation
import TestSupport
import Testing
import Training

@Suite(.serialized) struct InterruptionTests {
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGUSR1]

    @Test(arguments: signals, [2, 21])
    func anInterruptedRunSavesItsStepAndResumesExactly(signal: Int32, lines: Int) throws {
        try interrupt(.gpt2, signal, lines)
    }

    @Test(arguments: DisturbedRun.Kind.allCases)
    func runsOfEveryKindSaveTheirStepAndResumeExactly(kind: DisturbedRun.Kind) throws {
        try interrupt(kind, SIGTERM, 21)
    }

    /// Interrupts a run when it has logged this many lines, and lets it continue.
    private func interrupt(_ kind: DisturbedRun.Kind, _ signal: Int32, _ lines: Int) throws {
        try withTemporaryDirectory { directory in
            let whole = try DisturbedRun(in: directory, "whole", kind)
            try whole.finish()

            let run = try DisturbedRun(in: directory, "run", kind)
            let outcome = try run.start { program in
                // The first line comes after the program has begun to handle signals.
                program.wait { run.lineCount >= lines }
                program.send(signal)
            }
            #expect(outcome.status == 130)
            // Nothing is lost: the newest checkpoint is that of the last step.
            #expect(try run.files.checkpointSteps().last == run.stepsMade)
            #expect(run.stepsMade < whole.stepsMade)
            try run.finish()
            #expect(run.stepsMade == whole.stepsMade)
            #expect(try run.result() == whole.result())
        }
    }

    @Test(arguments: signals)
    func runInterruptedInItsFirstStepLeavesNothing(signal: Int32) throws {
        try withTemporaryDirectory { directory in
            // A step takes minutes.
            let run = try DisturbedRun(in: directory, "run", microBatches: 1_000_000)
            let outcome = try run.start { program in
                program.wait { run.lineCount >= 1 }
                program.send(signal)
            }
            #expect(outcome.status == 130)
            #expect(outcome.errors.contains("before the first step: there is nothing to save"))
            #expect(!FileSystem.exists(run.files.path))
        }
    }

    @Test(arguments: signals)
    func measuringEndsAtOnceAndIsInterrupted(signal: Int32) throws {
        try withModel { model, tokenizer in
            try withTemporaryDirectory { directory in
                // A window for every token, which takes a while.
                let text = directory.appending("text.txt")
                try writeBytes([UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20), to: text)
                let outcome = try swiftlet([
                    "evaluate", "--model", model, "--tokenizer", tokenizer, "--text", text.string,
                    "--stride", "1", "--batch-size", "1", "--verbose",
                ]) { program in
                    // What it says first, it says after it has begun to answer.
                    program.wait { !program.errors.isEmpty }
                    program.send(signal)
                }
                #expect(outcome.status == 130)
                #expect(outcome.output.isEmpty)
            }
        }
    }

    @Test func ignoredHangupsStayIgnored() throws {
        try withTemporaryDirectory { directory in
            let run = try DisturbedRun(in: directory, "run")
            let outcome = try run.start(through: "trap '' HUP") { program in
                program.wait { run.lineCount >= 2 }
                program.send(SIGHUP)
            }
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("done: 60 steps"))
        }
    }

    /// Begins a run of one micro-batch that takes minutes, and sends it signals while it lasts.
    private func longMicroBatch(
        _ whileRunning: (RunningProgram) throws -> Void
    ) throws -> (outcome: Outcome, hasCheckpoint: Bool) {
        try withTemporaryDirectory { directory in
            // Attention takes time as the square of a length, and little memory.
            let length = 1 << 17
            let shard = try writeShard(to: directory.appending("data.bin"), count: length + 1)
            let run = directory.appending("run")
            let outcome = try swiftlet([
                "train", "--init", "layers=1,heads=1,channels=16,context=\(length)", "--train-data",
                shard.string, "--batch-size", "1", "--steps", "1", "--sequence-length", "\(length)",
                "--threads", "1", "--output", run.string,
            ]) { program in
                program.wait { program.errors.contains(" from ") }
                usleep(300_000)
                try whileRunning(program)
            }
            return (outcome, try !RunDirectory(run).checkpointSteps().isEmpty)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM], [SIGINT, SIGTERM])
    func secondRequestEndsTheRunWithinItsMicroBatch(first: Int32, second: Int32) throws {
        var ending: (outcome: Outcome, hasCheckpoint: Bool)
        repeat {
            ending = try longMicroBatch { program in
                program.send(first)
                while program.isRunning {
                    // Two signals of a kind that come too close together are one.
                    usleep(20_000)
                    program.send(second)
                }
            }
            // Asked before the micro-batch began, it ended cleanly: too early for this test.
        } while ending.outcome.status == 130
        #expect(ending.outcome.status == second)
        #expect(!ending.hasCheckpoint)
    }

    @Test func repeatedNoticesAreOneAndLeaveTimeToSave() throws {
        let (outcome, hasCheckpoint) = try longMicroBatch { program in
            // As sent by a closing terminal and by a batch system.
            for signal in [SIGHUP, SIGUSR1, SIGHUP, SIGUSR1, SIGTERM] {
                program.send(signal)
                usleep(150_000)
            }
            #expect(program.isRunning)
            while program.isRunning {
                program.interrupt()
                usleep(20_000)
            }
        }
        #expect(outcome.status == SIGINT)
        #expect(!hasCheckpoint)
    }
}
