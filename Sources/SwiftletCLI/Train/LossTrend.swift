// Where the training loss is and where it is going, from the steps of this session.

/// The recent losses of a run; those that are not finite are left out.
struct LossTrend {
    /// Where the loss is going.
    enum Direction {
        case falling
        case level
        case rising
    }

    /// The latest losses, oldest first.
    private var recent: [Double] = []

    /// Enough to tell a direction from noise.
    private static let window = 128
    /// Losses averaged for the one that is shown: batches differ more than steps.
    private static let smoothingWindow = 16

    /// Adds the loss of a step.
    mutating func add(_ loss: Float) {
        guard loss.isFinite else { return }
        let loss = Double(loss)
        if recent.count == Self.window { recent.removeFirst() }
        recent.append(loss)
    }

    /// How many losses ``smoothed`` is the mean of.
    var smoothedCount: Int { min(recent.count, Self.smoothingWindow) }

    /// The mean of the last losses.
    var smoothed: Double? {
        recent.isEmpty ? nil : Self.mean(recent.suffix(Self.smoothingWindow))
    }

    /// Whether the newer half of the recent losses lies below the older half by more than twice the
    /// standard error of the difference; nil while there are too few.
    var direction: Direction? {
        guard recent.count >= Self.smoothingWindow else { return nil }
        let half = recent.count / 2
        let (older, newer) = (recent.prefix(half), recent.suffix(half))
        let (olderMean, newerMean) = (Self.mean(older), Self.mean(newer))
        func squares(_ values: ArraySlice<Double>, _ mean: Double) -> Double {
            values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
        let variance =
            (squares(older, olderMean) + squares(newer, newerMean)) / Double(2 * half - 2)
        let error = (2 * variance / Double(half)).squareRoot()
        let change = newerMean - olderMean
        return abs(change) <= 2 * error ? .level : change < 0 ? .falling : .rising
    }

    private static func mean(_ values: ArraySlice<Double>) -> Double {
        values.reduce(0, +) / Double(values.count)
    }
}
