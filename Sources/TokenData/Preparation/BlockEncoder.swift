// Blocks of text encoded by several threads while the caller reads and writes. Their order is kept;
// what they are made of and where the tokens go is not known here.

import Dispatch
import Synchronization
import Tokenization

/// Threads that encode blocks, for one caller who submits them and takes the tokens back in order.
///
/// The caller decides how far it runs ahead, and with it how much memory is taken.
final class BlockEncoder {
    /// A block on its way.
    private final class Job: Sendable {
        let block: TextBlock
        let isDone = DispatchSemaphore(value: 0)
        let tokens = Mutex<Result<[TokenID], any Error>>(.success([]))

        init(_ block: TextBlock) {
            self.block = block
        }
    }

    /// What the threads share with the caller.
    private final class Queue: Sendable {
        // Reversed chunks would be faster to take from; there are never more than a few.
        private let jobs = Mutex<[Job]>([])
        private let count = DispatchSemaphore(value: 0)

        func add(_ job: Job?) {
            if let job { jobs.withLock { $0.append(job) } }
            count.signal()
        }

        /// The next job, when there is one; nil when there will be none.
        func next() -> Job? {
            count.wait()
            return jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }

    private let queue = Queue()
    private let threads: Int
    private var submitted: [Job] = []

    /// Blocks submitted and not taken back.
    var count: Int { submitted.count }

    /// Starts `threads` threads, which end with the object.
    init(_ encoder: DocumentEncoder, threads: Int) {
        self.threads = threads
        for index in 0..<threads {
            // A serial queue has a thread whenever it has work, however many are blocked. The
            // concurrent ones have as many as there are processors, and the callers of this class
            // may occupy them all.
            DispatchQueue(label: "swiftlet.block-encoder.\(index)").async { [queue] in
                while let job = queue.next() {
                    let ids = Result {
                        try job.block.bytes.withUnsafeBytes {
                            try encoder.encode($0, starts: job.block.starts)
                        }
                    }
                    job.tokens.withLock { $0 = ids }
                    job.isDone.signal()
                }
            }
        }
    }

    /// Hands a block to the threads.
    func submit(_ block: TextBlock) {
        let job = Job(block)
        submitted.append(job)
        queue.add(job)
    }

    /// Waits for the oldest block and takes it back; nil when there is none.
    /// - Throws: What encoding it threw.
    func takeOldest() throws -> (block: TextBlock, tokens: [TokenID])? {
        guard !submitted.isEmpty else { return nil }
        let job = submitted.removeFirst()
        job.isDone.wait()
        return (job.block, try job.tokens.withLock { try $0.get() })
    }

    deinit {
        // Blocks that nobody took back are encoded all the same: a few, and only after an error.
        for _ in 0..<threads { queue.add(nil) }
    }
}
