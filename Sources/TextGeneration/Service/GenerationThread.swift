// A thread of its own for a model. Swift's cooperative pool has a thread for each processor and
// moves work between them, and OpenMP starts a team of threads for every thread that runs a kernel:
// a model used from the pool would end up with as many teams as there are processors, all of them
// awake. A pass of a large model would also block a thread that other tasks wait for.

import Dispatch
import Synchronization

/// Runs the jobs of an actor, one after the other, on one thread that lives as long as it does.
package final class GenerationThread: SerialExecutor {
    /// What the thread shares with those who give it jobs.
    private final class Queue: Sendable {
        private let jobs = Mutex<[(UnownedJob, GenerationThread)]>([])
        private let count = DispatchSemaphore(value: 0)

        /// Adds a job, with the executor, which must live until the job has run.
        func add(_ job: UnownedJob, of executor: GenerationThread) {
            jobs.withLock { $0.append((job, executor)) }
            count.signal()
        }

        /// Lets the thread end.
        func close() {
            count.signal()
        }

        /// Waits for a job; nil when there will be no more.
        func next() -> (job: UnownedJob, executor: GenerationThread)? {
            count.wait()
            return jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }

    private let queue = Queue()

    package init() {
        // A private serial queue has one thread while it has work, and this work lasts until the
        // executor is gone.
        DispatchQueue(label: "swiftlet.generation").async { [queue] in
            while let (job, executor) = queue.next() {
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            }
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        queue.add(UnownedJob(job), of: self)
    }

    deinit {
        queue.close()
    }
}

extension GenerationThread {
    /// Runs something on the thread, after what it was given before.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    package func run<Value>(
        _ body: @Sendable () throws -> sending Value
    ) async throws -> sending Value {
        try await Caller(thread: self).call(body)
    }

    /// An actor of the thread, which is how a call gets there.
    private actor Caller {
        private let thread: GenerationThread

        nonisolated var unownedExecutor: UnownedSerialExecutor {
            thread.asUnownedSerialExecutor()
        }

        init(thread: GenerationThread) {
            self.thread = thread
        }

        func call<Value>(_ body: @Sendable () throws -> sending Value) throws -> sending Value {
            try body()
        }
    }
}

/// A value that is not Sendable and is looked at on one ``GenerationThread`` alone, wherever it is
/// carried.
///
/// It is unchecked because the compiler cannot see which thread that is. Whoever makes one hands
/// it only to calls of that thread; releasing it elsewhere is harmless, as no call uses it then.
package final class Confined<Value>: @unchecked Sendable {
    package let value: Value

    package init(_ value: Value) {
        self.value = value
    }
}
