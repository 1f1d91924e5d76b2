// Passes over all logits. With a large vocabulary they are most of what sampling takes, so they go
// block by block: the compiler makes vector instructions of the blocks.

/// Logits looked at together.
typealias LogitBlock = SIMD16<Float>

extension MutableSpan<Float> {
    /// The start of the first block that a condition holds for.
    ///
    /// The last block is filled up with negative infinity.
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

    /// Calls `body` with all logits in blocks, as ``firstBlock(where:)`` makes them.
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
    /// Lends some rows of a matrix whose rows are `width` long.
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

    /// Copies a row of a matrix whose rows are `width` long over another one.
    mutating func copyRow(_ source: Int, to destination: Int, of width: Int) {
        withUnsafeMutableBufferPointer { values in
            func row(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
                UnsafeMutableBufferPointer(rebasing: values[index * width..<(index + 1) * width])
            }
            _ = row(destination).update(from: row(source))
        }
    }
}
