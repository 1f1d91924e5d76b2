// Lanes: threads that each run a sequence of operations of their own, instead of sharing every
// operation. Where operations are small, this saves their threads most of the waiting.

import CKernels

extension Ops {
    /// Operations with the same instruction set on one thread, as a lane needs them.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func forLane() throws -> Ops {
        let ops = try Ops(instructionSet: instructionSet, threadCount: 1)
        try ops.reserve(channels: largestRow)
        return ops
    }

    /// Calls `body` for each lane from 0 to `count` - 1, on a thread each as far as there are so
    /// many, and returns when all are done.
    ///
    /// What lanes write must be their own, and so must the operations they run: those that
    /// ``forLane()`` made for each.
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

    /// What C passes on to each lane.
    private struct Work {
        let body: (_ lane: Int) -> Void
    }
}
