// The losses of a whole run in as many points as a chart can use, however many steps it has; and
// where the training loss is and where it is going, from the steps of this session.

/// What a run's loss was from its first step to its newest, without losses that are not finite.
struct LossCourse {
    /// Consecutive steps.
    private struct Bucket {
        var sum = 0.0
        var count = 0

        static func + (left: Bucket, right: Bucket) -> Bucket {
            Bucket(sum: left.sum + right.sum, count: left.count + right.count)
        }
    }

    private var buckets: [Bucket] = []
    private var stepsPerBucket = 1
    /// The newest step, whether its loss was finite or not.
    private(set) var lastStep = 0

    /// More than the dots of a chart in a wide terminal.
    private static let limit = 1024

    /// Adds the loss of a step; steps come in order, and some may be missing.
    mutating func add(_ loss: Float, step: Int) {
        guard step > 0 else { return }
        lastStep = max(lastStep, step)
        guard loss.isFinite else { return }
        while (step - 1) / stepsPerBucket >= Self.limit { halve() }
        let index = (step - 1) / stepsPerBucket
        while buckets.count <= index { buckets.append(Bucket()) }
        buckets[index] = buckets[index] + Bucket(sum: Double(loss), count: 1)
    }

    private mutating func halve() {
        stepsPerBucket *= 2
        buckets = stride(from: 0, to: buckets.count, by: 2).map { index in
            buckets[index] + (index + 1 < buckets.count ? buckets[index + 1] : Bucket())
        }
    }

    /// The mean losses of `count` equal parts of the steps so far, or of fewer parts if there are
    /// not enough steps; nil where nothing is known, as before a run was resumed.
    func means(_ count: Int) -> [Double?] {
        var known = buckets[...]
        // A part of only a few steps would be a spike at the end.
        if known.count > 1, let last = known.last, 2 * last.count < stepsPerBucket {
            known = known.dropLast()
        }
        // One batch differs from the next by more than one step from the next.
        let count = min(count, known.count, max(lastStep / 4, 24))
        guard count > 0 else { return [] }
        return (0..<count).map { part in
            let range = part * known.count / count..<(part + 1) * known.count / count
            let whole = known[range].reduce(Bucket(), +)
            return whole.count > 0 ? whole.sum / Double(whole.count) : nil
        }
    }
}

/// The recent losses of a run, without those that are not finite.
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
    /// How many losses are averaged for display: batches differ more than steps.
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

    /// Whether the newer half of the recent losses is below the older half by more than twice the
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
