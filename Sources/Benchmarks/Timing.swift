// How this module measures time: the fastest of several runs where the limit of a kernel is asked
// for, the median where what a user will see is.

/// Seconds that `body` took, once.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
}

/// The fastest of `runs` runs of `body`, in seconds; a first run warms up and is not counted.
func fastest(of runs: Int, _ body: () -> Void) -> Double {
    body()
    return (0..<runs).reduce(Double.infinity) { best, _ in min(best, seconds(body)) }
}

/// The middle of some values; the mean of the two in the middle when their number is even.
func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "the median of nothing")
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
