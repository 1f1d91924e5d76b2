// Softmax without the division: weights that tokens are drawn by. With a large vocabulary, passes
// over all logits are most of the cost of sampling, so they go block by block, which the compiler
// turns into vector instructions.

/// What each token weighs: exp(logit - largest logit), and 0 where that is below e^-87.
///
/// Its memory is reused for the next token.
struct TokenWeights: Sendable {
    /// The sum of all weights, in double: a float sum over a large vocabulary would misplace its
    /// unlikely tokens.
    private(set) var total = 0.0
    /// All weights; those past the last token are 0.
    private var blocks: [LogitBlock] = []

    /// Replaces the weights by those of other logits.
    mutating func compute(from logits: borrowing MutableSpan<Float>) {
        let width = LogitBlock.scalarCount
        blocks.removeAll(keepingCapacity: true)
        blocks.reserveCapacity((logits.count + width - 1) / width)
        total = 0
        // Relative to the largest, so that no exponential overflows.
        let largest = logits.largest
        logits.forEachBlock { block, _ in
            guard any(block .> -.infinity) else { return blocks.append(.zero) }
            let weights = exponentials(ofNonPositive: block - largest)
            blocks.append(weights)
            total += Double(weights.sum())
        }
    }

    /// Calls `body` with each token that weighs at least `least`, ascending.
    func forEachToken(weighingAtLeast least: Float, _ body: (_ token: Int, _ weight: Float) -> Void)
    {
        for (index, weights) in blocks.enumerated() where any(weights .>= least) {
            for lane in weights.indices where weights[lane] >= least && weights[lane] > 0 {
                body(index * LogitBlock.scalarCount + lane, weights[lane])
            }
        }
    }

    /// The token at a place from 0 up to ``total`` when each occupies its weight; nil when all
    /// weights are 0.
    func token(at place: Double) -> Int? {
        var end = 0.0
        var last: Int?
        for (index, weights) in blocks.enumerated() where any(weights .> 0) {
            let start = end
            end += Double(weights.sum())
            last = index
            if place < end { return token(at: place - start, inBlock: index) }
        }
        // When rounding makes the place equal the total, the last possible token is drawn.
        return last.flatMap { token(at: .infinity, inBlock: $0) }
    }

    private func token(at place: Double, inBlock index: Int) -> Int? {
        let weights = blocks[index]
        var end = 0.0
        var last: Int?
        for lane in weights.indices where weights[lane] > 0 {
            end += Double(weights[lane])
            last = index * LogitBlock.scalarCount + lane
            if place < end { break }
        }
        return last
    }
}

/// e to the power of each lane, none above 0; to two units in the last place, and 0 below e^-87.
///
/// Cephes' expf (Moshier 1989): x is n ln 2 + r, and e^r a polynomial. The system's expf takes one
/// number at a time, and would take most of the time of a draw.
private func exponentials(ofNonPositive x: LogitBlock) -> LogitBlock {
    let lowest: Float = -87
    let x0 = x.replacing(with: lowest, where: x .< lowest)
    // Adding 1.5 * 2^23 leaves no bits for a fraction: the sum's last bits are n.
    let shift: Float = 0x1.8p23
    let shifted = x0 * 1.442_695_04 + shift
    let n = shifted - shift
    // ln 2 in two parts, so that the first product is exact.
    let r = x0 - n * 0.693_359_375 + n * 2.121_944_4e-4
    var p = LogitBlock(repeating: 1.987_569_15e-4)
    p = p * r + 1.398_199_95e-3
    p = p * r + 8.333_452e-3
    p = p * r + 4.166_579_6e-2
    p = p * r + 0.166_666_655
    p = p * r + 0.5
    let power = p * r * r + r + 1
    // 2^n by its bits: the exponent, which starts at 127, is above 23 bits of fraction.
    let bits = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &- Int32(bitPattern: shift.bitPattern)
    let scale = unsafeBitCast((bits &+ 127) &<< 23, to: LogitBlock.self)
    return (power * scale).replacing(with: 0, where: x .< lowest)
}

/// Logits examined together.
typealias LogitBlock = SIMD16<Float>

extension MutableSpan<Float> {
    /// The start of the first block for which a condition holds.
    ///
    /// The last block is padded with negative infinity.
    /// - Parameter condition: Given each block, and the token of its first logit.
    /// - Returns: A token; nil when the condition holds for no block.
    func firstBlock(where condition: (_ block: LogitBlock, _ start: Int) -> Bool) -> Int? {
        withUnsafeBufferPointer { logits in
            let width = LogitBlock.scalarCount
            let bytes = UnsafeRawBufferPointer(logits)
            var start = 0
            while start + width <= logits.count {
                let offset = start * MemoryLayout<Float>.stride
                let block = bytes.loadUnaligned(fromByteOffset: offset, as: LogitBlock.self)
                if condition(block, start) { return start }
                start += width
            }
            guard start < logits.count else { return nil }
            var block = LogitBlock(repeating: -.infinity)
            for lane in 0..<logits.count - start { block[lane] = logits[start + lane] }
            return condition(block, start) ? start : nil
        }
    }

    /// Calls `body` with all logits in blocks, as in ``firstBlock(where:)``.
    func forEachBlock(_ body: (_ block: LogitBlock, _ start: Int) -> Void) {
        _ = firstBlock {
            body($0, $1)
            return false
        }
    }

    /// The largest logit; negative infinity when there is none.
    var largest: Float {
        var lanes = LogitBlock(repeating: -.infinity)
        forEachBlock { block, _ in lanes.replace(with: block, where: block .> lanes) }
        return lanes.max()
    }

    /// The first token whose logit is NaN or positive infinity.
    package var firstUnusable: Int? {
        // False for NaN too.
        let start = firstBlock { block, _ in !all(block .< .infinity) }
        return start.flatMap { ($0..<count).first { !(self[$0] < .infinity) } }
    }

    /// The first token with this logit.
    func firstToken(with logit: Float) -> Int? {
        let start = firstBlock { block, _ in any(block .== logit) }
        return start.flatMap { ($0..<count).first { self[$0] == logit } }
    }
}

extension [Float] {
    /// Lends some rows of a matrix whose rows have `width` elements.
    package mutating func withRows<Result>(
        _ rows: Range<Int>,
        of width: Int,
        _ body: (inout MutableSpan<Float>) throws -> Result
    ) rethrows -> Result {
        try withUnsafeMutableBufferPointer { values in
            let range = rows.lowerBound * width..<rows.upperBound * width
            // The span ends with this closure, before the memory can move.
            var span = UnsafeMutableBufferPointer(rebasing: values[range]).mutableSpan
            return try body(&span)
        }
    }

    /// Copies a row of a matrix whose rows have `width` elements over another one.
    mutating func copyRow(_ source: Int, to destination: Int, of width: Int) {
        withUnsafeMutableBufferPointer { values in
            func row(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
                UnsafeMutableBufferPointer(rebasing: values[index * width..<(index + 1) * width])
            }
            _ = row(destination).update(from: row(source))
        }
    }
}
