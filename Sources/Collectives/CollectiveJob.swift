// Work that processes do together, and how the thread that started it learns that it is done.

import Dispatch
import Synchronization

/// Something that processes do together, in phases that each exchange messages.
package protocol CollectiveJob: AnyObject {
    /// Ends a phase, all of whose messages have arrived, and returns what the next one exchanges;
    /// nil when the job is done.
    ///
    /// The communication thread calls it at most ``CommunicationThread/phaseLimit`` times.
    func nextMessages() throws -> [Message]?
}

/// Says when a job is done.
package final class Ticket: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<Void, any Error>>(.success(()))
    private let waiters: WaiterCount

    init(_ waiters: WaiterCount) { self.waiters = waiters }

    func finish(_ result: Result<Void, any Error>) {
        self.result.withLock { $0 = result }
        done.signal()
    }

    /// Waits until the job is done.
    /// - Throws: What the job threw, or ``CollectiveError``.
    package func wait() throws {
        waiters.count.add(1, ordering: .relaxed)
        done.wait()
        waiters.count.subtract(1, ordering: .relaxed)
        // For the next caller.
        done.signal()
        try result.withLock { $0 }.get()
    }
}

/// How many threads wait for a job: while there are any, every microsecond counts.
final class WaiterCount: Sendable {
    let count = Atomic<Int>(0)
}
