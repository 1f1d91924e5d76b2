// Runs in which one process of several cannot continue, or is not like the others.

import Collectives
import FileIO
import TestSupport
import Testing
import TokenData

@testable import Training

@Suite(.serialized) struct ProcessFailureTests {
    fileprivate struct Broken: Error, CustomStringConvertible { let description = "it broke" }

    /// Runs three processes with two batches a step each, of which one cannot read a batch.
    private func results(
        broken: Int,
        atBatch batch: Int,
        countsAllTargets: Bool,
        in directory: FilePath
    ) -> [Result<Void, any Error>] {
        threadGroupResults(of: 3) { group in
            let small = SmallRun(totalBatchTokens: 96, steps: 6)
            var settings = small.settings
            settings.checkpointInterval = 1
            let data = BreakingSource(
                base: try small.loader(in: directory, group: group),
                batchesLeft: group.rank == broken ? batch : .max,
                countsAllTargets: countsAllTargets
            )
            let run = try TrainingRun(
                small.trainer(in: directory, settings: settings, data: data, group: group),
                validation: nil,
                directory: RunDirectory(directory.appending("run"))
            )
            do {
                try run.run { _ in }
            } catch {
                #expect(group.hasAgreedToEnd)
                throw error
            }
        }
    }

    @Test(arguments: [true, false], [(0, 1), (1, 4), (2, 5)])
    func aProcessThatCannotReadItsDataEndsTheRunOfAll(
        countsAllTargets: Bool,
        place: (Int, Int)
    ) throws {
        try withTemporaryDirectory { directory in
            let (broken, batch) = place
            let results = results(
                broken: broken,
                atBatch: batch,
                countsAllTargets: countsAllTargets,
                in: directory
            )
            let told = CollectiveError.otherRank(
                rank: broken,
                message: "it broke",
                exitStatus: 65
            )
            for (rank, result) in results.enumerated() {
                if rank == broken {
                    #expect(throws: Broken.self) { try result.get() }
                } else {
                    #expect(throws: told) { try result.get() }
                }
            }
            let saved = try RunDirectory(directory.appending("run")).checkpointSteps().last
            let complete = batch / 2
            #expect(saved == (complete > 0 ? complete : nil))
        }
    }

    @Test func processesThatValidateOnOtherDataAreRefused() throws {
        try withTemporaryDirectory { directory in
            let results = threadGroupResults(of: 2) { group in
                var held = SmallRun()
                held.tokenCount += 64 * group.rank
                let seed = UInt64(2 + group.rank)
                _ = try TrainingRun(
                    SmallRun(totalBatchTokens: 96).trainer(in: directory, group: group),
                    validation: held.loader(in: directory, seed: seed),
                    directory: RunDirectory(directory.appending("run"))
                )
            }
            expectUnlike(results, "the validation data")
        }
    }

    @Test func processesThatShareTheWorkInOtherWaysAreRefused() throws {
        try withTemporaryDirectory { directory in
            let results = threadGroupResults(of: 2) { group in
                try SmallRun(totalBatchTokens: 96).trainer(
                    in: directory,
                    group: group,
                    parallel: DataParallel(shardsOptimizer: group.isFirst)
                ).requireAlike()
            }
            expectUnlike(results, "how the work is shared")
        }
    }

    @Test func processesWithOtherQuestionsAreRefused() throws {
        try withTemporaryDirectory { directory in
            let results = threadGroupResults(of: 2) { group in
                let model = try SmallRun().trainer(in: directory).model
                let question = MultipleChoiceExample(
                    context: [1, 2, 3],
                    endings: (0..<4).map { [Int32(4 + group.rank), $0] },
                    label: 0
                )
                _ = try Evaluator(model, batchSize: 2, group: group).score([question])
            }
            expectUnlike(results, "the questions to choose answers to")
        }
    }

    private func expectUnlike(_ results: [Result<Void, any Error>], _ expected: String) {
        for result in results {
            #expect {
                try result.get()
            } throws: { error in
                guard case CollectiveError.unlike(let fact, _, 1, _) = error else { return false }
                return fact == expected
            }
        }
    }
}

/// Data that cannot be read any more after some batches.
private struct BreakingSource: BatchSource {
    var base: any BatchSource
    var batchesLeft: Int
    let countsAllTargets: Bool

    var source: TokenLoaderSource { base.source }
    var state: TokenLoaderState { base.state }
    var samplesPerEpoch: Int { base.samplesPerEpoch }
    var shardPaths: [FilePath] { base.shardPaths }

    mutating func nextBatch(into batch: inout TokenBatch) throws {
        guard batchesLeft > 0 else { throw ProcessFailureTests.Broken() }
        batchesLeft -= 1
        try base.nextBatch(into: &batch)
    }

    mutating func startEpoch() throws { try base.startEpoch() }

    mutating func restore(_ saved: TokenLoaderState) throws { try base.restore(saved) }

    mutating func digestShards(_ progress: (Int, Int) throws -> Void) throws {
        try base.digestShards(progress)
    }
}
