// What one optimiser step measured, and why its update may have been left out.

import FileIO

/// What one optimiser step did.
public struct TrainingStep: Sendable, Equatable {
    /// Its number, from 1.
    public let step: Int
    /// The mean loss of its micro-batches in nats, before the update.
    public let loss: Float
    /// The rate of the update.
    public let learningRate: Float
    /// The global norm of the gradients, before clipping.
    public let gradientNorm: Float
    /// From fetching the data to the end of the update.
    public let duration: Duration
    /// Tokens the step learnt from.
    public let tokenCount: Int
    /// Why parameters and moments were left as they were; nil when they were updated.
    public let skipReason: SkipReason?
    /// Measurements far above the recent ones, whether or not the update was skipped for them.
    public let outliers: [Outlier]

    package init(
        step: Int,
        loss: Float,
        learningRate: Float,
        gradientNorm: Float,
        duration: Duration,
        tokenCount: Int,
        skipReason: SkipReason? = nil,
        outliers: [Outlier] = []
    ) {
        self.step = step
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.duration = duration
        self.tokenCount = tokenCount
        self.skipReason = skipReason
        self.outliers = outliers
    }

    /// Tokens learnt from in a second.
    public var tokensPerSecond: Double { Double(tokenCount) / (duration / .seconds(1)) }
}

/// What is measured in every step.
public enum StepQuantity: String, Sendable, Codable {
    /// The mean loss of the micro-batches.
    case loss
    /// The global norm of the gradients.
    case gradientNorm

    /// The quantity with its article, as a sentence names it.
    public var name: String {
        switch self {
        case .loss: "the loss"
        case .gradientNorm: "the gradient norm"
        }
    }
}

/// A measurement far above the recent ones.
public struct Outlier: Sendable, Equatable {
    /// What was measured.
    public let quantity: StepQuantity
    /// Standard deviations above the mean of the last ``OutlierDetector/windowSize`` steps.
    public let zScore: Double
}

/// Why an update was left out.
public enum SkipReason: Sendable, Equatable {
    /// A measurement is not a finite number.
    case nonFinite(quantity: StepQuantity, found: Float)
    /// A measurement is an outlier beyond what the settings allow.
    case outlier(quantity: StepQuantity, zScore: Double, limit: Double)
}

extension SkipReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .nonFinite(let quantity, let found):
            return "\(quantity.name) is \(NumberText.shortest(found))"
        case .outlier(let quantity, let zScore, let limit):
            let rounded = (zScore * 10).rounded() / 10
            return "\(quantity.name) is \(rounded) standard deviations above the recent mean, "
                + "and \(limit) are allowed"
        }
    }
}
