// The most this machine can do, for benchmarks to compare with.

import CKernels

extension Ops {
    /// Multiplies and adds in registers only, on every thread.
    /// - Parameter iterations: Rounds of some dozens of vector operations.
    /// - Returns: The number of floating-point operations, 0 with the reference, which has no
    ///   vectors.
    package func fmaBurst(iterations: Int) -> Double {
        run { table.fma_burst($0, iterations) }
    }

    /// The same with the instructions that multiply bfloat16 on this instruction set: see
    /// ``MatrixProducts``.
    /// - Parameter iterations: Rounds of some dozens of vector operations, or of four tiles.
    /// - Returns: The number of floating-point operations, 0 with the reference.
    package func bfloat16Burst(iterations: Int) -> Double {
        run { table.bfloat16_burst($0, iterations) }
    }

    /// Adds `d` to three tensors: AdamW's mix of reads and writes, with hardly any arithmetic.
    /// - Parameters:
    ///   - a: Any shape, updated.
    ///   - b: The same shape, updated.
    ///   - c: The same shape, updated.
    ///   - d: The same shape.
    package func streamBurst(a: Tensor, b: Tensor, c: Tensor, d: Tensor) {
        Self.expect(a, a.shape, "a")
        for tensor in [b, c, d] { Self.expect(tensor, a.shape, "b, c or d") }
        run {
            table.stream_burst(
                $0,
                a.mutableFloatPointer,
                b.mutableFloatPointer,
                c.mutableFloatPointer,
                d.floatPointer,
                a.count
            )
        }
        keepAlive(a, b, c, d)
    }

    /// Reads a tensor once, with every thread and nothing else to do.
    /// - Parameters:
    ///   - x: Float32, of a multiple of 16 elements.
    ///   - streams: How many places each thread reads from at a time: 1, 2, 4 or 8. The fastest
    ///     number differs between processors.
    /// - Returns: The sum of the bits of its elements, as integers that wrap around.
    @discardableResult
    package func readBurst(_ x: Tensor, streams: Int) -> UInt32 {
        Self.expect(x, x.shape, "x")
        precondition(x.count % 16 == 0, "\(x.count) floats are not whole lines of a cache")
        precondition([1, 2, 4, 8].contains(streams), "\(streams) streams")
        let byteCount = x.count * ElementType.float32.byteWidth
        let sum = run { table.read_burst($0, x.floatPointer, byteCount, CInt(streams)) }
        keepAlive(x)
        return sum
    }
}
