// Singular values, compared with NumPy's and with known properties of matrices.

import RandomNumbers
import Tensors
import Testing

@testable import Interpretability

/// The singular values of rows.
private func values(_ rows: [[Float]]) throws -> [Double] {
    let matrix = try Tensor(rows.flatMap(\.self), shape: [rows.count, rows.first?.count ?? 0])
    return singularValues(of: matrix) { _ in }
}

/// The largest difference, relative to the largest expected value.
private func difference(_ found: [Double], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let largest = expected.map(abs).max() ?? 1
    return zip(found, expected).map { abs($0 - $1) / largest }.max() ?? 0
}

private func transposed(_ rows: [[Float]]) -> [[Float]] {
    (rows.first ?? []).indices.map { column in rows.map { $0[column] } }
}

@Suite struct SingularValueTests {
    private static let small: [[Float]] = [
        [-5, -2, 1, 4], [2, -1, -5, 1], [1, 3, 3, 1], [3, -1, 3, 4], [-3, -2, -5, -1],
        [5, 0, 1, -3],
    ]

    @Test func theyMatchNumPyOnEitherSide() throws {
        let expected = [
            9.792033851558983, 8.544026163918987, 5.399165584382564, 2.8221801772051216,
        ]
        #expect(try difference(values(Self.small), expected) < 1e-14)
        #expect(try difference(values(transposed(Self.small)), expected) < 1e-14)
    }

    @Test func smallOnesOfAnIllConditionedMatrixAreWithinTheBound() throws {
        let hilbert = (0..<8).map { row in (0..<6).map { 1 / Float(row + $0 + 1) } }
        let expected = [
            1.6553948537386425, 0.2679015752456261, 0.020557212709287294, 0.0009422518883554321,
            2.584412980444852e-05, 3.719754468856116e-07,
        ]
        #expect(try difference(values(hilbert), expected) < 1e-7)
    }

    @Test func aDiagonalHasItsMagnitudes() throws {
        let diagonal: [Float] = [3, -7, 0, 0.5, 2]
        let rows = diagonal.indices.map { i in
            diagonal.indices.map { $0 == i ? diagonal[i] : 0 }
        }
        #expect(try difference(values(rows), [7, 3, 2, 0.5, 0]) < 1e-15)
    }

    @Test func aRowHasItsLengthAndAMatrixOfRankOneASingleValue() throws {
        #expect(try difference(values([[3, 4]]), [5]) < 1e-15)
        #expect(try difference(values([[3], [4]]), [5]) < 1e-15)
        #expect(try values([[-2]]) == [2])
        let outer = [1, 2, 3].map { a in [4, 5, 6, 7].map { Float(a * $0) } }
        #expect(try difference(values(outer), [42, 0, 0]) < 1e-7)
    }

    @Test func aMatrixOfZerosHasZeros() throws {
        #expect(try values([[0, 0, 0], [0, 0, 0]]) == [0, 0])
    }

    @Test(arguments: [Float(1e-30), 1e30])
    func theyScaleWithTheMatrixAcrossTheRangeOfFloats(factor: Float) throws {
        let scaled = Self.small.map { $0.map { $0 * factor } }
        let expected = try values(Self.small).map { $0 * Double(factor) }
        #expect(try difference(values(scaled), expected) < 1e-6)
    }

    // More rows than are computed at once, and not a multiple of four.
    @Test func aLongMatrixKeepsItsSquareAndItsDirections() throws {
        var generator = MersenneTwister(seed: 3)
        let (m, n) = (131, 37)
        let elements = (0..<m * n).map { _ in Float(generator.next32() % 2001) / 1000 - 1 }
        let matrix = try Tensor(elements, shape: [m, n])
        var parts: [Double] = []
        let found = singularValues(of: matrix) { parts.append($0) }
        #expect(found.count == n)
        #expect(found == found.sorted(by: >))
        let square = elements.reduce(0) { $0 + Double($1) * Double($1) }
        #expect(abs(found.reduce(0) { $0 + $1 * $1 } - square) < 1e-10 * square)
        // Columns in a different order, and a sign, change nothing.
        var mixed = elements
        for row in 0..<m {
            for column in 0..<n {
                mixed[row * n + column] = -elements[row * n + (column * 5 + 3) % n]
            }
        }
        let again = singularValues(of: try Tensor(mixed, shape: [m, n])) { _ in }
        #expect(difference(again, found) < 1e-13)
        // Progress goes from the beginning to the end.
        #expect(parts == parts.sorted())
        #expect(parts.last.map { abs($0 - 1) < 0.01 } == true)
        #expect(parts.allSatisfy { 0...1 ~= $0 })
    }

    @Test func anErrorInProgressEndsTheWork() throws {
        struct Stop: Error {}
        let matrix = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        #expect(throws: Stop.self) { try singularValues(of: matrix) { _ in throw Stop() } }
    }
}
