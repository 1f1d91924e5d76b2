// Several processes compared with one that makes all their micro-batches.

import Collectives
import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct DataParallelTests {
    /// What a run measured, and where its weights ended.
    private struct Outcome: Equatable {
        var losses: [Float] = []
        var norms: [Float] = []
        var weights: [Float] = []
    }

    private func run() -> SmallRun {
        var run = SmallRun()
        run.layerCount = 3
        run.channels = 16
        run.vocabularySize = 50
        run.totalBatchTokens = 4 * 2 * 2 * 8
        run.steps = 20
        run.tokenCount = 20 * 128 + 1
        return run
    }

    private func settings(
        _ run: SmallRun,
        precision: ElementType,
        dropout: Float
    ) -> TrainingSettings {
        var settings = run.settings
        settings.precision = precision
        settings.dropout = dropout
        return settings
    }

    private func outcomes(
        of processCount: Int,
        _ parallel: DataParallel = DataParallel(),
        precision: ElementType = .float32,
        dropout: Float = 0,
        run: SmallRun? = nil
    ) throws -> [Outcome] {
        let run = run ?? self.run()
        let settings = settings(run, precision: precision, dropout: dropout)
        return try withTemporaryDirectory { directory in
            @Sendable func outcome(_ group: ProcessGroup) throws -> Outcome {
                let trainer = try run.trainer(
                    in: directory,
                    settings: settings,
                    group: group,
                    parallel: parallel
                )
                var outcome = Outcome()
                for _ in 0..<run.steps {
                    let step = try trainer.step()
                    outcome.losses.append(step.loss)
                    outcome.norms.append(step.gradientNorm)
                }
                outcome.weights = trainer.model.parameters.flat.floats()
                return outcome
            }
            if processCount == 1 { return [try outcome(.alone)] }
            return try withThreadGroup(of: processCount) { try outcome($0) }
        }
    }

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).map { abs($0 - $1) }.max() ?? .nan
    }

    @Test(arguments: [2, 4], [ElementType.float32, .bfloat16])
    func processesGiveTheLossesOfOneThatMakesAllMicroBatches(
        count: Int,
        precision: ElementType
    ) throws {
        // Sums in another order now and then round a weight to its other neighbor in bfloat16.
        let tolerance: Float = precision == .float32 ? 1e-5 : 2e-4
        let alone = try outcomes(of: 1, precision: precision)[0]
        #expect(Set(alone.losses).count == alone.losses.count)
        for shards in [false, true] {
            let parallel = DataParallel(shardsOptimizer: shards)
            let all = try outcomes(of: count, parallel, precision: precision)
            #expect(all.allSatisfy { $0 == all[0] }, "processes that differ")
            #expect(largestDifference(all[0].losses, alone.losses) <= tolerance)
            #expect(largestDifference(all[0].norms, alone.norms) <= 10 * tolerance)
        }
    }

    @Test func aShardedOptimizerGivesTheBitsOfWholeOnes() throws {
        let whole = try outcomes(of: 4)[0]
        let sharded = try outcomes(of: 4, DataParallel(shardsOptimizer: true))[0]
        #expect(whole == sharded)
    }

    @Test func thereMayBeMoreProcessesThanElementsOfATensor() throws {
        var run = SmallRun(totalBatchTokens: 12 * 2 * 8, steps: 3)
        run.tokenCount = 3 * 12 * 16 + 1
        let alone = try outcomes(of: 1, run: run)[0]
        let tolerances: [ElementType: Float] = [.float32: 1e-5, .bfloat16: 1e-2]
        for (type, tolerance) in tolerances {
            for shards in [false, true] {
                let parallel = DataParallel(shardsOptimizer: shards, gradientType: type)
                let all = try outcomes(of: 12, parallel, run: run)
                #expect(all.allSatisfy { $0 == all[0] }, "processes that differ")
                #expect(largestDifference(all[0].losses, alone.losses) <= tolerance)
            }
        }
    }

    @Test func runsRepeatBitForBit() throws {
        let parallel = DataParallel(shardsOptimizer: true, gradientType: .bfloat16)
        #expect(try outcomes(of: 4, parallel) == outcomes(of: 4, parallel))
    }

    @Test(arguments: [false, true])
    func gradientsMayBeSentRounded(shards: Bool) throws {
        let alone = try outcomes(of: 1)[0]
        let parallel = DataParallel(shardsOptimizer: shards, gradientType: .bfloat16)
        let all = try outcomes(of: 4, parallel)
        #expect(all.allSatisfy { $0 == all[0] }, "processes that differ")
        let difference = largestDifference(all[0].losses, alone.losses)
        #expect(difference <= 1e-2)
        #expect(difference > 0, "nothing was rounded")
    }

    @Test func dropoutDropsWhatOneProcessWouldDrop() throws {
        let alone = try outcomes(of: 1, dropout: 0.2)[0]
        let all = try outcomes(of: 4, dropout: 0.2)
        #expect(largestDifference(all[0].losses, alone.losses) <= 1e-5)
        let undropped = try outcomes(of: 1)[0]
        #expect(largestDifference(undropped.losses, alone.losses) > 1e-2)
    }

    @Test func aStepMustDivideAmongTheProcesses() throws {
        let run = run()
        let results = try withTemporaryDirectory { directory in
            threadGroupResults(of: 3) { _ = try run.trainer(in: directory, group: $0) }
        }
        for result in results {
            #expect(throws: TrainingError.self) { try result.get() }
        }
    }

    @Test func processesThatWouldTrainDifferentlyAreRefused() throws {
        let run = run()
        let results = try withTemporaryDirectory { directory in
            threadGroupResults(of: 2) { group in
                var settings = run.settings
                settings.optimizer.weightDecay = Float(group.rank)
                let trainer = try run.trainer(in: directory, settings: settings, group: group)
                try trainer.requireAlike()
            }
        }
        for result in results {
            #expect(throws: CollectiveError.self) { try result.get() }
        }
    }
}
