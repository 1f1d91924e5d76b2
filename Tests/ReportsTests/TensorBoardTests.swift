// Event files, read back by their own reader. That TensorBoard itself reads them was checked
// with its Python package: `scripts/check_tensorboard.py`.

import FileIO
import TestSupport
import Testing
import Training

@testable import Reports

@Suite(.serialized) struct TensorBoardTests {
    private static let history = {
        var history = RunHistory(name: "run")
        history.validation = [.init(step: 0, value: 10.5), .init(step: 2, value: .nan)]
        history.accuracy = [.init(step: 2, value: 0.25)]
        history.samples = [.init(step: 2, text: "Grüße\n\u{0}\u{1b}[1m \u{1F600}")]
        history.steps = [step(1, loss: 10.25), step(2, loss: .nan), step(300, loss: 1e-8)]
        return history
    }()

    private static func step(_ step: Int, loss: Float) -> RunHistory.Step {
        var result = RunHistory.Step(step: step)
        result.loss = loss
        result.learningRate = 3e-4
        result.gradientNorm = 1.5
        result.milliseconds = 250
        result.tokensPerSecond = 1024
        return result
    }

    private static func values(of step: RunHistory.Step) -> [LoggedValue] {
        [
            LoggedValue(step.step, "train_loss", step.loss),
            LoggedValue(step.step, "learning_rate", step.learningRate),
            LoggedValue(step.step, "grad_norm", step.gradientNorm),
            LoggedValue(step.step, "milliseconds", step.milliseconds),
            LoggedValue(step.step, "tokens_per_second", step.tokensPerSecond),
        ]
    }

    @Test func everythingMeasuredIsThereOnceAndInOrder() throws {
        try withTemporaryDirectory { directory in
            let path = try EventFile.write(
                Self.history,
                endingAt: 1_700_000_000,
                in: directory.appending("new/one"),
                overwrite: false
            )
            #expect(path.lastComponent?.string == "events.out.tfevents.1700000000.swiftlet")
            let contents = try EventFileContents(path)
            #expect(contents.version == "brain.Event:2")
            #expect(contents.starts == [0])
            let steps = Self.history.steps
            #expect(
                contents.values
                    == [LoggedValue(0, "val_loss", 10.5)] + Self.values(of: steps[0])
                    + Self.values(of: steps[1])
                    + [
                        LoggedValue(2, "val_loss", .nan),
                        LoggedValue(2, "hellaswag_accuracy", 0.25),
                        LoggedValue(2, "sample", text: Self.history.samples[0].text),
                    ] + Self.values(of: steps[2])
            )
            // Three steps of a quarter of a second each, the last of which ended then.
            #expect(contents.times.prefix(3).allSatisfy { $0 == 1_699_999_999.25 })
            #expect(contents.times.dropFirst(3).first == 1_699_999_999.5)
            #expect(contents.times.last == 1_700_000_000)
        }
    }

    @Test func checksumsFollowTheFormat() {
        // The check value of CRC-32C, 0xE3069283, turned by 15 bits and moved.
        let check: UInt32 = 0xE306_9283
        #expect(
            EventRecord.checksum(Array("123456789".utf8))
                == (check >> 15 | check << 17) &+ 0xA282_EAD8
        )
        #expect(EventRecord.checksum([]) == 0xA282_EAD8)
    }

    @Test func theEventsOfARunMatchItsMetrics() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory)
            let metrics = try MetricsLog(run.metricsPath)
            let log = try TensorBoardLog(run, resumedStep: nil)
            for step in 1...3 {
                let measured = TrainingStep(
                    step: step,
                    loss: step == 2 ? .infinity : 4.1,
                    learningRate: 3e-4,
                    gradientNorm: step == 2 ? .nan : 1.2,
                    duration: .milliseconds(310),
                    tokenCount: 64
                )
                try metrics.append(measured)
                try log.append(.step(measured))
                try log.append(.outlier(step: step, quantity: .loss, zScore: 9))
            }
            try metrics.append(validationLoss: 3.9, step: 3)
            try log.append(.validation(step: 3, loss: 3.9))
            try metrics.append(hellaSwagAccuracy: 0.27, step: 3)
            try log.append(.hellaSwag(step: 3, accuracy: 0.27))
            let text = String(repeating: "ROMEO:\n", count: 2000)
            try metrics.append(sample: text, step: 3)
            try log.append(.sample(step: 3, text: text))

            let live = try EventFileContents(#require(eventFiles(in: directory).first))
            let converted = try EventFile.write(
                RunHistory(run, name: "", longestSample: .max),
                endingAt: 0,
                in: directory.appending("converted"),
                overwrite: false
            )
            #expect(try live.values == EventFileContents(converted).values)
            #expect(live.values.count == 3 * 5 + 3)
            #expect(live.values[5] == LoggedValue(2, "train_loss", .nan))
        }
    }

    @Test(arguments: [
        [UInt8](), [1, 2, 3], [24, 0, 0, 0, 0, 0, 0, 0xFF], [UInt8](repeating: 0xFF, count: 4096),
    ])
    func aResumedRunRewritesItsFileWhateverTheFormerOneHolds(bytes: [UInt8]) throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory)
            try MetricsLog(run.metricsPath).append(validationLoss: 2, step: 7)
            try touch(directory.appending("events.out.tfevents.9000000000.swiftlet"), bytes)
            let others = directory.appending("events.out.tfevents.1700000000.host.1.0")
            try touch(others, bytes)
            let log = try TensorBoardLog(run, resumedStep: 7)
            try log.append(.validation(step: 8, loss: 1))
            // Readers look for the next name; the clock is far behind that of the former, which
            // stays, empty, for those that have it open.
            let names = ["9000000000.swiftlet", "9000000001.swiftlet"]
            let files = names.map { directory.appending("events.out.tfevents.\($0)") }
            #expect(try eventFiles(in: directory) == [others] + files)
            #expect(FileSystem.byteCount(of: files[0]) == 0)
            #expect(FileSystem.byteCount(of: others) == bytes.count)
            #expect(
                try EventFileContents(files[1]).values
                    == [LoggedValue(7, "val_loss", 2), LoggedValue(8, "val_loss", 1)]
            )

            _ = try TensorBoardLog(run, resumedStep: 7)
            #expect(
                try eventFiles(in: directory) == [
                    others, files[1],
                    directory.appending("events.out.tfevents.9000000002.swiftlet"),
                ]
            )
        }
    }

    @Test func theLastPossibleNameIsReused() throws {
        try withTemporaryDirectory { directory in
            let last = directory.appending("events.out.tfevents.9999999999.swiftlet")
            try touch(last)
            let path = try EventFile.write(
                Self.history,
                endingAt: .infinity,
                in: directory,
                overwrite: true
            )
            #expect(path == last)
            #expect(try EventFileContents(path).starts == [0])
        }
    }

    @Test func eventFilesAreReplacedOnlyWhenThatIsAllowed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("events.out.tfevents.1700000000.swiftlet")
            try touch(path, [1])
            #expect(throws: FileIOError.alreadyExists(path: path)) {
                try EventFile.write(Self.history, endingAt: 0, in: directory, overwrite: false)
            }
            #expect(FileSystem.byteCount(of: path) == 1)
        }
    }
}
