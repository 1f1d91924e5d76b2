import Tensors
import Testing
import Training

struct ParameterSharesTests {
    private let layout = TensorLayout([
        TensorSpecification("wte", [5, 3], decays: true),
        TensorSpecification("qkvw", [2, 6, 4], decays: true),
        TensorSpecification("ln1b", [2, 3]),
        TensorSpecification("lnfw", [3]),
    ])

    @Test(arguments: [1, 2, 3, 4, 7, 40])
    func everyElementBelongsToOneProcess(count: Int) {
        let shares = ParameterShares(layout, layered: ["qkvw", "ln1b"], processCount: count)
        let all = (0..<count).flatMap { shares.ranges(ofRank: $0).flatMap { Array($0) } }
        #expect(all.sorted() == Array(0..<layout.elementCount))
        let counts = (0..<count).map(shares.elementCount(ofRank:))
        #expect(counts.reduce(0, +) == layout.elementCount)
        // A piece is never more uneven than by one element.
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= shares.pieces.count)
    }

    @Test func aPieceIsATensorOfOneLayer() {
        let shares = ParameterShares(layout, layered: ["qkvw", "ln1b"], processCount: 2)
        #expect(
            shares.pieces.map(\.range) == [0..<15, 15..<39, 39..<63, 63..<66, 66..<69, 69..<72]
        )
        #expect(shares.pieces.map(\.layer) == [nil, 0, 1, 0, 1, nil])
        #expect(shares.pieces.map(\.tensor) == [0, 1, 1, 2, 2, 3])
    }

    @Test func everyProcessHasAPartOfEveryLayersTensorAsInLlmC() {
        let shares = ParameterShares(layout, layered: ["qkvw", "ln1b"], processCount: 3)
        #expect(shares.ranges(ofRank: 1) == [5..<10, 23..<31, 47..<55, 64..<65, 67..<68, 70..<71])
    }
}
