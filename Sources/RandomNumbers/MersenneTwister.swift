// The Mersenne Twister mt19937 with PyTorch's CPU distributions on top, so that a seed gives
// PyTorch's initial weights and llm.c's data order. Not for cryptography.
//
// Generator: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998).

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// PyTorch's CPU random number generator: mt19937 and the distributions built on it.
///
/// The whole state is a value: copying the generator forks the sequence, and ``encoded()`` gives
/// the bytes llm.c writes into its state files.
package struct MersenneTwister: RandomNumberGenerator, Equatable, Sendable {
    /// The seed the generator started from; only its low 32 bits decide the sequence.
    package let seed: UInt64
    /// The untempered words, replaced together whenever all of them have been used.
    private var words: [UInt32]
    /// How many of `words` have been used; 0 only before the first number is drawn.
    private var used: Int

    private static let wordCount = 624
    /// Distance between the two words that the recurrence combines.
    private static let shift = 397
    private static let matrix: UInt32 = 0x9908_b0df

    /// Starts the sequence that `torch.manual_seed(seed)` starts.
    package init(seed: UInt64) {
        self.seed = seed
        used = 0
        words = [UInt32(truncatingIfNeeded: seed)]
        words.reserveCapacity(Self.wordCount)
        for i in 1..<Self.wordCount {
            let previous = words[i - 1]
            words.append(1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(i))
        }
    }

    // MARK: Integers

    /// Draws 32 uniform bits.
    package mutating func next32() -> UInt32 {
        if used == 0 || used == Self.wordCount { refill() }
        var y = words[used]
        used += 1
        y ^= y >> 11
        y ^= (y << 7) & 0x9d2c_5680
        y ^= (y << 15) & 0xefc6_0000
        y ^= y >> 18
        return y
    }

    /// Draws 64 uniform bits: two draws of ``next32()``, the first giving the high half.
    package mutating func next() -> UInt64 {
        let high = UInt64(next32())
        return high << 32 | UInt64(next32())
    }

    private mutating func refill() {
        let n = Self.wordCount
        words.withUnsafeMutableBufferPointer { words in
            // In place and in this order: later words combine with earlier ones already replaced.
            for i in 0..<n {
                let y = (words[i] & 0x8000_0000) | (words[(i + 1) % n] & 0x7fff_ffff)
                words[i] =
                    words[(i + Self.shift) % n] ^ (y >> 1) ^ (y & 1 == 0 ? 0 : Self.matrix)
            }
        }
        used = 0
    }

    // MARK: Permutations

    /// Shuffles `values` as llm.c does: from the last place down, each value is swapped with the
    /// one at `next32 % (i + 1)`. (`torch.randperm` draws differently.)
    /// - Precondition: there are at most 2^32 values.
    package mutating func permute(_ values: inout [Int32]) {
        precondition(
            values.count <= 1 << 32,
            "cannot permute \(values.count) values with 32-bit draws"
        )
        for i in stride(from: values.count - 1, to: 0, by: -1) {
            values.swapAt(i, Int(next32()) % (i + 1))
        }
    }

    // MARK: Floating point

    /// Draws a float in [0, 1), a multiple of 2^-24.
    package mutating func nextFloat() -> Float {
        Float(next32() & 0xff_ffff) * 0x1p-24
    }

    /// Draws a double in [0, 1), a multiple of 2^-53, from 64 bits.
    package mutating func nextDouble() -> Double {
        Double(next() & 0x1f_ffff_ffff_ffff) * 0x1p-53
    }

    /// Overwrites `values` with uniform floats, as `torch.Tensor.uniform_(lower, upper)` does.
    package mutating func fillUniform(
        _ values: inout MutableSpan<Float>,
        from lower: Float = 0,
        to upper: Float = 1
    ) {
        for i in values.indices { values[i] = nextFloat() * (upper - lower) + lower }
    }

    /// Overwrites `values` with normally distributed floats, drawing the numbers that
    /// `torch.Tensor.normal_(mean, standardDeviation)` draws on the CPU.
    ///
    /// The results match PyTorch's to a few units in the last place; PyTorch's own vary with the
    /// processor. One difference remains: for an odd number of values below 16, PyTorch keeps the
    /// second half of the last pair for its next call; here, as in llm.c, it is dropped.
    package mutating func fillNormal(
        _ values: inout MutableSpan<Float>,
        mean: Float = 0,
        standardDeviation: Float = 1
    ) {
        if values.count < 16 {
            fillNormalPairs(&values, mean: mean, standardDeviation: standardDeviation)
            return
        }
        fillUniform(&values)
        for start in stride(from: 0, through: values.count - 16, by: 16) {
            transformBlock(&values, at: start, mean: mean, standardDeviation: standardDeviation)
        }
        if !values.count.isMultiple(of: 16) {
            // An incomplete last block is not padded: the last 16 values are drawn again.
            let start = values.count - 16
            for i in start..<values.count { values[i] = nextFloat() }
            transformBlock(&values, at: start, mean: mean, standardDeviation: standardDeviation)
        }
    }

    // Not 2 * Float.pi, which Swift rounds towards zero: the nearest float is one place above it.
    private static let twoPi = Float(2 * Double.pi)

    /// Box-Muller on 16 uniform values: the first eight give radii, the other eight angles.
    private func transformBlock(
        _ values: inout MutableSpan<Float>,
        at start: Int,
        mean: Float,
        standardDeviation: Float
    ) {
        for i in start..<start + 8 {
            // 1 - u is in (0, 1], where the logarithm is finite.
            let radius = (-2 * logf(1 - values[i])).squareRoot()
            // Rounding the angle to float is what PyTorch does; near a zero of sine or cosine a
            // more exact angle would change the result by far more than a unit in the last place.
            let angle = Self.twoPi * values[i + 8]
            values[i] = radius * cosf(angle) * standardDeviation + mean
            values[i + 8] = radius * sinf(angle) * standardDeviation + mean
        }
    }

    /// Box-Muller in double precision, one pair of values after the other.
    private mutating func fillNormalPairs(
        _ values: inout MutableSpan<Float>,
        mean: Float,
        standardDeviation: Float
    ) {
        let mean = Double(mean)
        let standardDeviation = Double(standardDeviation)
        for i in stride(from: 0, to: values.count, by: 2) {
            let angle = 2 * Double.pi * nextDouble()
            let radius = (-2 * log1p(-nextDouble())).squareRoot()
            values[i] = Float(radius * cos(angle) * standardDeviation + mean)
            if i + 1 < values.count {
                values[i + 1] = Float(radius * sin(angle) * standardDeviation + mean)
            }
        }
    }
}

