// How the learning rate changes over a run.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A learning rate for every step of a run: a linear warm-up, then one of several declines.
public struct LearningRateSchedule: Sendable, Equatable, Codable {
    /// What happens after the warm-up.
    public enum Shape: String, Sendable, CaseIterable, Codable {
        /// Half a cosine wave from the peak to the final rate (Loshchilov & Hutter 2017).
        case cosine
        /// A straight line from the peak to the final rate.
        case linear
        /// The peak for ever.
        case constant
        /// Warm-up, stable, decay: the peak, and over the last fifth a decline by 1 - sqrt
        /// (Hägele et al. 2024).
        case wsd
    }

    /// What happens after the warm-up.
    public var shape: Shape
    /// The highest rate.
    public var peak: Float
    /// Steps over which the rate rises from 0 to the peak.
    public var warmupSteps: Int
    /// What the decline heads for, as a fraction of the peak: the rate that a step after the last
    /// would have.
    public var finalFraction: Float
    /// Steps of the whole run.
    public var totalSteps: Int

    /// Describes a schedule.
    public init(
        shape: Shape = .cosine,
        peak: Float,
        warmupSteps: Int = 0,
        finalFraction: Float = 0,
        totalSteps: Int
    ) {
        self.shape = shape
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.finalFraction = finalFraction
        self.totalSteps = totalSteps
    }

    /// The part of a run after which `wsd` declines.
    private static let stablePart = 0.8

    /// The rate of an update.
    /// - Parameter step: Updates made before it: 0 for the first.
    /// - Returns: The rate.
    public func rate(at step: Int) -> Float {
        if step < warmupSteps { return peak * Float(step + 1) / Float(warmupSteps) }
        let final = Double(peak) * Double(finalFraction)
        return Float(final + remaining(at: step) * (Double(peak) - final))
    }

    /// What is left of the way from the peak to the final rate: 1 at the peak, 0 at the end.
    private func remaining(at step: Int) -> Double {
        switch shape {
        case .constant:
            return 1
        case .cosine:
            return 0.5 * (1 + cos(.pi * progress(at: step, from: warmupSteps)))
        case .linear:
            return 1 - progress(at: step, from: warmupSteps)
        case .wsd:
            // llm.c's rounding. A warm-up longer than the stable part takes from the decline, as
            // the rate would otherwise drop at its end.
            let start = max(Int(Double(totalSteps) * Self.stablePart), warmupSteps)
            return 1 - progress(at: step, from: start).squareRoot()
        }
    }

    /// How much of the steps between `start` and the end has passed, from 0 to 1.
    ///
    /// A run that ends with its warm-up has nothing left to pass.
    private func progress(at step: Int, from start: Int) -> Double {
        guard totalSteps > start else { return 1 }
        return min(max(Double(step - start) / Double(totalSteps - start), 0), 1)
    }
}
