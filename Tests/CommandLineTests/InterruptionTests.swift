// Signals that `train` answers to: it finishes its step, saves and ends, and goes on later as if
// nothing had happened; asked twice, it ends at once. Kills, which it cannot answer to, are in
// KillTests.swift.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct InterruptionTests {
    @Test(arguments: [SIGINT, SIGTERM], [2, 21])
    func interruptedRunSavesItsStepAndGoesOnExactly(signal: Int32, lines: Int) throws {
        try withTemporaryDirectory { directory in
            let whole = try DisturbedRun(in: directory, "whole")
            try whole.finish()

            let run = try DisturbedRun(in: directory, "run")
            let outcome = try run.start { process in
                // The first line comes after the program has begun to answer.
                while process.isRunning, run.lineCount < lines { usleep(200) }
                kill(process.processIdentifier, signal)
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

    @Test(arguments: [SIGINT, SIGTERM], [SIGINT, SIGTERM])
    func secondInterruptionEndsTheRunWithinItsStep(first: Int32, second: Int32) throws {
        try withTemporaryDirectory { directory in
            // A step takes minutes.
            let run = try DisturbedRun(in: directory, "run", microBatches: 1_000_000)
            let outcome = try run.start { process in
                while process.isRunning, run.lineCount < 1 { usleep(200) }
                kill(process.processIdentifier, first)
                while process.isRunning {
                    // Two signals of a kind that come too close together are one.
                    usleep(20_000)
                    kill(process.processIdentifier, second)
                }
            }
            #expect(outcome.status == second)
            #expect(run.stepsMade == 0)
            #expect(try run.files.checkpointSteps() == [])
        }
    }
}
