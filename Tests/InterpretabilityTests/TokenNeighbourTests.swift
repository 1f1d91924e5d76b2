// Which tokens are near another.

import Interpretability
import LanguageModels
import Tensors
import Testing

/// A GPT-2 with these rows as embeddings, and zeros as all other weights.
private func weights(_ rows: [[Float]]) throws -> MemoryWeights<GPT2Configuration> {
    let configuration = try GPT2Configuration(
        contextLength: 4,
        vocabularySize: rows.count,
        layerCount: 1,
        headCount: 1,
        channels: rows[0].count
    )
    return try MemoryWeights(configuration) { weight in
        weight.role == .embedding
            ? try Tensor(rows.flatMap(\.self), shape: weight.shape)
            : try Tensor(zeros: weight.shape)
    }
}

@Suite struct TokenNeighbourTests {
    private let ops: Ops

    init() throws { ops = try Ops(threadCount: 1) }

    @Test func theyAreInTheOrderOfTheCosine() throws {
        let weights = try weights([[1, 0], [0, 5], [3, 3], [-2, 0], [2, 0.1]])
        let found = try weights.neighbours(of: 0, count: 9, ops: ops)
        #expect(found.map(\.token) == [4, 2, 1, 3])
        #expect(abs(found[1].cosine - Float(0.5).squareRoot()) < 1e-7)
        #expect(found[2].cosine == 0)
        #expect(found[3].cosine == -1)
        #expect(try weights.neighbours(of: 0, count: 2, ops: ops).map(\.token) == [4, 2])
        #expect(try weights.neighbours(of: 0, count: 0, ops: ops).isEmpty)
    }

    @Test func ofEqualsTheLowerIdIsFirst() throws {
        let weights = try weights([[0, 2], [1, 1], [0, 4], [2, 2], [0, 1]])
        #expect(try weights.neighbours(of: 4, count: 4, ops: ops).map(\.token) == [0, 2, 1, 3])
    }

    @Test func anEmbeddingWithoutDirectionIsNearNoOther() throws {
        let weights = try weights([[1, 0], [0, 0], [.nan, 1], [.infinity, 1], [1, 1]])
        #expect(try weights.neighbours(of: 0, count: 9, ops: ops).map(\.token) == [4])
        for token: Int32 in 1...3 {
            #expect(throws: InterpretabilityError.noDirection(token: token)) {
                try weights.neighbours(of: token, count: 1, ops: ops)
            }
        }
    }

    @Test(arguments: [Int32(-1), 3, .max]) func aTokenOutsideTheVocabularyIsRefused(
        token: Int32
    ) throws {
        let weights = try weights([[1, 0], [0, 1], [1, 1]])
        let expected = InterpretabilityError.tokenOutsideVocabulary(
            token: token,
            vocabularySize: 3
        )
        #expect(throws: expected) { try weights.neighbours(of: token, count: 1, ops: ops) }
    }
}
