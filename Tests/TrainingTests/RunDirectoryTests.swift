import FileIO
import TestSupport
import Testing
import Training

@Suite(.serialized) struct RunDirectoryTests {
    @Test func namesMatchLlmC() {
        let run = RunDirectory("runs/first")
        #expect(run.modelPath(step: 1000) == "runs/first/model_00001000.bin")
        #expect(run.donePath(step: 0) == "runs/first/DONE_00000000")
        #expect(run.donePath(step: 123_456_789) == "runs/first/DONE_123456789")
        #expect(run.statePath(step: 1000) == "runs/first/state_00001000_00000.bin")
        #expect(run.statePath(step: 7, rank: 12) == "runs/first/state_00000007_00012.bin")
        #expect(run.extraPath(step: 1000) == "runs/first/extra_00001000.json")
        #expect(run.metricsPath == "runs/first/metrics.jsonl")
        #expect(run.mainLogPath == "runs/first/main.log")
        #expect(run.descriptionPath == "runs/first/run.json")
        #expect(run.bestPath == "runs/first/best.json")
    }

    @Test func onlyCompleteCheckpointsCount() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory)
            #expect(try run.checkpointSteps() == [])
            #expect(try !run.holdsRun())
            for step in [200, 7, 123_456_789] {
                try touch(run.modelPath(step: step))
                try touch(run.donePath(step: step))
            }
            try touch(run.modelPath(step: 300))
            for name in ["DONE_1", "DONE_", "DONE_0000000x", "DONE_+0000009", "DONE_-0000009"] {
                try touch(directory.appending(name))
            }
            #expect(try run.checkpointSteps() == [7, 200, 123_456_789])
            #expect(try run.holdsRun())
        }
    }

    @Test func directoryThatDoesNotExistHoldsNothing() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("none"))
            let steps = try run.checkpointSteps()
            #expect(steps == [])
            #expect(try !run.holdsRun())
        }
    }

    @Test func runThatHasNoCheckpointYetIsARun() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory)
            try touch(run.metricsPath)
            #expect(try run.holdsRun())
        }
    }

    @Test func aRunThatReplacesAnotherOrStopsAtOnceLeavesNoEventFile() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let eventFile = run.path.appending("events.out.tfevents.1700000000.swiftlet")
            try FileSystem.createDirectory(run.path)
            try touch(run.metricsPath)
            try touch(eventFile)
            try touch(run.path.appending(".events.out.tfevents.1700000000.swiftlet.1-2"))
            let training = try TrainingRun(
                SmallRun().trainer(in: directory),
                validation: nil,
                directory: run,
                overwrite: true
            )
            #expect(try eventFiles(in: run.path) == [])
            try touch(eventFile)
            try training.run(until: { true }, report: { _ in })
            #expect(try FileSystem.names(in: run.path).isEmpty)
        }
    }
}
