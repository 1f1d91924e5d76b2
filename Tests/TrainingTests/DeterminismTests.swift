// What may change the bits of a run, and what may not.

import TestSupport
import Testing
import Training

@Suite(.serialized) struct DeterminismTests {
    /// The losses and norms of 20 steps of a model large enough to be divided among threads.
    private func measurements(threads: Int) throws -> [Float] {
        try withTemporaryDirectory { directory in
            let run = SmallRun(
                threads: threads,
                channels: 64,
                vocabularySize: 1000,
                batchSize: 8,
                sequenceLength: 64,
                steps: 20,
                tokenCount: 20 * 512 + 1
            )
            let trainer = try run.trainer(in: directory)
            return try (0..<run.steps).flatMap { _ in
                let step = try trainer.step()
                return [step.loss, step.gradientNorm]
            }
        }
    }

    @Test(arguments: [1, 2, 3])
    func sameThreadsGiveTheSameBits(threads: Int) throws {
        let first = try measurements(threads: threads)
        let second = try measurements(threads: threads)
        #expect(first.map(\.bitPattern) == second.map(\.bitPattern))
        #expect(Set(first).count > 20, "a run that changes nothing tests nothing")
    }

    @Test func numberOfThreadsChangesRoundingOnly() throws {
        let expected = try measurements(threads: 1)
        for threads in [2, 3, 5] {
            let found = try measurements(threads: threads)
            let largest = zip(found, expected).map { abs($0 - $1) }.max() ?? .nan
            print("\(threads) threads against 1: largest difference \(largest)")
            #expect(largest <= 1e-4)
        }
    }
}
