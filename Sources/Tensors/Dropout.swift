// What is dropped at random in training, without a generator: the same key drops the same elements.

/// How much is dropped, and what decides which numbers are.
///
/// Each becomes 0 with the probability `rate`, and else is divided by `1 - rate`, so that sums stay
/// what they are on average (Srivastava et al. 2014).
public struct Dropout: Sendable, Equatable {
    /// How likely a number is dropped: at least 0 and less than 1.
    public var rate: Float
    /// What decides, together with an element's place, whether it is dropped.
    ///
    /// Places whose choices must not depend on each other have keys of their own.
    public var key: UInt64

    /// Describes a choice.
    public init(rate: Float, key: UInt64) {
        self.rate = rate
        self.key = key
    }
}
