// What the numbers of one tensor are like: their mean and spread, the singular values of a matrix,
// and a picture of a few thousand parts. Weights only; nothing is run.

import Tensors

/// What the numbers of a tensor are like.
///
/// ```swift
/// let weights = try openWeights(at: "checkpoints/gpt2")
/// let ops = try Ops()
/// let weight = try weights.tensor(weights.configuration.weights[0])
/// print(try WeightStatistics(of: weight, ops: ops).standardDeviation)
/// ```
public struct WeightStatistics: Sendable {
    /// The extent of each axis.
    public let shape: [Int]
    /// The mean; nil when no number is finite.
    public let mean: Double?
    /// The standard deviation, of the numbers as they are: divided by their count, as NumPy's.
    public let standardDeviation: Double?
    /// The smallest number.
    public let minimum: Double?
    /// The largest number.
    public let maximum: Double?
    /// How many are infinite or NaN; everything else here is about the others.
    public let nonFiniteCount: Int
    /// The singular values, largest first; nil unless the tensor is a matrix of finite numbers.
    ///
    /// Each is within 1e-7 of the largest one.
    public let singularValues: [Double]?
    /// The tensor as a picture.
    public let picture: WeightPicture

    /// Looks at all numbers of a tensor.
    /// - Parameters:
    ///   - tensor: In any of ``ElementType/weightTypes``; of the block formats, what the blocks
    ///     stand for.
    ///   - isStack: Whether the first axis counts layers, so that two axes are no matrix.
    ///   - pictureRows: The most rows of the picture.
    ///   - pictureColumns: The most columns of the picture.
    ///   - ops: What makes float32 of other types.
    ///   - progress: Told the part of the singular values that is done; what it throws ends the
    ///     work.
    /// - Throws: What `progress` throws; `TensorError` when memory is short; what says that a file
    ///   has lost some of the numbers.
    public init(
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

/// Mean and spread of the finite ones of some numbers, in float64 and in two passes.
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
