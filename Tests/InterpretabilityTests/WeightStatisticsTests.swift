// Statistics of the numbers in a tensor.

import Tensors
import Testing

@testable import Interpretability

@Suite struct WeightStatisticsTests {
    private let ops: Ops

    init() throws { ops = try Ops(threadCount: 1) }

    private func statistics(
        _ elements: [Float],
        _ shape: [Int],
        isStack: Bool = false
    ) throws -> WeightStatistics {
        try WeightStatistics(of: Tensor(elements, shape: shape), isStack: isStack, ops: ops)
    }

    private func drawn(
        _ elements: [Float],
        _ shape: [Int],
        rows: Int,
        columns: Int
    ) throws -> WeightPicture {
        WeightPicture(of: try Tensor(elements, shape: shape), rows: rows, columns: columns)
    }

    @Test func theyMatchNumPy() throws {
        let found = try statistics([-5, -2, 1, 4, 2, -1, -5, 1, 1, 3, 3, 1], [3, 4])
        #expect(found.shape == [3, 4])
        #expect(found.mean == 0.25)
        #expect(abs((found.standardDeviation ?? 0) - 2.832107577994405) < 1e-14)
        #expect(found.minimum == -5)
        #expect(found.maximum == 4)
        #expect(found.nonFiniteCount == 0)
        #expect(found.singularValues?.count == 3)
    }

    @Test func aSmallSpreadAroundALargeMeanIsKept() throws {
        let found = try statistics([1_000_000, 1_000_001, 1_000_002, 1_000_003], [4])
        #expect(abs((found.standardDeviation ?? 0) - 1.25.squareRoot()) < 1e-9)
    }

    @Test func onlyAMatrixHasSingularValues() throws {
        #expect(try statistics([1, 2, 3, 4], [4]).singularValues == nil)
        #expect(try statistics([1, 2, 3, 4], [1, 2, 2]).singularValues == nil)
        #expect(try statistics([1, 2, 3, 4], [2, 2], isStack: true).singularValues == nil)
        #expect(try statistics([3], []).singularValues == nil)
        #expect(try statistics([], [0, 3]).singularValues == nil)
        #expect(try statistics([1, 2, 3, 4], [2, 2]).singularValues != nil)
    }

    @Test func infinityAndNaNAreCountedAndLeftOut() throws {
        let found = try statistics([.nan, 1, -.infinity, 3], [2, 2])
        #expect(found.nonFiniteCount == 2)
        #expect(found.mean == 2)
        #expect(found.standardDeviation == 1)
        #expect(found.minimum == 1)
        #expect(found.maximum == 3)
        #expect(found.singularValues == nil)
        #expect(found.picture.means == [0, 1, 0, 3])
        let none = try statistics([.nan], [1])
        #expect(none.mean == nil && none.standardDeviation == nil)
        #expect(none.minimum == nil && none.maximum == nil)
        #expect(try statistics([], [0]).mean == nil)
    }

    @Test func blocksCountWithTheirValues() throws {
        let floats = (0..<64).map { Float($0) - 31.5 }
        for type in [ElementType.q8_0, .q4_0, .bfloat16, .float16] {
            let stored = try ops.convert(Tensor(floats, shape: [2, 32]), to: type)
            let found = try WeightStatistics(of: stored, ops: ops)
            let expected = try ops.convert(stored, to: .float32).floats()
            #expect(found.minimum == expected.min().map { Double($0) })
            #expect(found.maximum == expected.max().map { Double($0) })
            #expect(found.singularValues?.count == 2)
        }
    }

    @Test func theCellsOfAPictureCoverAllNumbers() throws {
        let elements = (0..<15).map { Float($0) }
        let picture = try drawn(elements, [3, 5], rows: 2, columns: 2)
        #expect(picture.rows == 2 && picture.columns == 2)
        // Rows 0 and 1 to 2; columns 0 to 1 and 2 to 4.
        #expect(picture.means == [0.5, 3, 8, 10.5])
        #expect(picture.magnitudes[0] == Float(0.5.squareRoot()))
        // 5, 6, 10 and 11.
        #expect(abs(picture.magnitudes[2] - Float((282.0 / 4).squareRoot())) < 1e-5)
        let signs = try drawn([1, -1], [2], rows: 9, columns: 1)
        #expect(signs.means == [0] && signs.magnitudes == [1])
    }

    @Test func aPictureHasNoMoreCellsThanNumbers() throws {
        let picture = try drawn([1, -2, 3], [3], rows: 20, columns: 76)
        #expect(picture.rows == 1 && picture.columns == 3)
        #expect(picture.means == [1, -2, 3] && picture.magnitudes == [1, 2, 3])
        let none = try drawn([], [0, 4], rows: 2, columns: 2)
        #expect(none.rows == 0 && none.means.isEmpty)
    }
}
