// Comparing draws with the distribution they should have.

import Inference

/// Pearson's statistic of counts against probabilities; an outcome of probability 0 makes it
/// infinite.
func chiSquare(_ counts: [Int], _ probabilities: [Double]) -> Double {
    let total = Double(counts.reduce(0, +))
    return zip(counts, probabilities).reduce(0) { sum, outcome in
        let expected = outcome.1 * total
        let difference = Double(outcome.0) - expected
        return difference == 0 ? sum : sum + difference * difference / expected
    }
}

/// The chi-square that is exceeded once in ten thousand times, by degrees of freedom.
func chiSquareLimit(degrees: Int) -> Double {
    [1: 15.14, 2: 18.42, 3: 21.11, 19: 50.80][degrees] ?? .nan
}

/// How often each token is drawn.
func counts(
    of sampler: Sampler,
    _ logits: [Float],
    after tokens: [Int32] = [],
    draws: Int = 8000
) throws -> [Int] {
    var sampler = sampler
    var counts = logits.map { _ in 0 }
    for _ in 0..<draws {
        sampler.prompt(tokens)
        counts[Int(try sampler.sample(logits))] += 1
    }
    return counts
}
