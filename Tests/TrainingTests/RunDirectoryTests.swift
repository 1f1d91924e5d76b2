import FileIO
import TestSupport
import Testing
import Training

@Suite(.serialized) struct RunDirectoryTests {
    private func touch(_ path: FilePath) throws {
        try AtomicFile(path).commit()
    }

    @Test func namesAreLlmCs() {
        let run = RunDirectory("runs/first")
        #expect(run.modelPath(step: 1000) == "runs/first/model_00001000.bin")
        #expect(run.donePath(step: 0) == "runs/first/DONE_00000000")
        #expect(run.donePath(step: 123_456_789) == "runs/first/DONE_123456789")
        #expect(run.metricsPath == "runs/first/metrics.jsonl")
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

    @Test func checkpointThatCannotBeWrittenIsNotComplete() throws {
        try withTemporaryDirectory { directory in
            let model = try SmallRun().trainer(in: directory).model
            let run = RunDirectory(directory.appending("run"))
            try FileSystem.createDirectory(run.path)
            try run.writeCheckpoint(of: model, step: 3)
            #expect(try run.checkpointSteps() == [3])

            try FileSystem.remove(run.modelPath(step: 3))
            try FileSystem.createDirectory(run.modelPath(step: 3))
            #expect(throws: FileIOError.isDirectory(path: run.modelPath(step: 3))) {
                try run.writeCheckpoint(of: model, step: 3)
            }
            #expect(try run.checkpointSteps() == [])
        }
    }
}
