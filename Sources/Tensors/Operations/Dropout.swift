// What is dropped at random in training, without a generator: the same key drops the same elements.

/// How much is dropped, and what decides which elements are.
///
/// Each element becomes 0 with probability `rate` and is otherwise multiplied by `1 / (1 - rate)`,
/// so that sums stay the same on average (Srivastava et al. 2014).
package struct Dropout: Sendable, Equatable {
    /// The probability of dropping an element: at least 0 and less than 1.
    package var rate: Float
    /// What decides, together with an element's index, whether it is dropped.
    ///
    /// Independent uses need keys of their own.
    package var key: UInt64

    /// Describes a choice.
    package init(rate: Float, key: UInt64) {
        self.rate = rate
        self.key = key
    }

    /// The same rate with a key of its own for each index, such as that of a step or a layer.
    ///
    /// The key is SplitMix64's number of that index (Steele et al. 2014), with this key as the
    /// seed.
    package func choice(_ index: Int) -> Dropout {
        var x = key &+ (UInt64(bitPattern: Int64(index)) &+ 1) &* 0x9e37_79b9_7f4a_7c15
        x = (x ^ x >> 30) &* 0xbf58_476d_1ce4_e5b9
        x = (x ^ x >> 27) &* 0x94d0_49bb_1331_11eb
        return Dropout(rate: rate, key: x ^ x >> 31)
    }
}
