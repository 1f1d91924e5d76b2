// What one optimizer step measured, why its update may have been left out, and how a loss or a
// gradient norm is found to be far from the recent ones, as llm.c's llmc/outlier_detector.h does.
// What follows from it is the trainer's decision. The events of a run tell of steps, and of what is
// done between them.

import FileIO

/// What one optimizer step did.
public struct TrainingStep: Sendable, Equatable, Codable {
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
    /// The number of tokens the step learned from.
    public let tokenCount: Int
    /// Why parameters and moments were left unchanged; nil when they were updated.
    public let skipReason: SkipReason?
    /// Measurements far above the recent ones, whether or not the update was skipped for them.
    public let outliers: [StepOutlier]

    package init(
        step: Int,
        loss: Float,
        learningRate: Float,
        gradientNorm: Float,
        duration: Duration,
        tokenCount: Int,
        skipReason: SkipReason? = nil,
        outliers: [StepOutlier] = []
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

    /// Tokens learned from per second.
    public var tokensPerSecond: Double { Double(tokenCount) / (duration / .seconds(1)) }
}

/// What is measured in every step.
public enum StepQuantity: String, Sendable, Codable {
    /// The mean loss of the micro-batches.
    case loss
    /// The global norm of the gradients.
    case gradientNorm

    /// The quantity with its article, for use in a sentence.
    package var name: String {
        switch self {
        case .loss: "the loss"
        case .gradientNorm: "the gradient norm"
        }
    }
}

/// A measurement far above the recent ones.
public struct StepOutlier: Sendable, Equatable, Codable {
    /// What was measured.
    public let quantity: StepQuantity
    /// Standard deviations above the mean of the recent steps.
    public let zScore: Double
}

/// Why an update was skipped.
public enum SkipReason: Sendable, Equatable, Codable {
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
                + "but at most \(limit) are allowed"
        }
    }
}

/// A window of recent measurements, and how far the newest is from their mean.
package struct OutlierDetector: Sendable, Equatable {
    /// Measurements in a full window.
    package static let windowSize = 128
    /// A z-score above this is worth reporting.
    package static let notableZScore = 5.0

    /// The measurements, oldest first: all finite, and no more than ``windowSize``.
    package private(set) var values: [Float] = []

    /// A detector that has seen nothing.
    package init() {}

    /// A detector that continues with saved values; nil when they cannot be a window's.
    package init?(values: [Float]) {
        guard values.count <= Self.windowSize, values.allSatisfy(\.isFinite) else { return nil }
        self.values = values
    }

    /// Adds a finite measurement.
    /// - Returns: Its distance in standard deviations from the window's mean, which includes it;
    ///   nil until the window was already full, and 0 when all values are the same.
    package mutating func add(_ value: Float) -> Double? {
        precondition(value.isFinite, "a measurement of \(value)")
        guard values.count == Self.windowSize else {
            values.append(value)
            return nil
        }
        values.removeFirst()
        values.append(value)
        // Summed from scratch each time: llm.c's running sums drift and would have to be saved.
        let count = Double(values.count)
        let mean = values.reduce(0.0) { $0 + Double($1) } / count
        let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        return variance > 0 ? (Double(value) - mean) / variance.squareRoot() : 0
    }
}

/// Something that happened during a run; reported in this order when several belong to one step.
public enum TrainingEvent: Sendable, Equatable {
    /// The run resumes after `step` updates, from the checkpoint at `path`.
    case resumed(step: Int, path: FilePath)
    /// The existing run in the directory at `path` has no complete checkpoint and starts over.
    case startedOver(path: FilePath)
    /// The run had already made all its steps, `step` of them, and nothing was done.
    case alreadyFinished(step: Int)
    /// An optimizer step was made.
    case step(TrainingStep)
    /// A measurement of `step` is `zScore` standard deviations above the recent mean.
    case outlier(step: Int, quantity: StepQuantity, zScore: Double)
    /// The update of `step` was skipped.
    case skipped(step: Int, reason: SkipReason)
    /// The mean loss on held-out data after `step` updates.
    case validation(step: Int, loss: Float)
    /// The share of HellaSwag's questions answered correctly after `step` updates.
    case hellaSwag(step: Int, accuracy: Double)
    /// A text was drawn from the model after `step` updates.
    case sample(step: Int, text: String)
    /// A checkpoint was written.
    case checkpoint(step: Int, path: FilePath)
}