// MARK: Saving

extension MersenneTwister {
    /// The size of ``encoded()`` in bytes.
    package static let encodedByteCount = 8 + 4 + 4 + 4 * wordCount + 4 * 2

    /// The state as llm.c's `mt19937_state`, little-endian: `{uint64 seed, int32 left, uint32 next,
    /// uint32 state[624], uint32 matrix[2]}`.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.encodedByteCount)
        func append(_ value: some FixedWidthInteger) {
            var rest = value
            for _ in 0..<value.bitWidth / 8 {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                rest >>= 8
            }
        }
        append(seed)
        append(left)
        append(UInt32(used))
        for word in words { append(word) }
        append(UInt32(0))
        append(Self.matrix)
        return bytes
    }

    /// Continues from a state in the layout of ``encoded()``.
    ///
    /// Gives nil unless there are ``encodedByteCount`` bytes that a generator can have written.
    /// llm.c leaves the seed uninitialized, so any seed is accepted.
    package init?(encoded bytes: [UInt8]) {
        guard bytes.count == Self.encodedByteCount else { return nil }
        var offset = 0
        func read<T: FixedWidthInteger>() -> T {
            let size = T.bitWidth / 8
            let value = (0..<size).reduce(T(0)) {
                $0 | T(truncatingIfNeeded: bytes[offset + $1]) << (8 * $1)
            }
            offset += size
            return value
        }
        seed = read()
        let left: Int32 = read()
        let next: UInt32 = read()
        words = (0..<Self.wordCount).map { _ in read() }
        let matrix: [UInt32] = [read(), read()]
        guard next <= Self.wordCount, matrix == [0, Self.matrix] else { return nil }
        used = Int(next)
        guard left == self.left else { return nil }
    }

    /// The field `left` of the saved state: draws until the words are replaced, including that
    /// draw.
    private var left: Int32 { used == 0 ? 1 : Int32(Self.wordCount + 1 - used) }
}

extension MersenneTwister: Codable {
    private enum CodingKeys: String, CodingKey {
        case state
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(encoded(), forKey: .state)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let bytes = try container.decode([UInt8].self, forKey: .state)
        guard let generator = MersenneTwister(encoded: bytes) else {
            throw DecodingError.dataCorruptedError(
                forKey: .state,
                in: container,
                debugDescription: "not the state of an mt19937 generator"
            )
        }
        self = generator
    }
}
