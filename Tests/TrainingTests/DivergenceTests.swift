// Steps with no finite number or an unlikely one: what is skipped, reported, abandoned, not
// written.

import FileIO
import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct DivergenceTests {
    private func start(
        in directory: FilePath,
        steps: Int = 20,
        change: (inout TrainingSettings) -> Void = { _ in }
    ) throws -> TrainingRun {
        try SmallRun(steps: steps).start(in: directory, checkpointInterval: 2, change: change)
    }

    @Test func fiveStepsInARowWithoutANumberEndTheRunAndKeepItsCheckpoints() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let training = try start(in: directory)
            var skipped: [Int] = []
            let error = #expect(throws: TrainingError.self) {
                try training.run { event in
                    switch event {
                    case .step(let step) where step.step == 5: training.trainer.model.poison()
                    case .skipped(let step, .nonFinite(.loss, _)): skipped.append(step)
                    case .checkpoint(let step, _): #expect(step <= 4)
                    default: break
                    }
                }
            }
            #expect(skipped == [6, 7, 8, 9, 10])
            guard case .diverged(10, "the loss", let found) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(found.isNaN)
            #expect(error?.description.contains("training has diverged") == true)
            #expect(try run.checkpointSteps() == [2, 4])
            let lines = try text(run.metricsPath).split(separator: "\n")
            #expect(lines.count == 10)
            #expect(lines[9].contains("\"train_loss\":null"))
            #expect(lines[9].contains("\"grad_norm\":null"))
            #expect(try text(run.mainLogPath).contains("s:9 trl:nan lr:"))
            #expect(try start(in: directory).resumedStep == 4)
        }
    }

    @Test func checkpointDueInABadStepIsWrittenAfterTheNextGoodOne() throws {
        try withTemporaryDirectory { directory in
            let training = try start(in: directory, steps: 8)
            let model = training.trainer.model
            var good: [Float] = []
            var checkpoints: [Int] = []
            try training.run { event in
                switch event {
                case .step(let step) where step.step == 3:
                    good = model.parameters["wpe"].floats()
                    model.poison()
                case .skipped(4, _):
                    model.parameters["wpe"].withUnsafeMutableElements(as: Float.self) {
                        _ = $0.update(fromContentsOf: good)
                    }
                case .checkpoint(let step, _): checkpoints.append(step)
                default: break
                }
            }
            #expect(checkpoints == [2, 5, 6, 8])
        }
    }

    @Test(arguments: [4, 6]) func theLastCheckpointIsWrittenEvenInABadStep(
        lastStep: Int
    ) throws {
        try withTemporaryDirectory { directory in
            let training = try start(in: directory, steps: 6)
            let model = training.trainer.model
            let good = model.parameters["wpe"].floats()
            var checkpoints: [Int] = []
            try training.run(until: { training.trainer.stepCount == lastStep }) { event in
                switch event {
                case .step(let step) where step.step == lastStep - 1: model.poison()
                case .skipped(lastStep, _):
                    // As after a batch that gave no number: the parameters are what they were.
                    model.parameters["wpe"].withUnsafeMutableElements(as: Float.self) {
                        _ = $0.update(fromContentsOf: good)
                    }
                case .checkpoint(let step, _): checkpoints.append(step)
                default: break
                }
            }
            #expect(checkpoints.last == lastStep)
        }
    }

    @Test func runStoppedInABadStateKeepsItsLastGoodCheckpoint() throws {
        try withTemporaryDirectory { directory in
            let training = try start(in: directory)
            let error = #expect(throws: TrainingError.self) {
                try training.run(until: { training.trainer.stepCount == 3 }) { event in
                    if case .step(let step) = event, step.step == 2 {
                        #expect(step.skipReason == nil)
                    }
                    if case .checkpoint(2, _) = event { training.trainer.model.poison() }
                }
            }
            guard case .diverged(3, "the sum of the squares of the parameters", _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try RunDirectory(directory.appending("run")).checkpointSteps() == [2])
        }
    }

    @Test func parametersThatAreNotFiniteAreNeverWritten() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let training = try start(in: directory)
            let error = #expect(throws: TrainingError.self) {
                try training.run { event in
                    // After the step's own measurements, so that nothing else notices.
                    if case .step(let step) = event, step.step == 4 {
                        training.trainer.model.parameters["lnfb"]
                            .withUnsafeMutableElements(as: Float.self) { $0[0] = .infinity }
                    }
                }
            }
            #expect(
                error
                    == .diverged(
                        step: 4,
                        quantity: "the sum of the squares of the parameters",
                        found: .infinity
                    )
            )
            #expect(try run.checkpointSteps() == [2])
            #expect(!FileSystem.exists(run.modelPath(step: 4)))
        }
    }

    /// A run whose weights are shaken once its windows are full, and what it reported.
    private func shaken(
        change: (inout TrainingSettings) -> Void
    ) throws -> (outliers: [StepQuantity], reasons: [SkipReason], changed: Bool) {
        try withTemporaryDirectory { directory in
            var outliers: [StepQuantity] = []
            var reasons: [SkipReason] = []
            var after: [Float] = []
            let training = try start(in: directory, steps: 130) {
                $0.checkpointInterval = 0
                ($0.schedule.peak, $0.schedule.shape) = (1e-5, .constant)
                change(&$0)
            }
            let wte = training.trainer.model.parameters["wte"]
            try training.run { event in
                switch event {
                case .step(let step) where step.step == 129:
                    wte.withUnsafeMutableElements(as: Float.self) { elements in
                        for i in elements.indices { elements[i] *= 100 }
                    }
                    after = wte.floats()
                case .outlier(130, let quantity, let zScore):
                    #expect(zScore > OutlierDetector.notableZScore)
                    outliers.append(quantity)
                case .skipped(130, let reason): reasons.append(reason)
                default: break
                }
            }
            return (outliers, reasons, wte.floats() != after)
        }
    }

    @Test func outliersAreReportedAndLearnedFromUnlessALimitSaysOtherwise() throws {
        let told = try shaken { _ in }
        #expect(told.outliers == [.loss, .gradientNorm])
        #expect(told.reasons == [])
        #expect(told.changed)

        let loss = try shaken { $0.skipLossZScore = 6 }
        guard case .outlier(.loss, let zScore, 6)? = loss.reasons.first else {
            Issue.record("\(loss.reasons)")
            return
        }
        #expect(zScore > 6)
        #expect(loss.outliers == [.loss, .gradientNorm])
        #expect(!loss.changed)

        let norm = try shaken { $0.skipNormZScore = 6 }
        guard case .outlier(.gradientNorm, _, 6)? = norm.reasons.first else {
            Issue.record("\(norm.reasons)")
            return
        }
        #expect(!norm.changed)

        // 128 values, one of them far off, have a z-score of at most 127 / sqrt(127).
        let high = try shaken { ($0.skipLossZScore, $0.skipNormZScore) = (12, 12) }
        #expect(high.reasons == [])
        #expect(high.changed)
    }
}

