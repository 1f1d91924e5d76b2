// Text cut into blocks, whatever the documents in it are like: many short ones share a block, a
// long one is spread over several. Several threads encode them while the caller reads and writes,
// and their order is kept. Where the tokens go is not known here.

import Dispatch
import Synchronization
import Tokenization

/// Documents, and parts of documents, back to back.
struct TextBlock: Sendable {
    /// The bytes of the documents.
    fileprivate(set) var bytes: [UInt8] = []
    /// Where documents begin in ``bytes``.
    fileprivate(set) var starts: [Int] = []
    /// How much of the inputs had been read when the block was complete, in bytes.
    fileprivate(set) var bytesRead = 0
}

/// Collects text until there is enough for a block.
///
/// Memory is bounded by the block, the chunks that are appended, and the longest word; if documents
/// must not be cut, by the longest document.
struct TextBlockBuilder {
    private let byteCount: Int
    private var block = TextBlock()
    // The end of the current document that may belong to an unfinished word.
    private var rest: HeldBackText
    private var isInDocument = false

    /// Makes blocks of `byteCount` bytes or a little more, cut where documents may be cut.
    init(byteCount: Int, cutting: CuttingRule) {
        self.byteCount = byteCount
        rest = HeldBackText(cutting)
    }

    /// Appends the next bytes of the current document; an empty document is ignored.
    /// - Returns: A block, if one is complete.
    mutating func append(
        _ text: UnsafeRawBufferPointer,
        endsDocument: Bool,
        bytesRead: Int
    ) -> TextBlock? {
        if !isInDocument && !text.isEmpty {
            block.starts.append(block.bytes.count)
            isInDocument = true
        }
        if endsDocument {
            if rest.isEmpty {
                block.bytes.append(contentsOf: text)
            } else {
                block.bytes += rest.append(text)
                block.bytes += rest.finish()
            }
            isInDocument = false
        } else {
            block.bytes += rest.append(text)
        }
        block.bytesRead = bytesRead
        return block.bytes.count >= byteCount ? takeBlock() : nil
    }

    /// Ends the last document and returns what is left, if anything.
    mutating func finish() -> TextBlock {
        block.bytes += rest.finish()
        isInDocument = false
        return takeBlock()
    }

    private mutating func takeBlock() -> TextBlock {
        var next = TextBlock()
        next.bytes.reserveCapacity(byteCount)
        next.bytesRead = block.bytesRead
        swap(&block, &next)
        return next
    }
}

/// Threads that encode blocks, for one caller that submits them and takes the tokens back in order.
///
/// How far the caller runs ahead decides how much memory is used.
final class BlockEncoder {
    /// A block in flight.
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

    /// Blocks submitted and not yet taken back.
    var count: Int { submitted.count }

    /// Starts `threads` threads, which end with the object.
    init(_ encoder: DocumentEncoder, threads: Int) {
        self.threads = threads
        for index in 0..<threads {
            // A serial queue has a thread whenever it has work, however many threads are blocked.
            // The concurrent queues have as many as there are processors, and the callers of this
            // class may occupy them all.
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
        // Blocks that were not taken back are still encoded: a few, and only after an error.
        for _ in 0..<threads { queue.add(nil) }
    }
}
