// A tensor as a heat map of a size that fits on a page: each cell is a rectangle of its numbers.

import Tensors

/// A tensor in few cells, each of which stands for as many rows and columns as the others, give or
/// take one.
public struct WeightPicture: Sendable, Equatable {
    /// Cells from top to bottom.
    public let rows: Int
    /// Cells from left to right.
    public let columns: Int
    /// `(rows, columns)`: the mean of the finite numbers of a cell, which has their sign; 0 where
    /// none is.
    public let means: [Float]
    /// `(rows, columns)`: the root of their mean square, which says how large they are.
    public let magnitudes: [Float]

    /// Draws a tensor, of several axes as one of two: the last, and all others one after another.
    /// - Parameters:
    ///   - tensor: float32.
    ///   - rows: The most cells from top to bottom.
    ///   - columns: The most cells from left to right.
    init(of tensor: Tensor, rows: Int, columns: Int) {
        precondition(rows > 0 && columns > 0, "a picture of \(rows) x \(columns) cells")
        let (m, n) = (tensor.rows, tensor.columns)
        let (R, C) = (min(rows, m), min(columns, n))
        (self.rows, self.columns) = (R, C)
        var sums = [Double](repeating: 0, count: R * C)
        var squares = sums
        var counts = [Int](repeating: 0, count: R * C)
        // Where each column belongs is asked once, not in every row.
        let ends = (0..<C).map { n * ($0 + 1) / C }
        tensor.withUnsafeElements(as: Float.self) { elements in
            for cellRow in 0..<R {
                for row in (m * cellRow / R)..<(m * (cellRow + 1) / R) {
                    var place = row * n
                    for (cellColumn, end) in ends.enumerated() {
                        let cell = cellRow * C + cellColumn
                        var (sum, square, count) = (0.0, 0.0, 0)
                        while place < row * n + end {
                            let value = Double(elements[place])
                            place += 1
                            guard value.isFinite else { continue }
                            sum += value
                            square += value * value
                            count += 1
                        }
                        sums[cell] += sum
                        squares[cell] += square
                        counts[cell] += count
                    }
                }
            }
        }
        means = zip(sums, counts).map { $1 == 0 ? 0 : Float($0 / Double($1)) }
        magnitudes = zip(squares, counts).map {
            $1 == 0 ? 0 : Float(($0 / Double($1)).squareRoot())
        }
    }
}
