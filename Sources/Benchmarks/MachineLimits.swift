// What the processor and the memory can do at most, measured, since machines differ and are shared.

import Tensors

/// The limits that kernels are compared with.
public struct MachineLimits: Sendable {
    /// Floating-point operations a second of multiply-adds on registers, all threads.
    public let fmaPeak: Double
    /// The same for every vector instruction set that can run here, slowest first.
    public let fmaPeaks: [(set: InstructionSet, flops: Double)]
    /// Bytes a second that all threads read from memory together.
    public let readBandwidth: Double

    /// Floats read to measure bandwidth: 512 MiB, more than any cache holds.
    private static let readFloats = 1 << 27

    /// Measures both.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(ops: Ops) throws {
        fmaPeaks = try InstructionSet.available.filter { $0 != .reference }.map { set in
            let ops = try Ops(instructionSet: set, threadCount: ops.threadCount)
            return (set, Self.fmaPeak(ops))
        }
        fmaPeak = fmaPeaks.first { $0.set == ops.instructionSet }?.flops ?? 0
        let block = try Tensor(zeros: [Self.readFloats])
        // Pages that were never written all show one page of zeros, which the cache holds.
        block.withUnsafeMutableElements(as: Float.self) { $0.update(repeating: 1) }
        let time = fastest(of: 5) { _ = ops.sumOfSquares(block) }
        readBandwidth = Double(block.count * DType.float32.byteWidth) / time
    }

    /// Multiply-adds a second times two, the best of a few short bursts.
    static func fmaPeak(_ ops: Ops) -> Double {
        var best = 0.0
        for _ in 0..<5 {
            var operations = 0.0
            let time = seconds { operations = ops.fmaBurst(iterations: 1 << 20) }
            best = max(best, operations / time)
        }
        return best
    }
}