@Suite struct OutlierDetectorTests {
    @Test func scoreIsUndefinedUntilTheWindowWasFull() {
        var detector = OutlierDetector()
        let early = (0..<128).compactMap { detector.add(Float($0)) }
        #expect(early == [])
        let score = detector.add(3)
        #expect(score != nil)
    }

    @Test func scoreIsThatOfTheNewValueAmongTheLast128() throws {
        var detector = OutlierDetector()
        // 64 zeros and 64 twos, the first zero replaced by a 10: the mean is 138 / 128, and the
        // mean of the squares 356 / 128.
        for i in 0..<128 { _ = detector.add(i.isMultiple(of: 2) ? 0 : 2) }
        let mean = 138.0 / 128
        let deviation = (356.0 / 128 - mean * mean).squareRoot()
        let found = detector.add(10)
        let score = try #require(found)
        #expect(abs(score - (10 - mean) / deviation) < 1e-12)
        #expect(detector.values.count == 128)
        #expect(detector.values.first == 2)
        #expect(detector.values.last == 10)
    }

    @Test func valuesThatAreAllTheSameHaveNoOutlier() {
        var detector = OutlierDetector()
        for _ in 0..<128 { _ = detector.add(7) }
        let score = detector.add(7)
        #expect(score == 0)
    }

    @Test func impossibleWindowsAreRefused() {
        #expect(OutlierDetector(values: [Float](repeating: 0, count: 129)) == nil)
        #expect(OutlierDetector(values: [.nan]) == nil)
        #expect(OutlierDetector(values: [1, 2])?.values == [1, 2])
    }
}
