// Passes in which each thread takes sequences, compared with passes in which threads share every
// operation.

import LanguageModels
import Tensors
import Testing

@Suite(.serialized) struct GPT2LaneTests {
    /// A number of sequences that neither two nor three divides.
    private let batch = SmallBatch(17, 5)

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
        // A maximum would not see NaN.
        zip(a, b).map { abs($0 - $1) }.reduce(0) { $0 >= $1 ? $0 : $1 }
    }

    @Test(arguments: [2, 3], [ElementType.float32, .bfloat16])
    func lanesGiveTheLossAndTheGradientsOfOnePass(threads: Int, precision: ElementType) throws {
        let model = try smallModel()
        try model.setPrecision(precision)
        for recomputation in Recomputation.allCases {
            let lanes = try batch.workspace(model, threads: threads, training: recomputation)
            let whole = try batch.workspace(model, threads: 1, training: recomputation)
            #expect(lanes.byteCount > whole.byteCount)
            for (accumulate, scale) in [(false, Float(1)), (true, 0.25)] {
                let expected = try batch.pass(model, whole, scale: scale, accumulate: accumulate)
                let found = try batch.pass(model, lanes, scale: scale, accumulate: accumulate)
                #expect(found.loss == expected.loss)
                // The sums of 85 rows in a different order; gradients reach 0.3.
                #expect(largestDifference(found.gradients, expected.gradients) <= 1e-7)
            }
        }
    }

    @Test(arguments: [2, 3, 18])
    func lanesGiveTheSameBitsEveryTime(threads: Int) throws {
        let model = try smallModel()
        let lanes = try batch.workspace(model, threads: threads)
        let first = try batch.pass(model, lanes)
        for again in [lanes, try batch.workspace(model, threads: threads)] {
            let again = try batch.pass(model, again)
            #expect(again.loss == first.loss && again.gradients == first.gradients)
        }
    }

    @Test(arguments: [2, 3, 18])
    func lanesGiveTheLossesAndLogitsOfOnePass(threads: Int) throws {
        let model = try smallModel()
        let whole = try batch.workspace(model, threads: 1, training: nil)
        let lanes = try batch.workspace(model, threads: threads)
        let all = try model.allLogits(inputs: batch.inputs, workspace: whole)
        #expect(try model.allLogits(inputs: batch.inputs, workspace: lanes) == all)
        let last = try model.lastLogits(inputs: batch.inputs, workspace: whole)
        #expect(last == stride(from: 4, to: all.count, by: 5).map { all[$0] })
        #expect(try model.lastLogits(inputs: batch.inputs, workspace: lanes) == last)
        let losses = try [whole, lanes].map {
            try model.loss(inputs: batch.inputs, targets: batch.targets, workspace: $0)
        }
        #expect(losses[0] == losses[1])
        // The last choice leaves all lanes but one without work.
        for positions in [[0, 39, 40, 41, 84], Array(0..<85), [80, 84]] {
            let losses = try [whole, lanes].map {
                try model.tokenLosses(
                    inputs: batch.inputs,
                    targets: batch.targets,
                    at: positions,
                    workspace: $0
                )
            }
            #expect(losses[0].count == positions.count)
            #expect(losses[0] == losses[1])
        }
    }

    /// For sequences longer than a tile of attention, which threads that share a pass divide into
    /// more pieces than a lane does.
    @Test(arguments: InstructionSet.available, [ElementType.float32, .bfloat16])
    func lanesGiveTheLossesOfThreadsThatShareAPass(
        set: InstructionSet,
        precision: ElementType
    ) throws {
        let (B, T) = (4, 200)
        let configuration = try GPT2Configuration(
            contextLength: T,
            vocabularySize: 10,
            layerCount: 2,
            headCount: 2,
            channels: 48
        )
        let model = try smallModel(configuration)
        try model.setPrecision(precision)
        let losses = try [(1, true), (2, true), (4, true), (3, false)].map { threads, trains in
            let workspace = try TrainingWorkspace(
                model,
                batchSize: B,
                sequenceLength: T,
                training: trains ? Recomputation.none : nil,
                ops: Ops(instructionSet: set, threadCount: threads)
            )
            return try model.tokenLosses(
                inputs: randomTokens(B * T),
                targets: randomTokens(B * T, seed: 10),
                at: Array(0..<B * T),
                workspace: workspace
            )
        }
        for others in losses.dropFirst() { #expect(others == losses[0]) }
    }

    @Test func onlySmallModelsAndBatchesThatLanesShareEvenlyAreDivided() throws {
        let small = try smallConfiguration()
        for (batchSize, threads, lanes) in [
            (12, 2, 2), (2, 2, 2), (17, 2, 2), (17, 3, 3), (64, 16, 16), (16, 17, 16), (32, 34, 32),
            (1, 2, 1), (3, 4, 1), (5, 2, 1), (15, 2, 1), (4, 1, 1),
        ] {
            let found = TrainingWorkspace.laneCount(
                small,
                batchSize: batchSize,
                threadCount: threads
            )
            #expect(found == lanes, "\(batchSize) sequences, \(threads) threads")
        }
        // 3.2 and 5.1 million parameters.
        for (layerCount, vocabularySize, lanes) in [(4, 65, 2), (6, 1024, 1)] {
            let configuration = try GPT2Configuration(
                contextLength: 64,
                vocabularySize: vocabularySize,
                layerCount: layerCount,
                headCount: 4,
                channels: 256
            )
            let found = TrainingWorkspace.laneCount(configuration, batchSize: 4, threadCount: 2)
            #expect(found == lanes)
        }
    }

    @Test func aWorkspaceForInferenceIsNotDivided() throws {
        let model = try smallModel()
        let bytes = try [1, 2].map {
            try batch.workspace(model, threads: $0, training: nil).byteCount
        }
        #expect(bytes[0] == bytes[1])
    }
}
