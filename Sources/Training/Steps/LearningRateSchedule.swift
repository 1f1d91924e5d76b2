// How the learning rate changes over a run.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A learning rate for every step of a run: a linear warmup, then one of several decays.
public struct LearningRateSchedule: Sendable, Equatable, Codable {
    /// What happens after the warmup.
    public enum Shape: String, Sendable, CaseIterable, Codable {
        /// Half a cosine wave from the peak to the final rate (Loshchilov & Hutter 2017).
        case cosine
        /// A straight line from the peak to the final rate.
        case linear
        /// The peak throughout.
        case constant
        /// Warmup, stable, decay: the peak, and over the last fifth a decay by 1 - sqrt
        /// (Hägele et al. 2024).
        case wsd
    }

    /// What happens after the warmup.
    public var shape: Shape
    /// The highest rate.
    public var peak: Float
    /// Steps over which the rate rises from 0 to the peak.
    public var warmupSteps: Int
    /// What the decay heads for, as a fraction of the peak: the rate that a step after the last
    /// one would have.
    public var finalFraction: Float
    /// Steps of the whole run.
    public var totalSteps: Int

    /// Describes a schedule.
    public init(
        shape: Shape = TrainingSettings.default(\.schedule.shape),
        peak: Float = TrainingSettings.default(\.schedule.peak),
        warmupSteps: Int = TrainingSettings.default(\.schedule.warmupSteps),
        finalFraction: Float = TrainingSettings.default(\.schedule.finalFraction),
        totalSteps: Int
    ) {
        self.shape = shape
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.finalFraction = finalFraction
        self.totalSteps = totalSteps
    }

    /// The part of a run after which `wsd` decays.
    private static let stablePart = 0.8

    /// The rate of an update.
    /// - Parameter step: The number of updates before it: 0 for the first.
    /// - Returns: The rate.
    package func rate(at step: Int) -> Float {
        if step < warmupSteps { return peak * Float(step + 1) / Float(warmupSteps) }
        let final = Double(peak) * Double(finalFraction)
        return Float(final + remaining(at: step) * (Double(peak) - final))
    }

    /// How far the rate still is from its final value: 1 at the peak, 0 at the end.
    private func remaining(at step: Int) -> Double {
        switch shape {
        case .constant:
            return 1
        case .cosine:
            return 0.5 * (1 + cos(.pi * progress(at: step, from: warmupSteps)))
        case .linear:
            return 1 - progress(at: step, from: warmupSteps)
        case .wsd:
            // llm.c's rounding. A warmup longer than the stable part takes from the decay, because
            // the rate would otherwise jump down at its end.
            let start = max(Int(Double(totalSteps) * Self.stablePart), warmupSteps)
            return 1 - progress(at: step, from: start).squareRoot()
        }
    }

    /// How much of the steps between `start` and the end has passed, from 0 to 1.
    ///
    /// A run that ends with its warmup has nothing left to decay.
    private func progress(at step: Int, from start: Int) -> Double {
        guard totalSteps > start else { return 1 }
        return min(max(Double(step - start) / Double(totalSteps - start), 0), 1)
    }
}
