// What a model's predictions cost on some data, and the figures derived from it.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The cross-entropy of a model on tokens it was asked to predict.
public struct LossMeasurement: Sendable, Equatable {
    /// Tokens that were predicted, each once.
    public let tokenCount: Int
    /// The sum of their losses in nats.
    public let totalLoss: Double
    /// The bytes of text that these tokens stand for; nil when that is not known.
    public let byteCount: Int?

    /// Puts a sum and its counts together.
    /// - Throws: ``TrainingError/unusableLoss(found:)`` when the sum is not a finite number.
    public init(tokenCount: Int, totalLoss: Double, byteCount: Int?) throws {
        precondition(tokenCount > 0, "a loss of \(tokenCount) tokens")
        guard totalLoss.isFinite else { throw TrainingError.unusableLoss(found: totalLoss) }
        self.tokenCount = tokenCount
        self.totalLoss = totalLoss
        self.byteCount = byteCount
    }

    /// The mean loss of a token in nats.
    public var loss: Double { totalLoss / Double(tokenCount) }

    /// `exp(loss)`: among how many equally likely tokens the model would be as unsure; infinite for
    /// a loss above 709.
    public var perplexity: Double { exp(loss) }

    /// The loss in bits for each byte of text, which does not depend on how text is cut into
    /// tokens; nil when the bytes are not known or none.
    public var bitsPerByte: Double? {
        guard let byteCount, byteCount > 0 else { return nil }
        return totalLoss / log(2) / Double(byteCount)
    }
}
