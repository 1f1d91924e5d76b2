// How far a run is, according to its directory, whatever state it was left in.

import TestSupport
import Testing
import Training

@Suite(.serialized) struct RunProgressTests {
    @Test func aRunIsRunningAsLongAsItIsLocked() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            #expect(try !run.isInUse())
            let small = SmallRun(steps: 3)
            var settings = small.settings
            settings.checkpointInterval = 2
            let training = try TrainingRun(
                small.trainer(in: directory, settings: settings),
                validation: nil,
                directory: run
            )
            #expect(try run.isInUse())
            #expect(try RunProgress(run).phase == .running)
            try training.run { event in
                guard case .step(let step) = event else { return }
                let status = try RunProgress(run)
                #expect(status.step == step.step)
                #expect(status.phase == .running)
            }
            let status = try RunProgress(run)
            #expect(status.phase == .finished)
            #expect(status.step == 3)
            #expect(status.plannedSteps == 3)
            #expect(status.trainingLoss.map { $0 > 1 && $0 < 5 } == true)
            #expect(!status.hasDiverged)
            #expect(try !run.isInUse())
        }
    }

    @Test func checkingDoesNotKeepARunFromStarting() throws {
        try withTemporaryDirectory { directory in
            let asking = Task.detached {
                while !Task.isCancelled { _ = try RunDirectory(directory).isInUse() }
            }
            defer { asking.cancel() }
            for _ in 0..<50 {
                let small = SmallRun(steps: 0)
                try withTemporaryDirectory { data in
                    _ = try TrainingRun(
                        small.trainer(in: data),
                        validation: nil,
                        directory: RunDirectory(directory),
                        overwrite: true
                    )
                }
            }
        }
    }

    @Test func aRunWithoutLogsIsAsFarAsItsCheckpoints() throws {
        try withTemporaryDirectory { directory in
            for step in [3, 7] { try touch(RunDirectory(directory).donePath(step: step)) }
            let status = try RunProgress(RunDirectory(directory))
            #expect(status.phase == .stopped)
            #expect(status.step == 7)
            #expect(status.plannedSteps == nil)
            #expect(status.trainingLoss == nil)
            #expect(status.validation == nil)
        }
    }

    @Test func lossesAreReadFromTheLogAndOtherLinesSkipped() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory)
            let log = """
                s:0 tel:11.0099
                s:0 trl:4.5000 lr:0.000300 norm:0.12
                s:1 trl:nan lr:0.000300 norm:inf
                s:2 eval:0.2955
                nonsense
                s:
                s:x trl:1
                s:3 trl:
                s:99999999999999999999 trl:1.0
                s:9223372036854775807 trl:1.0
                s:2 trl:3.5000 lr:0.000600 norm:0.38
                s:3 tel:3.2500
                s:3 tr
                """
            try touch(run.mainLogPath, Array(log.utf8) + [0xFF, 0x00])
            var entries: [String] = []
            try MainLog.forEachLoss(in: run.mainLogPath) { entries.append("\($0)") }
            #expect(
                entries == [
                    "validation(step: 0, loss: 11.0099)", "training(step: 1, loss: 4.5)",
                    "training(step: 2, loss: nan)", "training(step: 3, loss: 3.5)",
                    "validation(step: 3, loss: 3.25)",
                ]
            )
            let status = try RunProgress(run)
            #expect(status.step == 3)
            #expect(status.trainingLoss == 4)
            #expect(status.validation == BestCheckpoint(step: 3, validationLoss: 3.25))
            #expect(!status.hasDiverged)
        }
    }

    @Test func aDamagedBestFileIsNamed() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory)
            try touch(run.bestPath, Array("{".utf8))
            #expect(throws: TrainingError.self) { try RunProgress(run) }
        }
    }
}
