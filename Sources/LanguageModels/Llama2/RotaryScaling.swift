// How models made for longer texts slow down their rotary positions. Frequencies are computed in
// double; other programs use float32, which differs by its rounding.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How the frequencies of rotary positions, `theta^(-2i / HS)` for pair i, are changed.
package enum RotaryScaling: Sendable, Equatable {
    /// Not at all.
    case none
    /// All are divided by a factor.
    case linear(factor: Double)
    /// Llama 3.1's: slow pairs are divided by the factor, fast ones are unchanged, and those
    /// between are divided by something between.
    ///
    /// A pair is slow when it does not turn `lowFrequencyFactor` times within the original context,
    /// and fast when it turns more than `highFrequencyFactor` times.
    case llama3(
        factor: Double,
        lowFrequencyFactor: Double,
        highFrequencyFactor: Double,
        originalContextLength: Int
    )
    /// Each pair is divided by a number of its own, as in GGUF's `rope_freqs`.
    case perPair(divisors: [Float])

    /// The frequencies of a model's pairs, in radians per position.
    package func frequencies(theta: Float, headSize: Int) -> [Double] {
        (0..<headSize / 2).map { pair in
            let frequency = pow(Double(theta), -Double(2 * pair) / Double(headSize))
            return frequency / divisor(of: pair, frequency)
        }
    }

    /// What each pair's frequency is divided by: GGUF's `rope_freqs`.
    package func divisors(theta: Float, headSize: Int) -> [Float] {
        zip(Self.none.frequencies(theta: theta, headSize: headSize), 0...).map {
            Float(divisor(of: $1, $0))
        }
    }

    /// Hugging Face's name for it, or the name of GGUF's tensor.
    package var name: String {
        switch self {
        case .none: "default"
        case .linear: "linear"
        case .llama3: "llama3"
        case .perPair: "rope_freqs"
        }
    }

    /// What one pair's frequency is divided by.
    private func divisor(of pair: Int, _ frequency: Double) -> Double {
        switch self {
        case .none: return 1
        case .linear(let factor): return factor
        case .llama3(let factor, let low, let high, let originalContextLength):
            // How often the pair turns within the original context.
            let turns = Double(originalContextLength) * frequency / (2 * .pi)
            if turns > high { return 1 }
            if turns < low { return factor }
            let share = (turns - low) / (high - low)
            return 1 / ((1 - share) / factor + share)
        case .perPair(let divisors): return Double(divisors[pair])
        }
    }

    /// Checks that the frequencies are valid.
    /// - Throws: ``ModelError/invalidConfiguration(reason:)``.
    func check(headSize: Int) throws {
        let problem: String? =
            switch self {
            case .none: nil
            case .linear(let factor): Self.problem(of: factor)
            case .llama3(let factor, let low, let high, let originalContextLength):
                if let problem = Self.problem(of: factor) {
                    problem
                } else if !(low > 0 && low < high && high.isFinite) {
                    "lie between frequency factors of \(low) and \(high), which must be above 0 "
                        + "and ascend"
                } else if !(1...1 << 20 ~= originalContextLength) {
                    "are made for an original context of \(originalContextLength)"
                } else {
                    nil
                }
            case .perPair(let divisors):
                if divisors.count != headSize / 2 {
                    "have \(divisors.count) divisors for \(headSize / 2) pairs"
                } else {
                    divisors.lazy.compactMap { Self.problem(of: Double($0)) }.first
                }
            }
        if let problem {
            throw ModelError.invalidConfiguration(reason: "its rotary positions \(problem)")
        }
    }

    private static func problem(of factor: Double) -> String? {
        factor.isFinite && factor > 0
            ? nil : "are divided by \(factor), which must be a number above 0"
    }
}

extension RotaryScaling {
    /// The simplest scaling that gives these divisors, up to float32's rounding: ``none``,
    /// ``linear(factor:)``, Llama 3.1's with its usual low and high frequency factors, or else
    /// ``perPair(divisors:)``.
    ///
    /// A file that stores divisors does not say where they come from, and other formats cannot
    /// store them.
    /// - Parameters:
    ///   - divisors: HS / 2 numbers.
    ///   - theta: The base of the wavelengths.
    package init(divisors: [Float], theta: Float) {
        guard let factor = divisors.last, factor.isFinite, factor > 0 else {
            self = .perPair(divisors: divisors)
            return
        }
        let candidates: [RotaryScaling] =
            [.none, .linear(factor: Double(factor))]
            + (8...20).map {
                .llama3(
                    factor: Double(factor),
                    lowFrequencyFactor: 1,
                    highFrequencyFactor: 4,
                    originalContextLength: 1 << $0
                )
            }
        self =
            candidates.first { candidate in
                zip(candidate.divisors(theta: theta, headSize: 2 * divisors.count), divisors)
                    .allSatisfy { abs($0 - $1) <= 1e-5 * $0 }
            } ?? .perPair(divisors: divisors)
    }
}
