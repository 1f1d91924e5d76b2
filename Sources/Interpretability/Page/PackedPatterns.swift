// Attention patterns as small as a page needs them: the lower triangle of each head, a byte a
// value.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Patterns in bytes.
///
/// A byte is the square root of the attention in 255 parts. Large values are rounded to within
/// 0.004 and small ones to much less, where a byte of the attention itself would leave them 0.
enum PackedPatterns {
    /// The values of one head: token t looks at t + 1 tokens.
    static func size(tokens T: Int) -> Int {
        T * (T + 1) / 2
    }

    /// The triangles of `heads` of every layer, one after the other, row after row.
    static func bytes(_ patterns: AttentionPatterns, heads: [Int]) -> [UInt8] {
        let T = patterns.tokens.count
        let count = patterns.layers.count * heads.count * size(tokens: T)
        return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
            for layer in patterns.layers.indices {
                for head in heads {
                    let start = (layer * patterns.headCount + head) * T * T
                    for t in 0..<T {
                        for value in patterns.values[start + t * T...start + t * T + t] {
                            bytes.initializeElement(at: initialized, to: byte(value))
                            initialized += 1
                        }
                    }
                }
            }
        }
    }

    /// The same as text.
    static func base64(_ patterns: AttentionPatterns, heads: [Int]) -> String {
        Data(bytes(patterns, heads: heads)).base64EncodedString()
    }

    /// A value from 0 to 1; what is no number, as a broken model computes, is 0.
    static func byte(_ value: Float) -> UInt8 {
        guard value > 0 else { return 0 }
        return UInt8((min(value, 1).squareRoot() * 255).rounded())
    }
}
