// The singular values of a matrix: the roots of the eigenvalues of its product with itself, on the
// shorter side, all in float64 (SymmetricEigenvalues.swift says why not by a library).
//
// Products of float32 numbers are exact in float64, so each value is within 1e-7 of the largest
// one. Smaller values are not reliable, and those of a matrix of lower rank are not exactly zero;
// decompositions that preserve them cost several times as much.

import Tensors

/// The singular values of a matrix, largest first.
/// - Parameters:
///   - matrix: `(rows, columns)` float32, all finite.
///   - progress: Called with the finished fraction of the work; if it throws, the work ends.
/// - Returns: As many values as the shorter side is long.
/// - Throws: What `progress` throws.
func singularValues(
    of matrix: Tensor,
    progress: (_ fraction: Double) throws -> Void
) rethrows -> [Double] {
    let (m, n) = (matrix.rows, matrix.columns)
    let (long, k) = (max(m, n), min(m, n))
    // Operations of the two parts: half of a square for each row, and a few passes over the square.
    let (productCost, reductionCost) = (Double(long), 4 * Double(k) / 3)
    let total = productCost + reductionCost
    let product = try gramMatrix(of: matrix) { rows in
        try progress(Double(rows) / total)
    }
    let eigenvalues = try product.eigenvalues { rows in
        // The rest of the work shrinks with the cube of the remaining rows.
        let left = 1 - Double(rows) / Double(k)
        try progress((productCost + reductionCost * (1 - left * left * left)) / total)
    }
    // Rounding may leave a zero slightly negative.
    return eigenvalues.reversed().map { max($0, 0).squareRoot() }
}

/// The product of a matrix with itself over its longer side: `(k, k)`, where k is the shorter one.
/// - Parameters:
///   - matrix: `(rows, columns)` float32.
///   - progress: Called with the finished fraction of the longer side.
/// - Returns: The product.
/// - Throws: What `progress` throws.
private func gramMatrix(
    of matrix: Tensor,
    progress: (_ rows: Int) throws -> Void
) rethrows -> SymmetricMatrix {
    let (m, n) = (matrix.rows, matrix.columns)
    let isWide = m < n
    let (long, k) = (max(m, n), min(m, n))
    var result = SymmetricMatrix(zeros: k)
    // Few enough rows to stay in the second-level cache, as float64.
    let blockRows = 32
    var block = [Double](repeating: 0, count: blockRows * k)
    for first in stride(from: 0, to: long, by: blockRows) {
        let count = min(blockRows, long - first)
        matrix.withUnsafeElements(as: Float.self) { elements in
            for row in 0..<count {
                for i in 0..<k {
                    let place = isWide ? i * n + first + row : (first + row) * n + i
                    block[row * k + i] = Double(elements[place])
                }
            }
        }
        // Rows past the last are zero, and change nothing.
        for i in (count * k)..<(blockRows * k) { block[i] = 0 }
        addSquare(of: block, to: &result, rows: blockRows)
        try progress(first + count)
    }
    for i in 0..<k {
        for j in 0..<i { result.elements[i * k + j] = result.elements[j * k + i] }
    }
    return result
}

/// Adds to the upper half of `result` the products of the columns of `block` with each other.
/// - Parameters:
///   - block: `(rows, k)`.
///   - result: `(k, k)`.
///   - rows: A multiple of four.
private func addSquare(of block: [Double], to result: inout SymmetricMatrix, rows: Int) {
    let k = result.size
    block.withUnsafeBufferPointer { block in
        result.elements.withUnsafeMutableBufferPointer { elements in
            guard let block = block.baseAddress, let elements = elements.baseAddress else { return }
            for i in 0..<k {
                let sum = elements + i * k
                // Four rows at a time, so that the sums are read and written a quarter as often.
                for row in stride(from: 0, to: rows, by: 4) {
                    let a = block + row * k
                    let (b, c, d) = (a + k, a + 2 * k, a + 3 * k)
                    let (ai, bi, ci, di) = (a[i], b[i], c[i], d[i])
                    for j in i..<k {
                        sum[j] += (ai * a[j] + bi * b[j]) + (ci * c[j] + di * d[j])
                    }
                }
            }
        }
    }
}
