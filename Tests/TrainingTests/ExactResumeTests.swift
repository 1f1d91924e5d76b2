// A run that is stopped and resumed is the run that was never stopped, bit for bit.

import FileIO
import TestSupport
import Testing
import TokenData
import Training

/// Ways to read data, to drop at random and to update, that a resumed run has to continue.
enum DataOrder: String, CaseIterable {
    case oneShard, accumulated, shuffled, shuffledShards, unevenShards, shuffledUnevenShards
    case accumulatedShuffledUnevenShards, singleBatch, accumulatedDropout, muon

    /// Twelve steps: several epochs where there are several shards.
    var run: SmallRun {
        var run = SmallRun(steps: 12)
        // A batch takes 16 tokens: 3 and 2 batches, or 3, 1 and 4, an epoch.
        switch self {
        case .oneShard, .singleBatch, .muon: break
        case .accumulated, .accumulatedDropout: run.totalBatchTokens = 48
        case .shuffled: (run.tokenCount, run.shuffled) = (16 * 5 + 1, true)
        case .shuffledShards: (run.shardTokenCounts, run.shuffled) = ([49, 49, 49], true)
        case .unevenShards: run.shardTokenCounts = [49, 17, 70]
        case .shuffledUnevenShards: (run.shardTokenCounts, run.shuffled) = ([49, 17, 70], true)
        case .accumulatedShuffledUnevenShards:
            (run.shardTokenCounts, run.shuffled) = ([49, 17, 70], true)
            run.totalBatchTokens = 48
        }
        return run
    }
}

@Suite(.serialized) struct ExactResumeTests {
    private func settings(_ order: DataOrder) -> TrainingSettings {
        var settings = order.run.settings
        settings.checkpointInterval = 100
        settings.validationInterval = 5
        settings.schedule.warmupSteps = 3
        settings.overfitsSingleBatch = order == .singleBatch
        settings.optimizerKind = order == .muon ? .muon : .adamw
        settings.dropout = order == .accumulatedDropout ? 0.2 : 0
        return settings
    }

    private func start(
        _ order: DataOrder,
        in directory: FilePath,
        _ name: String
    ) throws -> TrainingRun {
        let validation = SmallRun(tokenCount: 100)
        return try TrainingRun(
            order.run.trainer(in: directory, settings: settings(order)),
            validation: validation.loader(in: directory, seed: 2),
            directory: RunDirectory(directory.appending(name))
        )
    }

    /// The metrics without the times, which differ.
    private func measurements(_ run: RunDirectory) throws -> [String] {
        try text(run.metricsPath).split(separator: "\n").map { line in
            line.split(separator: ",")
                .filter { !$0.contains("milliseconds") && !$0.contains("tokens_per_second") }
                .joined(separator: ",")
        }
    }

    @Test(arguments: DataOrder.allCases)
    func stoppedAndResumedRunMatchesAnUndisturbedOne(order: DataOrder) throws {
        try withTemporaryDirectory { directory in
            let whole = try start(order, in: directory, "whole")
            try whole.run { _ in }
            let expected = TrainerState(whole.trainer)

            for stop in [1, 6, 11, 12] {
                let name = "stopped\(stop)"
                let first = try start(order, in: directory, name)
                try first.run(until: { first.trainer.stepCount == stop }) { _ in }
                let second = try start(order, in: directory, name)
                #expect(second.resumedStep == stop)
                #expect(TrainerState(second.trainer) == TrainerState(first.trainer))
                var events: [TrainingEvent] = []
                try second.run { events.append($0) }
                let path = RunDirectory(directory.appending(name))
                #expect(events.first == .resumed(step: stop, path: path.modelPath(step: stop)))
                #expect(TrainerState(second.trainer) == expected, "stopped after \(stop)")
                #expect(
                    try measurements(path)
                        == measurements(RunDirectory(directory.appending("whole")))
                )
                #expect(
                    try text(path.mainLogPath)
                        == text(RunDirectory(directory.appending("whole")).mainLogPath)
                )
            }
        }
    }

    @Test func runStoppedAtEveryStepMatchesAnUndisturbedOne() throws {
        try withTemporaryDirectory { directory in
            let order = DataOrder.accumulatedShuffledUnevenShards
            let whole = try start(order, in: directory, "whole")
            try whole.run { _ in }
            var last: TrainingRun?
            for step in 1...12 {
                let run = try start(order, in: directory, "run")
                try run.run(until: { run.trainer.stepCount == step }) { _ in }
                #expect(run.trainer.stepCount == step)
                last = run
            }
            #expect(last.map { TrainerState($0.trainer) } == TrainerState(whole.trainer))
        }
    }

    @Test func runKilledAtAnyEventEndsLikeAnUndisturbedOne() throws {
        struct Killed: Error {}
        try withTemporaryDirectory { directory in
            let small = DataOrder.accumulatedShuffledUnevenShards.run
            var settings = small.settings
            (settings.checkpointInterval, settings.validationInterval) = (3, 2)
            func start(_ name: String) throws -> TrainingRun {
                try TrainingRun(
                    small.trainer(in: directory, settings: settings),
                    validation: small.loader(in: directory, seed: 2),
                    directory: RunDirectory(directory.appending(name))
                )
            }
            let whole = try start("whole")
            var eventCount = 0
            try whole.run { _ in eventCount += 1 }
            let expected = TrainerState(whole.trainer)
            let best = try text(RunDirectory(directory.appending("whole")).bestPath)

            // Each time a little later than the last, until the run finishes.
            for period in [3, 7] {
                let name = "killed\(period)"
                var stepsMade = 0
                var kills = 0
                while kills < eventCount {
                    let run = try start(name)
                    var events = 0
                    do {
                        try run.run { event in
                            if case .step = event { stepsMade += 1 }
                            events += 1
                            if events == period + kills { throw Killed() }
                        }
                        #expect(TrainerState(run.trainer) == expected)
                        break
                    } catch is Killed {
                        kills += 1
                    }
                }
                #expect(kills > 1 && kills < eventCount)
                #expect(stepsMade <= small.steps + kills * settings.checkpointInterval)
                let path = RunDirectory(directory.appending(name))
                #expect(try text(path.bestPath) == best)
                #expect(
                    try measurements(path)
                        == measurements(RunDirectory(directory.appending("whole")))
                )
            }
        }
    }

    @Test func windowsThatWereFullAreFullAgain() throws {
        try withTemporaryDirectory { directory in
            var small = SmallRun(steps: 140)
            small.tokenCount = 300
            var settings = small.settings
            settings.checkpointInterval = 135
            func start() throws -> TrainingRun {
                try TrainingRun(
                    small.trainer(in: directory, settings: settings),
                    validation: nil,
                    directory: RunDirectory(directory.appending("run"))
                )
            }
            let first = try start()
            try first.run(until: { first.trainer.stepCount == 135 }) { _ in }
            let second = try start()
            #expect(second.trainer.lossDetector.values.count == OutlierDetector.windowSize)
            #expect(TrainerState(second.trainer) == TrainerState(first.trainer))
        }
    }
}
