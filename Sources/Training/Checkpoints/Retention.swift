// Which checkpoints stay.

/// Chooses the checkpoints that may be removed after a new one is complete.
struct Retention {
    /// The newest that stay.
    var keepLast: Int
    /// Multiples of this step stay for ever; 0 is none.
    var keepEvery: Int

    /// What the settings of a run say.
    init(_ settings: TrainingSettings) {
        keepLast = settings.keepLast
        keepEvery = settings.keepEvery
    }

    /// Chooses the checkpoints that nobody needs any more.
    /// - Parameters:
    ///   - steps: Those of all complete checkpoints.
    ///   - best: The step with the lowest validation loss, which stays.
    /// - Returns: Their steps.
    func removable(among steps: [Int], best: Int?) -> [Int] {
        steps.sorted().dropLast(keepLast).filter { step in
            step != best && !(keepEvery > 0 && step.isMultiple(of: keepEvery))
        }
    }

    /// Counts the checkpoints that lie on the disk at once, at most: those that stay, the best, and
    /// the one that is being written before another is removed.
    /// - Parameters:
    ///   - interval: Steps between checkpoints.
    ///   - totalSteps: Steps of the run.
    ///   - validates: Whether a best one will be known.
    /// - Returns: Their number, at least 1.
    func largestCount(interval: Int, totalSteps: Int, validates: Bool) -> Int {
        let written = totalSteps / interval + (totalSteps.isMultiple(of: interval) ? 0 : 1)
        let kept =
            min(keepLast, written) + keptForEver(interval: interval, totalSteps: totalSteps)
            + (validates ? 1 : 0)
        // A run of no steps leaves one, too.
        return min(max(written, 1), kept + 1)
    }

    /// Checkpoints of multiples of `keepEvery`: those that are multiples of `interval` too, and the
    /// last one.
    private func keptForEver(interval: Int, totalSteps: Int) -> Int {
        guard keepEvery > 0 else { return 0 }
        var (divisor, rest) = (interval, keepEvery)
        while rest > 0 { (divisor, rest) = (rest, divisor % rest) }
        let (common, overflow) = (interval / divisor).multipliedReportingOverflow(by: keepEvery)
        let lastIsExtra = !totalSteps.isMultiple(of: interval)
        return (overflow ? 0 : totalSteps / common)
            + (lastIsExtra && totalSteps.isMultiple(of: keepEvery) ? 1 : 0)
    }
}
