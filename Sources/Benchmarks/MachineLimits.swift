// The most that the processor and the memory can do, measured, since machines differ and are
// shared; and how this module measures time: the fastest of several runs for a limit, the median
// for what a user will see.

import Tensors

/// The limits that kernels are compared with.
package struct MachineLimits: Sendable {
    /// Floating-point operations per second of multiply-adds in registers, on all threads.
    ///
    /// The reference, which has no vectors, uses the fastest set's; 0 if there is none.
    package let fmaPeak: Double
    /// The same for every vector instruction set that can run here, slowest first.
    package let fmaPeaks: [(set: InstructionSet, flops: Double)]
    /// The same for the bfloat16 products of the set in use: tiles, pairs, or again floats.
    package let bfloat16Peak: Double
    /// Bytes per second that all threads together read from memory.
    package let readBandwidth: Double

    /// Bytes read to measure bandwidth, more than caches hold; 1 GiB where they are large.
    private static let readBytes: Int = {
        let usual = 1 << 29
        return usual < 4 * Machine.cacheBytes ? 2 * usual : usual
    }()

    /// Measures both.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package init(ops: Ops) throws {
        fmaPeaks = try InstructionSet.available.filter { $0 != .reference }.map { set in
            let ops = try Ops(instructionSet: set, threadCount: ops.threadCount)
            return (set, try Self.fmaPeak(ops))
        }
        let own = fmaPeaks.first { $0.set == ops.instructionSet }
        fmaPeak = (own ?? fmaPeaks.last)?.flops ?? 0
        bfloat16Peak = try Self.bfloat16Peak(ops)
        let (reader, block) = (try Self.fastest(ops), try Self.readBlock(ops))
        readBandwidth = (0..<3).reduce(0) { best, _ in
            max(best, Self.readBandwidth(reader, block))
        }
    }

    /// Memory larger than any cache.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    static func readBlock(_ ops: Ops) throws -> Tensor {
        let block = try ops.tensor([readBytes / ElementType.float32.byteWidth])
        // Pages that were never written all share one page of zeros, which stays in the cache.
        ops.fill(block) { $0.update(repeating: 1) }
        return block
    }

    /// Bytes per second of reading a block from ``readBlock(_:)``: the best of a few passes, each
    /// of which reads from a different number of places at a time.
    static func readBandwidth(_ ops: Ops, _ block: Tensor) -> Double {
        let time = [1, 2, 4, 8].reduce(Double.infinity) { best, streams in
            min(best, seconds { ops.readBurst(block, streams: streams) })
        }
        return Double(block.count * ElementType.float32.byteWidth) / time
    }

    /// Multiply-adds per second times two, the best of a few short bursts; for the reference, those
    /// of the fastest set.
    static func fmaPeak(_ ops: Ops) throws -> Double {
        let ops = try fastest(ops)
        return peak { ops.fmaBurst(iterations: 1 << 20) }
    }

    /// The same for the instructions that multiply bfloat16.
    static func bfloat16Peak(_ ops: Ops) throws -> Double {
        let ops = try fastest(ops)
        return peak { ops.bfloat16Burst(iterations: 1 << 20) }
    }

    /// The peak for operands of a type combined with float32.
    static func peak(_ ops: Ops, of type: ElementType) throws -> Double {
        try type == .float32 ? fmaPeak(ops) : bfloat16Peak(ops)
    }

    /// Instead of the reference, which keeps no unit busy, the fastest set of this machine.
    static func fastest(_ ops: Ops) throws -> Ops {
        guard ops.instructionSet == .reference, let fastest = InstructionSet.available.last else {
            return ops
        }
        return try Ops(instructionSet: fastest, threadCount: ops.threadCount)
    }

    private static func peak(_ burst: () -> Double) -> Double {
        var best = 0.0
        for _ in 0..<5 {
            var operations = 0.0
            let time = seconds { operations = burst() }
            best = max(best, operations / time)
        }
        return best
    }
}

/// Seconds that one call of `body` took.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
}

/// The fastest of `runs` runs of `body`, in seconds; after an uncounted run to warm up.
func fastest(of runs: Int, _ body: () -> Void) -> Double {
    body()
    return (0..<runs).reduce(Double.infinity) { best, _ in min(best, seconds(body)) }
}

/// The middle of some values; the mean of the two in the middle when their number is even.
func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "the median of nothing")
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
