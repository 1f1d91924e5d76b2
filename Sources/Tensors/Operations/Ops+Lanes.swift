// Lanes: threads that each run operations of their own, one after the other, instead of sharing
// every operation. Where operations are small, this saves the threads most of the waiting.

import CKernels

extension Ops {
    /// Operations for a lane: with the same instruction set, on one thread.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func forLane() throws -> Ops {
        let ops = try Ops(instructionSet: instructionSet, threadCount: 1)
        try ops.reserve(channels: largestRow)
        return ops
    }

    /// Calls `body` for each lane from 0 to `count` - 1, each on a thread of its own if there are
    /// as many, and returns when all are done.
    ///
    /// No lane may write what another one reads or writes. So each runs its operations on an `Ops`
    /// that ``forLane()`` made for it.
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

    /// What C passes on to each lane: a closure, which C could not hold by itself.
    private struct Work {
        let body: (_ lane: Int) -> Void
    }
}
