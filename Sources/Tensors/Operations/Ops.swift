// The typed, checked interface to CKernels, and the only one: a second backend would be added
// behind this class. Each operation is described in CKernels.h; its methods are in the files next
// to this one.

import CKernels

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs operations on tensors, with one instruction set and a fixed number of threads.
///
/// Dimension letters are llm.c's: B batch size, T sequence length, C channels, NH heads, V and Vp
/// vocabulary size without and with padding, OC output channels, N rows. A tensor of the wrong
/// shape is a programmer's error and stops the program with both shapes.
///
/// An object serves one caller at a time: it owns scratch memory.
package final class Ops {
    /// The micro-kernels in use.
    package let instructionSet: InstructionSet
    /// Threads that large operations are divided among.
    package let threadCount: Int
    private let operations: UnsafePointer<ck_operations>
    private let micro: OpaquePointer?
    private var scratch: TensorBuffer
    private(set) var largestRow: Int

    /// Prepares operations.
    /// - Parameters:
    ///   - instructionSet: The micro-kernels; nil takes the one named by the environment variable
    ///     `SWIFTLET_ISA`, or else the fastest.
    ///   - threadCount: Threads; nil takes ``Machine/defaultThreadCount``.
    /// - Throws: ``TensorError`` when the instruction set is not available, memory is short,
    ///   threads cannot be started, or an OpenMP variable has a wrong value.
    package init(instructionSet: InstructionSet? = nil, threadCount: Int? = nil) throws {
        let chosen =
            if let instructionSet {
                instructionSet
            } else if let forced = getenv("SWIFTLET_ISA") {
                try InstructionSet(named: String(cString: forced))
            } else {
                InstructionSet.best
            }
        guard let operations = ck_operations_for(chosen.identifier) else {
            throw TensorError.unavailableInstructionSet(
                name: chosen.rawValue,
                available: InstructionSet.available.map(\.rawValue)
            )
        }
        let threads = threadCount ?? Machine.defaultThreadCount
        guard threads >= 1 else { throw TensorError.invalidThreadCount(found: threads) }
        self.instructionSet = chosen
        self.threadCount = Machine.hasOpenMP ? min(threads, Self.maximumThreadCount) : 1
        self.operations = operations
        micro = ck_microkernels_for(chosen.identifier)
        largestRow = 1024
        scratch = try Self.scratch(threadCount: self.threadCount, largestRow: largestRow)
        try ThreadTeam.start(self.threadCount)
    }

    /// More threads than any intended machine has; a mistyped number must not exhaust memory.
    private static let maximumThreadCount = 256

    private static func scratch(threadCount: Int, largestRow: Int) throws -> TensorBuffer {
        let floats = ck_scratch_floats(CInt(threadCount), largestRow)
        return try TensorBuffer(byteCount: floats * MemoryLayout<Float>.size)
    }

    /// Makes room for rows of `channels`; models call it once, when they are created.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func reserve(channels: Int) throws {
        guard channels > largestRow else { return }
        scratch = try Self.scratch(threadCount: threadCount, largestRow: channels)
        largestRow = channels
    }

    /// The C functions, one for each operation.
    var table: ck_operations { operations.pointee }

    /// Calls `body` with the context that the C functions run in.
    func run<Result>(
        channels: Int = 0,
        _ body: (UnsafePointer<ck_context>) -> Result
    ) -> Result {
        precondition(
            channels <= largestRow,
            "rows of \(channels) channels; reserve(channels:) made room for \(largestRow)"
        )
        return withExtendedLifetime(scratch) {
            var context = ck_context(
                micro: micro,
                threads: CInt(threadCount),
                scratch: scratch.start.assumingMemoryBound(to: Float.self)
            )
            return body(&context)
        }
    }
}

// It owns scratch memory that every operation writes.
@available(*, unavailable) extension Ops: Sendable {}

extension Ops {
    /// Operations for a lane: with the same instruction set, on one thread.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func forLane() throws -> Ops {
        let ops = try Ops(instructionSet: instructionSet, threadCount: 1)
        try ops.reserve(channels: largestRow)
        return ops
    }

    /// Calls `body` for each lane from 0 to `count` - 1, on as many threads as possible, and
    /// returns when all are done.
    ///
    /// No lane may write what another one reads or writes. So each runs its operations on an `Ops`
    /// made by ``forLane()``.
    package func runLanes(_ count: Int, _ body: (_ lane: Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: Work(body: body)) { work in
                ck_run_lanes(
                    CInt(count),
                    { lane, work in
                        work?.assumingMemoryBound(to: Work.self).pointee.body(Int(lane))
                    },
                    UnsafeMutableRawPointer(mutating: work)
                )
            }
        }
    }

    /// Wraps the closure that C passes on to each lane.
    private struct Work {
        let body: (_ lane: Int) -> Void
    }
}
