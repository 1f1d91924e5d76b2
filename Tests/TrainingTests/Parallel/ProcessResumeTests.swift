// Runs that resume with as many processes as before, or with another number.

import Collectives
import FileIO
import Tensors
import TestSupport
import Testing
import TokenData
import Training

@Suite(.serialized) struct ProcessResumeTests {
    /// What a process of a run knows at the end.
    private struct Outcome: Equatable {
        var losses: [Float] = []
        var weights: [Float] = []
        var resumedStep: Int?
        var position: TokenLoaderState?
    }

    /// Trains, or resumes, up to a step.
    private static func train(
        _ name: String,
        in directory: FilePath,
        to step: Int,
        _ group: ProcessGroup,
        sharded: Bool = false,
        shuffled: Bool = false,
        precision: ElementType = .float32,
        allowsChanges: Bool = false
    ) throws -> Outcome {
        var small = SmallRun(totalBatchTokens: 96, steps: 6)
        small.shuffled = shuffled
        var settings = small.settings
        (settings.checkpointInterval, settings.precision) = (100, precision)
        let run = try TrainingRun(
            small.trainer(
                in: directory,
                settings: settings,
                group: group,
                parallel: DataParallel(shardsOptimizer: sharded)
            ),
            validation: nil,
            directory: RunDirectory(directory.appending(name)),
            allowsChanges: allowsChanges
        )
        var outcome = Outcome(resumedStep: run.resumedStep, position: run.trainer.loader.state)
        try run.run(until: { run.trainer.stepCount >= step }) { event in
            if case .step(let step) = event { outcome.losses.append(step.loss) }
        }
        outcome.weights = run.trainer.model.parameters.flat.floats()
        return outcome
    }

    @Test(arguments: [ElementType.float32, .bfloat16], [false, true])
    func asManyProcessesResumeWithTheBitsOfAnUninterruptedRun(
        precision: ElementType,
        sharded: Bool
    ) throws {
        try withTemporaryDirectory { directory in
            let train = { @Sendable (name: String, step: Int, sharded: Bool) in
                try withThreadGroup(of: 3) { group in
                    try Self.train(
                        name,
                        in: directory,
                        to: step,
                        group,
                        sharded: sharded,
                        shuffled: true,
                        precision: precision
                    )
                }
            }
            let whole = try train("whole", 6, false)
            _ = try train("broken", 3, sharded)
            let run = RunDirectory(directory.appending("broken"))
            let stopped = try #require(try run.checkpointSteps().last)
            #expect(stopped < 6)
            for rank in 0..<3 {
                #expect(FileSystem.exists(run.statePath(step: stopped, rank: rank)))
            }
            // Processes that kept whole moments resume with a share of them, and vice versa.
            let rest = try train("broken", 6, !sharded)
            #expect(rest.map(\.resumedStep) == [stopped, stopped, stopped])
            #expect(rest.map(\.weights) == whole.map(\.weights))
            #expect(rest[0].losses == Array(whole[0].losses.dropFirst(stopped)))
        }
    }

    @Test(arguments: [1, 2, 3, 6])
    func anotherNumberResumesWhereTheOthersStopped(count: Int) throws {
        try withTemporaryDirectory { directory in
            let alone = try Self.train("alone", in: directory, to: 6, .alone)
            _ = try withThreadGroup(of: 2) { group in
                try Self.train("run", in: directory, to: 3, group, sharded: true)
            }
            let rest = try withThreadGroup(of: count) { group in
                try Self.train("run", in: directory, to: 6, group, sharded: count > 2)
            }
            let stopped = try #require(rest[0].resumedStep)
            let expected = alone.losses.dropFirst(stopped)
            #expect(rest[0].losses.count == expected.count && !expected.isEmpty)
            for (found, expected) in zip(rest[0].losses, expected) {
                #expect(abs(found - expected) < 1e-5)
            }
            // Six micro-batches a step.
            #expect(rest[0].position?.sampleIndex == stopped * 6 / count)
            #expect(rest.allSatisfy { $0.weights == rest[0].weights })
        }
    }

    @Test func othersReadShuffledDataFromTheirStartWhereThatIsAllowed() throws {
        try withTemporaryDirectory { directory in
            _ = try withThreadGroup(of: 2) { group in
                try Self.train("run", in: directory, to: 3, group, shuffled: true)
            }
            let refused = TokenDataError.otherProcessCount(
                then: 2,
                now: 1,
                reason: "each process has shuffled the data in its own order"
            )
            #expect(throws: refused) {
                try Self.train("run", in: directory, to: 6, .alone, shuffled: true)
            }
            let allowed = try Self.train(
                "run",
                in: directory,
                to: 6,
                .alone,
                shuffled: true,
                allowsChanges: true
            )
            #expect(allowed.resumedStep != nil)
            #expect(allowed.position?.sampleIndex == 0)
        }
    }
}
