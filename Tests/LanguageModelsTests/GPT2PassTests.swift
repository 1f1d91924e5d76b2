import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct GPT2PassTests {
    @Test func sequencesUpToTheContextFitAndLongerOnesDoNot() throws {
        let model = try smallModel()
        let longest = try model.workspace(1, 16)
        let tokens = randomTokens(16)
        #expect(
            try model.loss(inputs: tokens, targets: tokens, workspace: longest).isFinite
        )
        for length in [17, 1000, .max] {
            let error = #expect(throws: ModelError.self) { try model.workspace(1, length) }
            #expect(error == .sequenceTooLong(length: length, maximum: 16))
            #expect(error?.description.contains("context of 16") == true)
        }
    }

    @Test(arguments: [(0, 1), (1, 0), (-1, 4), (4, -1), (.max, 1), (.max, 16), (1 << 27, 16)])
    func impossibleBatchesAreErrors(B: Int, T: Int) throws {
        let error = #expect(throws: ModelError.self) { try smallModel().workspace(B, T) }
        guard case .wrongBatch = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("\(B) sequences of \(T)") == true)
    }

    @Test func batchesOfAnotherSizeThanTheWorkspaceAreErrors() throws {
        let model = try smallModel()
        let workspace = try model.workspace(2, 4)
        for (inputs, targets) in [(7, 8), (8, 7), (9, 9), (0, 0), (8, 9)] {
            let error = ModelError.wrongBatch(
                expected: "2 sequences of 4 tokens",
                found: "\(inputs != 8 ? inputs : targets) tokens"
            )
            #expect(throws: error) {
                try model.loss(
                    inputs: randomTokens(inputs),
                    targets: randomTokens(targets),
                    workspace: workspace
                )
            }
        }
        #expect(throws: ModelError.self) {
            try model.lastLogits(inputs: randomTokens(7), workspace: workspace)
        }
    }

    @Test(arguments: [-1, 10, 127, 128, .max, .min] as [Int32])
    func tokensOutsideTheVocabularyAreErrorsEvenInsideThePadding(token: Int32) throws {
        let model = try smallModel()
        let workspace = try model.workspace(2, 4)
        let gradients = try model.makeParameterSet()
        let good = randomTokens(8)
        var bad = good
        bad[5] = token
        let error = ModelError.tokenOutsideVocabulary(token: token, index: 5, vocabularySize: 10)
        for (inputs, targets) in [(bad, good), (good, bad)] {
            #expect(throws: error) {
                try model.loss(inputs: inputs, targets: targets, workspace: workspace)
            }
            #expect(throws: error) {
                try model.lossAndGradients(
                    inputs: inputs,
                    targets: targets,
                    workspace: workspace,
                    gradients: gradients
                )
            }
        }
        #expect(throws: error) { try model.allLogits(inputs: bad, workspace: workspace) }
        #expect(throws: error) { try model.lastLogits(inputs: bad, workspace: workspace) }
        #expect(gradients.flat.floats().allSatisfy { $0 == 0 })
    }

    @Test func recomputationChangesMemoryButNoBitOfTheGradients() throws {
        let model = try smallModel()
        let (inputs, targets) = (randomTokens(32), randomTokens(32, seed: 10))
        var results: [(loss: Float, gradients: [Float], bytes: Int)] = []
        for recomputation in Recomputation.allCases {
            let workspace = try model.workspace(2, 16, training: recomputation)
            let gradients = try model.makeParameterSet()
            let loss = try model.lossAndGradients(
                inputs: inputs,
                targets: targets,
                workspace: workspace,
                gradients: gradients
            )
            results.append((loss, gradients.flat.floats(), workspace.byteCount))
        }
        #expect(results[0].gradients.contains { $0 != 0 })
        for result in results.dropFirst() {
            #expect(result.loss == results[0].loss)
            #expect(result.gradients == results[0].gradients)
        }
        #expect(results[1].bytes < results[0].bytes)
        #expect(results[2].bytes < results[1].bytes)
        #expect(try model.workspace(2, 16, training: nil).byteCount < results[2].bytes)
    }

    @Test func gradientsOverwriteOrAccumulateWithTheirScale() throws {
        let model = try smallModel()
        let workspace = try model.workspace(2, 16)
        let batches = [(1, 2), (3, 4)].map {
            (randomTokens(32, seed: $0), randomTokens(32, seed: $1))
        }
        func gradients(
            _ batch: ([Int32], [Int32]),
            into gradients: TensorSet,
            scale: Float = 1,
            accumulate: Bool = false
        ) throws -> [Float] {
            _ = try model.lossAndGradients(
                inputs: batch.0,
                targets: batch.1,
                workspace: workspace,
                gradients: gradients,
                scale: scale,
                accumulate: accumulate
            )
            return gradients.flat.floats()
        }
        let first = try gradients(batches[0], into: model.makeParameterSet())
        let second = try gradients(batches[1], into: model.makeParameterSet())

        let sum = try model.makeParameterSet()
        // The previous contents must not matter.
        sum.flat.withUnsafeMutableElements(as: Float.self) { $0.update(repeating: 1e6) }
        _ = try gradients(batches[0], into: sum, scale: 0.5)
        let found = try gradients(batches[1], into: sum, scale: 0.5, accumulate: true)
        let largest =
            zip(found, zip(first, second))
            .map { abs($0 - ($1.0 + $1.1) / 2) }.max() ?? .nan
        #expect(largest <= 1e-7)
        #expect(try gradients(batches[1], into: sum) == second)
    }

    @Test func paddingOfTheVocabularyHasNoGradient() throws {
        let model = try smallModel()
        let gradients = try model.makeParameterSet()
        _ = try model.lossAndGradients(
            inputs: randomTokens(8),
            targets: randomTokens(8, seed: 10),
            workspace: model.workspace(2, 4),
            gradients: gradients
        )
        let rows = gradients["wte"]
        #expect(rows[10..<128].floats().allSatisfy { $0 == 0 })
        #expect(rows[0..<10].floats().contains { $0 != 0 })
    }

    @Test func lossIsTheMeanOfTheRowsWithAndWithoutGradients() throws {
        let model = try smallModel()
        let (inputs, targets) = (randomTokens(32), randomTokens(32, seed: 10))
        let inference = try model.workspace(2, 16, training: nil)
        let loss = try model.loss(inputs: inputs, targets: targets, workspace: inference)
        let rows = try model.allLogits(inputs: inputs, workspace: inference)
        #expect(rows.count == 32 && rows.allSatisfy { $0.count == 10 })
        let losses = zip(rows, targets).map { row, target in
            log(row.reduce(0.0) { $0 + exp(Double($1)) }) - Double(row[Int(target)])
        }
        #expect(abs(Double(loss) - losses.reduce(0, +) / 32) <= 1e-6)
        let trained = try model.lossAndGradients(
            inputs: inputs,
            targets: targets,
            workspace: model.workspace(2, 16),
            gradients: model.makeParameterSet()
        )
        #expect(abs(trained - loss) <= 1e-6)
        // A model that knows nothing has a loss of log(V).
        #expect(abs(loss - log(10)) < 0.05)
    }

    @Test func aWorkspaceWithThreadsOfItsOwnTakesWideModels() throws {
        let configuration = try GPT2Configuration(
            contextLength: 4,
            vocabularySize: 10,
            layerCount: 1,
            headCount: 8,
            channels: 1032
        )
        let model = try smallModel(configuration)
        let (inputs, targets) = (randomTokens(4), randomTokens(4, seed: 10))
        let losses = try [1, 2].map { threads in
            try model.lossAndGradients(
                inputs: inputs,
                targets: targets,
                workspace: TrainingWorkspace(
                    model,
                    batchSize: 1,
                    sequenceLength: 4,
                    training: Recomputation.none,
                    ops: Ops(threadCount: threads)
                ),
                gradients: model.makeParameterSet()
            )
        }
        #expect(losses[0] == losses[1])
    }

    @Test func unsupportedTypesStopTheProgramAtOnce() async {
        await #expect(processExitsWith: .trap) {
            try smallModel().setPrecision(.int32)
            exit(0)
        }
        await #expect(processExitsWith: .trap) {
            _ = try GPT2Decoder(smallModel(), cachePrecision: .q8_0)
            exit(0)
        }
    }

    @Test func lastLogitsAreTheLastRowsOfAllAndTheFutureDoesNotMatter() throws {
        let model = try smallModel()
        let workspace = try model.workspace(2, 8, training: nil)
        var tokens = randomTokens(16)
        let all = try model.allLogits(inputs: tokens, workspace: workspace)
        #expect(try model.lastLogits(inputs: tokens, workspace: workspace) == [all[7], all[15]])
        tokens[7] = (tokens[7] + 1) % 10
        let changed = try model.allLogits(inputs: tokens, workspace: workspace)
        #expect(changed[..<7] == all[..<7])
        #expect(changed[7] != all[7])
        #expect(changed[8...] == all[8...])
    }
}
