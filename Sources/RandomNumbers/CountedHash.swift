// Numbers that follow from a seed and a count: a position in a random order is a single count, and
// nothing else has to be saved to resume.

/// SplitMix64's numbers, each available without those before it.
package struct CountedHash {
    private let start: UInt64

    // 2^64 divided by the golden ratio.
    private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// The numbers of a seed.
    package init(seed: UInt64) {
        // Mixed, so that one seed's numbers are not another's, shifted by a few places.
        start = Self.mix(seed &+ Self.step)
    }

    /// The number of a place.
    package subscript(index: Int) -> UInt64 {
        Self.mix(start &+ (UInt64(bitPattern: Int64(index)) &+ 1) &* Self.step)
    }

    /// The number of a place, reduced below `limit`; all are equally likely, to within a fraction
    /// of limit / 2^64.
    package func number(at index: Int, below limit: Int) -> Int {
        Int(self[index].multipliedFullWidth(by: UInt64(limit)).high)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
