// Losses in which only some targets count, compared with the losses of all targets and of single
// ones.

import LanguageModels
import Tensors
import Testing

@Suite(.serialized) struct MaskedLossTests {
    private let batch = SmallBatch(4, 6)

    /// Masks of a few targets, none in a sequence, none in a lane, one, and all.
    static let masks: [[Bool]] = [
        (0..<24).map { $0 % 5 == 2 }, (0..<24).map { $0 >= 6 && $0 % 2 == 0 },
        (0..<24).map { $0 >= 12 }, (0..<24).map { $0 == 23 }, (0..<24).map { $0 == 0 },
        [Bool](repeating: true, count: 24),
    ]

    @Test(arguments: masks, [(1, ElementType.float32), (2, .float32), (2, .bfloat16)])
    func partsAddUpToTheWhole(mask: [Bool], way: (threads: Int, precision: ElementType)) throws {
        let (threads, precision) = way
        let tolerance: Float = precision == .float32 ? 1e-5 : 2e-2
        let model = try smallModel()
        try model.setPrecision(precision)
        for recomputation in Recomputation.allCases {
            let workspace = try batch.workspace(model, threads: threads, training: recomputation)
            let all = try batch.pass(model, workspace)
            let (some, others) = (
                try batch.pass(model, workspace, isCounted: mask),
                try batch.pass(model, workspace, isCounted: mask.map { !$0 })
            )
            let count = Float(mask.count(where: \.self))
            let otherCount = Float(mask.count) - count
            let loss = (some.loss * count + others.loss * otherCount) / Float(mask.count)
            #expect(abs(loss - all.loss) < 1e-6)
            let largest = all.gradients.reduce(0) { max($0, abs($1)) }
            for (index, gradient) in all.gradients.enumerated() {
                let sum =
                    (some.gradients[index] * count + others.gradients[index] * otherCount)
                    / Float(mask.count)
                // NaN is not less than anything.
                guard abs(sum - gradient) <= tolerance * largest else {
                    Issue.record("gradient \(index): \(sum), not \(gradient)")
                    return
                }
            }
        }
    }

    @Test func allTargetsCountedIsTheSameAsNoMask() throws {
        let model = try smallModel()
        let workspace = try batch.workspace(model)
        let all = [Bool](repeating: true, count: batch.inputs.count)
        let (masked, plain) = (
            try batch.pass(model, workspace, isCounted: all, scale: 0.5),
            try batch.pass(model, workspace, scale: 0.5)
        )
        #expect(masked.loss == plain.loss && masked.gradients == plain.gradients)
    }

    @Test func noTargetCountedIsNoLossAndNoGradient() throws {
        let model = try smallModel()
        for threads in [1, 2] {
            let none = [Bool](repeating: false, count: batch.inputs.count)
            let result = try batch.pass(
                model,
                batch.workspace(model, threads: threads),
                isCounted: none
            )
            #expect(result.loss == 0 && result.gradients.allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: masks)
    func theLossIsTheMeanOfThoseThatCount(mask: [Bool]) throws {
        let model = try smallModel()
        let workspace = try batch.workspace(model, training: nil)
        let positions = mask.indices.filter { mask[$0] }
        let single = try model.tokenLosses(
            inputs: batch.inputs,
            targets: batch.targets,
            at: positions,
            workspace: workspace
        )
        let loss = try model.loss(
            inputs: batch.inputs,
            targets: batch.targets,
            isCounted: mask,
            workspace: workspace
        )
        #expect(abs(loss - single.reduce(0, +) / Float(single.count)) < 1e-6)
    }

    @Test func masksAndStartsOfAnotherSizeAreErrors() throws {
        let model = try smallModel()
        let workspace = try batch.workspace(model, training: nil)
        #expect(throws: ModelError.self) {
            try model.loss(
                inputs: batch.inputs,
                targets: batch.targets,
                isCounted: [true],
                workspace: workspace
            )
        }
        #expect(throws: ModelError.self) {
            try model.loss(
                inputs: batch.inputs,
                targets: batch.targets,
                starts: [0],
                workspace: workspace
            )
        }
    }

    @Test(arguments: [([0, 2, 2], 1), ([1, 1, 1], 0), ([-1, 0, 0], 0), ([0, 1, 0], 2)])
    func impossibleStartsAreErrors(beginning: [Int32], position: Int) throws {
        let model = try smallModel()
        var starts = [Int32](repeating: 0, count: batch.inputs.count)
        // In the second sequence.
        starts.replaceSubrange(6..<9, with: beginning)
        let error = #expect(throws: ModelError.self) {
            try model.loss(
                inputs: batch.inputs,
                targets: batch.targets,
                starts: starts,
                workspace: batch.workspace(model, training: nil)
            )
        }
        let found = "\(beginning[position]) at position \(position) of sequence 1"
        #expect(error?.description.contains(found) == true)
    }
}
