// Losses of selected positions, compared with the logits of all.

import Foundation
import LanguageModels
import Tensors
import Testing

@Suite(.serialized) struct GPT2TokenLossesTests {
    @Test(arguments: [[0], [23], [3, 4, 9, 22], Array(0..<24), []])
    func selectedPositionsHaveTheLossOfTheirLogits(positions: [Int]) throws {
        let model = try smallModel()
        let workspace = try TrainingWorkspace(
            model,
            batchSize: 2,
            sequenceLength: 12,
            training: nil
        )
        let inputs = randomTokens(24)
        let targets = randomTokens(24, seed: 4)
        let logits = try model.allLogits(inputs: inputs, workspace: workspace)
        let expected = positions.map { position in
            let row = logits[position].map(Double.init)
            return log(row.reduce(0) { $0 + exp($1) }) - row[Int(targets[position])]
        }
        let found = try model.tokenLosses(
            inputs: inputs,
            targets: targets,
            at: positions,
            workspace: workspace
        )
        try #require(found.count == expected.count)
        for (found, expected) in zip(found, expected) {
            #expect(abs(Double(found) - expected) <= 1e-6)
        }
    }
}
