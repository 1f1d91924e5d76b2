import FileIO
import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct TrainingRunTests {
    private struct Interruption: Error {}

    /// What a run did, in short: `s1` is a step, `v` a validation, `c` a checkpoint, `t` a sample,
    /// `h` a HellaSwag evaluation.
    private func events(
        steps: Int = 5,
        validationInterval: Int = 0,
        checkpointInterval: Int = 0,
        sampleInterval: Int = 0,
        hellaSwagInterval: Int = 0,
        stopAfter: Int? = nil
    ) throws -> (events: [String], checkpoints: [Int], metrics: [Substring]) {
        try withTemporaryDirectory { directory in
            let small = SmallRun(steps: steps)
            var settings = small.settings
            settings.validationInterval = validationInterval
            settings.checkpointInterval = checkpointInterval
            settings.sampleInterval = sampleInterval
            settings.hellaSwagInterval = hellaSwagInterval
            settings.keepLast = 100
            let trainer = try small.trainer(in: directory, settings: settings)
            let run = RunDirectory(directory.appending("deep").appending("run"))
            let training = try TrainingRun(
                trainer,
                validation: small.loader(in: directory, seed: 2),
                directory: run,
                sample: { _ in "sample \(trainer.stepCount)" },
                hellaSwag: { _ in Double(trainer.stepCount) / 100 }
            )
            var events: [String] = []
            try training.run(until: { trainer.stepCount == stopAfter }) { event in
                switch event {
                case .step(let step):
                    events.append("s\(step.step)")
                case .validation(let step, let loss):
                    events.append("v\(step)")
                    #expect(abs(loss - 2.8) < 0.5)
                case .checkpoint(let step, let path):
                    events.append("c\(step)")
                    #expect(path == run.modelPath(step: step))
                    let complete = try run.checkpointSteps()
                    #expect(complete.last == step)
                case .hellaSwag(let step, let accuracy):
                    events.append("h\(step)")
                    #expect(accuracy == Double(step) / 100)
                case .resumed, .startedOver, .alreadyFinished, .outlier, .skipped:
                    Issue.record("\(event)")
                case .sample(let step, let text):
                    events.append("t\(step)")
                    #expect(text == "sample \(step)")
                }
            }
            let metrics = String(
                decoding: try MappedFile(run.metricsPath).contents(),
                as: UTF8.self
            )
            return (events, try run.checkpointSteps(), metrics.split(separator: "\n"))
        }
    }

    @Test func eventsComeAtTheirIntervalsAndAtTheEnd() throws {
        let result = try events(validationInterval: 2, checkpointInterval: 2, sampleInterval: 3)
        #expect(
            result.events == [
                "v0", "s1", "s2", "v2", "c2", "s3", "t3", "s4", "v4", "c4", "s5", "v5", "t5", "c5",
            ]
        )
        #expect(result.checkpoints == [2, 4, 5])
    }

    @Test func everyMeasurementIsALineOfTheMetrics() throws {
        let metrics = try events(steps: 2, validationInterval: 2, sampleInterval: 2).metrics
        let keys = metrics.map { line in
            line.split(separator: "\"").map(String.init).filter { line.contains("\"\($0)\":") }
        }
        let step = [
            "grad_norm", "learning_rate", "milliseconds", "step", "tokens_per_second", "train_loss",
        ]
        #expect(
            keys == [["step", "val_loss"], step, step, ["step", "val_loss"], ["sample", "step"]]
        )
        #expect(metrics.last == "{\"sample\":\"sample 2\",\"step\":2}")
    }

    @Test func hellaSwagIsMeasuredAtItsIntervalAndAtTheEnd() throws {
        let result = try events(steps: 3, sampleInterval: 2, hellaSwagInterval: 2)
        #expect(result.events == ["s1", "s2", "h2", "t2", "s3", "h3", "t3"])
        #expect(result.metrics[2] == "{\"hellaswag_accuracy\":0.02,\"step\":2}")
    }

    @Test func anIntervalOfZeroMeansNeverEvenAtTheEnd() throws {
        let result = try events(steps: 3)
        #expect(result.events == ["s1", "s2", "s3"])
        #expect(result.checkpoints == [])
    }

    @Test func anIntervalLongerThanTheRunMeansOnceAtTheEnd() throws {
        let result = try events(
            steps: 2,
            validationInterval: 100,
            checkpointInterval: 100,
            sampleInterval: 100
        )
        #expect(result.events == ["v0", "s1", "s2", "v2", "t2", "c2"])
    }

    @Test func stoppedRunLeavesACheckpointOfItsLastStep() throws {
        let result = try events(validationInterval: 10, checkpointInterval: 10, stopAfter: 3)
        #expect(result.events == ["v0", "s1", "s2", "s3", "c3"])
        #expect(result.checkpoints == [3])
    }

    @Test func stoppedRunIsSavedBeforeWhatIsDue() throws {
        func events(stopAfter: Int) throws -> ArraySlice<String> {
            let all = try self.events(
                steps: 5,
                validationInterval: 2,
                checkpointInterval: 10,
                sampleInterval: 2,
                hellaSwagInterval: 2,
                stopAfter: stopAfter
            ).events
            return all.drop { $0 != "s\(stopAfter)" }
        }
        #expect(try events(stopAfter: 4) == ["s4", "c4"])
        #expect(try events(stopAfter: 5) == ["s5", "c5"])
    }

    @Test(arguments: [4, 6]) func whatAStoppedRunLeftOutIsMeasuredWhenItResumes(
        step: Int
    ) throws {
        func files(stopAfter: Int?) throws -> (lines: [Substring], best: String, extra: String) {
            try withTemporaryDirectory { directory in
                let small = SmallRun(steps: 6)
                var settings = small.settings
                settings.validationInterval = 2
                settings.sampleInterval = 2
                settings.checkpointInterval = 2
                settings.keepLast = 9
                let run = RunDirectory(directory.appending("run"))
                func start(until step: Int?) throws {
                    let trainer = try small.trainer(in: directory, settings: settings)
                    let training = try TrainingRun(
                        trainer,
                        validation: small.loader(in: directory, seed: 2),
                        directory: run,
                        sample: { _ in "text" }
                    )
                    try training.run(until: { trainer.stepCount == step }) { _ in }
                }
                if let stopAfter {
                    try start(until: stopAfter)
                    #expect(try text(run.extraPath(step: step)).contains("isUnmeasured"))
                }
                try start(until: nil)
                let metrics = try text(run.metricsPath).split(separator: "\n")
                return (
                    metrics.filter { !$0.contains("milliseconds") }, try text(run.bestPath),
                    try text(run.extraPath(step: step))
                )
            }
        }
        let (whole, stopped) = (try files(stopAfter: nil), try files(stopAfter: step))
        #expect(whole.lines.count == 7)
        #expect(stopped == whole)
    }

    @Test func runOfNoStepsOnlyValidates() throws {
        #expect(try events(steps: 0, validationInterval: 1).events == ["v0"])
    }

    @Test func checkpointHoldsTheTrainedWeights() throws {
        try withTemporaryDirectory { directory in
            let small = SmallRun(steps: 2)
            var settings = small.settings
            settings.checkpointInterval = 1
            let trainer = try small.trainer(in: directory, settings: settings)
            let run = RunDirectory(directory.appending("run"))
            try TrainingRun(trainer, validation: nil, directory: run).run { _ in }
            let loaded = try GPT2(
                llmcCheckpoint: run.modelPath(step: 2),
                ops: Ops(threadCount: 1)
            )
            #expect(loaded.configuration == trainer.model.sizes as? GPT2Configuration)
            #expect(
                loaded.parameters.flat.floats() == trainer.model.parameters.flat.floats()
            )
            let first = try GPT2(llmcCheckpoint: run.modelPath(step: 1), ops: Ops(threadCount: 1))
            #expect(first.parameters.flat.floats() != loaded.parameters.flat.floats())
        }
    }

    @Test func existingRunIsKeptUnlessOverwritingIsAllowed() throws {
        try withTemporaryDirectory { directory in
            let small = SmallRun(steps: 3)
            var settings = small.settings
            settings.checkpointInterval = 1
            settings.keepLast = 3
            let run = RunDirectory(directory.appending("run"))
            func start(overwrite: Bool) throws -> TrainingRun {
                try TrainingRun(
                    small.trainer(in: directory, settings: settings),
                    validation: nil,
                    directory: run,
                    resume: .never,
                    overwrite: overwrite
                )
            }
            try start(overwrite: false).run { _ in }
            try touch(run.path.appending("notes.txt"))
            try touch(run.tokenizerPath)
            let metrics = try MappedFile(run.metricsPath).contents()
            #expect(throws: TrainingError.runExists(path: run.path)) {
                try start(overwrite: false)
            }
            #expect(try run.checkpointSteps() == [1, 2, 3])
            #expect(try MappedFile(run.metricsPath).contents() == metrics)

            let replaced = try start(overwrite: true)
            #expect(
                try FileSystem.names(in: run.path).map(\.string) == [
                    "main.log", "metrics.jsonl", "notes.txt", "run.json", "tokenizer.bin",
                ]
            )
            try replaced.run(until: { replaced.trainer.stepCount == 1 }) { _ in }
            #expect(try run.checkpointSteps() == [1])
        }
    }

    @Test func errorOfTheReportEndsTheRun() throws {
        try withTemporaryDirectory { directory in
            let trainer = try SmallRun().trainer(in: directory)
            let run = try TrainingRun(
                trainer,
                validation: nil,
                directory: RunDirectory(directory.appending("run"))
            )
            #expect(throws: Interruption.self) { try run.run { _ in throw Interruption() } }
            #expect(trainer.stepCount == 1)
        }
    }

    @Test func validationOfADivergedModelIsAnError() throws {
        try withTemporaryDirectory { directory in
            let small = SmallRun()
            var settings = small.settings
            settings.validationInterval = 1
            let trainer = try small.trainer(in: directory, settings: settings)
            trainer.model.poison()
            let run = try TrainingRun(
                trainer,
                validation: small.loader(in: directory, seed: 2),
                directory: RunDirectory(directory.appending("run"))
            )
            let error = #expect(throws: TrainingError.self) { try run.run { _ in } }
            #expect(error?.description.contains("the validation loss of step 0 is nan") == true)
        }
    }
}
