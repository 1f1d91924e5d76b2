// Statistics of the numbers in one tensor: their mean and spread, the singular values of a matrix,
// and a picture of a few thousand cells. Only weights are examined; nothing is run.

import Tensors

/// Statistics of the numbers in a tensor.
///
/// ```swift
/// let weights = try openWeights(at: "checkpoints/gpt2")
/// let ops = try Ops()
/// let weight = try weights.tensor(weights.configuration.weights[0])
/// print(try WeightStatistics(of: weight, ops: ops).standardDeviation)
/// ```
package struct WeightStatistics: Sendable {
    /// The extent of each axis.
    package let shape: [Int]
    /// The mean; nil when no number is finite.
    package let mean: Double?
    /// The population standard deviation: divided by the count, like NumPy's.
    package let standardDeviation: Double?
    /// The smallest number.
    package let minimum: Double?
    /// The largest number.
    package let maximum: Double?
    /// How many are infinite or NaN; all other statistics ignore these.
    package let nonFiniteCount: Int
    /// The singular values, largest first; nil unless the tensor is a matrix of finite numbers.
    ///
    /// Each is within 1e-7 of the largest one.
    package let singularValues: [Double]?
    /// The tensor as a picture.
    package let picture: WeightPicture

    /// Examines all numbers of a tensor.
    /// - Parameters:
    ///   - tensor: In any of ``ElementType/weightTypes``; for block formats, the values of the
    ///     blocks.
    ///   - isStack: Whether the first axis counts layers, so that two axes are not a matrix.
    ///   - pictureRows: The most rows of the picture.
    ///   - pictureColumns: The most columns of the picture.
    ///   - ops: What converts other types to float32.
    ///   - progress: Called with the finished fraction of the singular values; if it throws, the
    ///     work ends.
    /// - Throws: What `progress` throws; `TensorError` when memory is short; an error about a file
    ///   that has lost some of the numbers.
    package init(
        of tensor: Tensor,
        isStack: Bool = false,
        pictureRows: Int = 96,
        pictureColumns: Int = 96,
        ops: Ops,
        progress: (_ fraction: Double) throws -> Void = { _ in }
    ) throws {
        let floats = try ops.convert(tensor, to: .float32)
        shape = tensor.shape
        let moments = floats.withUnsafeElements(as: Float.self) { Moments(of: $0) }
        let hasNumbers = moments.count > 0
        mean = hasNumbers ? moments.mean : nil
        standardDeviation = hasNumbers ? moments.standardDeviation : nil
        minimum = hasNumbers ? moments.minimum : nil
        maximum = hasNumbers ? moments.maximum : nil
        nonFiniteCount = floats.count - moments.count
        let isMatrix = shape.count == 2 && !isStack && floats.count > 0 && nonFiniteCount == 0
        singularValues =
            isMatrix
            ? try Interpretability.singularValues(of: floats, progress: progress) : nil
        picture = WeightPicture(
            of: floats,
            rows: pictureRows,
            columns: pictureColumns
        )
        try floats.requireIntact()
    }
}

/// Mean and spread of the finite ones among some numbers, in float64 and in two passes.
private struct Moments {
    var count = 0
    var mean = 0.0
    var standardDeviation = 0.0
    var minimum = Double.infinity
    var maximum = -Double.infinity

    init(of elements: UnsafeBufferPointer<Float>) {
        var sum = 0.0
        for element in elements where element.isFinite {
            let value = Double(element)
            count += 1
            sum += value
            minimum = min(minimum, value)
            maximum = max(maximum, value)
        }
        guard count > 0 else { return }
        mean = sum / Double(count)
        var squares = 0.0
        for element in elements where element.isFinite {
            let difference = Double(element) - mean
            squares += difference * difference
        }
        standardDeviation = (squares / Double(count)).squareRoot()
    }
}

/// A tensor reduced to a few cells, each of which stands for the same number of rows and columns,
/// give or take one.
package struct WeightPicture: Sendable, Equatable {
    /// Cells from top to bottom.
    package let rows: Int
    /// Cells from left to right.
    package let columns: Int
    /// `(rows, columns)`: the mean of the finite numbers of a cell, which has their sign; 0 if
    /// there are none.
    package let means: [Float]
    /// `(rows, columns)`: the root of their mean square, which says how large they are.
    package let magnitudes: [Float]

    /// Reduces a tensor; several axes are treated as two: the last, and all others combined.
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
        // The cell of each column is computed once, not for every row.
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
