// Notices a loss or a gradient norm that is far from the recent ones, as llm.c's
// llmc/outlier_detector.h does. What follows from it is the trainer's decision.

/// A window of recent measurements, and how far the newest lies from their mean.
public struct OutlierDetector: Sendable, Equatable {
    /// Measurements in a full window.
    public static let windowSize = 128
    /// A z-score above this is worth telling about.
    public static let notableZScore = 5.0

    /// The measurements, oldest first: all finite, and no more than ``windowSize``.
    public private(set) var values: [Float] = []

    /// A detector that has seen nothing.
    public init() {}

    /// A detector that goes on with saved values; nil when they cannot be a window's.
    public init?(values: [Float]) {
        guard values.count <= Self.windowSize, values.allSatisfy(\.isFinite) else { return nil }
        self.values = values
    }

    /// Adds a finite measurement.
    /// - Returns: Its distance from the window's mean, itself included, in standard deviations; nil
    ///   until the window was full before. 0 when all values are the same.
    public mutating func add(_ value: Float) -> Double? {
        precondition(value.isFinite, "a measurement of \(value)")
        guard values.count == Self.windowSize else {
            values.append(value)
            return nil
        }
        values.removeFirst()
        values.append(value)
        // Summed anew each time: running sums, as llm.c keeps, drift and would have to be saved.
        let count = Double(values.count)
        let mean = values.reduce(0.0) { $0 + Double($1) } / count
        let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        return variance > 0 ? (Double(value) - mean) / variance.squareRoot() : 0
    }
}
