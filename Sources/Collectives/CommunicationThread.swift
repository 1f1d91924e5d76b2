// The one thread of a process that talks to the others. MPI moves messages only inside its calls: a
// thread that keeps calling lets them travel while other threads compute, and if it makes all the
// calls, MPI need not be thread-safe.

import Dispatch
import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Carries out jobs in the order they are given, which must be the same in all processes.
///
/// A few run at once, so that messages travel while what has arrived is summed.
final class CommunicationThread: Sendable {
    /// The most phases a job may have.
    static let phaseLimit = 4

    private let queue = Queue()
    private let waiters = WaiterCount()
    private let ended = DispatchSemaphore(value: 0)
    /// Which process this is, from 0.
    let rank: Int
    /// The number of processes.
    let processCount: Int
    /// What connects them.
    let connection: String

    /// Starts the thread and connects it.
    /// - Parameters:
    ///   - patience: Seconds that this may take.
    ///   - connect: Called by the thread.
    /// - Throws: What `connect` throws, and ``CollectiveError/incomplete(seconds:)`` where it does
    ///   not return in time: not every launcher ends the others when a process fails before it is
    ///   connected.
    init(
        patience: Int,
        _ connect: @escaping @Sendable () throws -> any Communicator
    ) throws {
        let connected = DispatchSemaphore(value: 0)
        let place = Mutex<Result<(Int, Int, String), any Error>>(.success((0, 1, "")))
        // A serial queue of its own keeps one thread for as long as it has work, which here is
        // until the processes disconnect.
        DispatchQueue(label: "swiftlet.communication").async { [queue, waiters, ended] in
            let loop: MessageLoop
            do {
                loop = MessageLoop(try connect(), queue, waiters)
                let (rank, count) = (loop.communicator.rank, loop.communicator.processCount)
                let name = loop.communicator.name
                place.withLock { $0 = .success((rank, count, name)) }
                connected.signal()
            } catch {
                place.withLock { $0 = .failure(error) }
                return _ = connected.signal()
            }
            loop.run()
            ended.signal()
        }
        guard connected.wait(timeout: .now() + .seconds(patience)) == .success else {
            throw CollectiveError.incomplete(seconds: patience)
        }
        (rank, processCount, connection) = try place.withLock { $0 }.get()
    }

    /// Gives the thread a job.
    ///
    /// The job and the memory of its messages must not be touched until the ticket says that it is
    /// done.
    func start(_ job: any CollectiveJob) -> Ticket {
        let ticket = Ticket(waiters)
        queue.add(.job(job, ticket))
        return ticket
    }

    /// Ends all processes at once, whatever is under way.
    func abort(status: Int32) { end(.abort(status)) }

    /// Disconnects from the other processes once all jobs are done.
    func close() { end(.close) }

    /// Gives the last order.
    ///
    /// Where the others have gone without a word, it does not wait for ever.
    private func end(_ order: Order) {
        queue.add(order)
        _ = ended.wait(timeout: .now() + .seconds(10))
    }
}

extension CommunicationThread {
    /// What is to be done.
    //
    // Unchecked: a job is handed over, and the thread that did so does not touch it until its
    // ticket says that it is done.
    enum Order: @unchecked Sendable {
        case job(any CollectiveJob, Ticket)
        case close
        case abort(Int32)
    }

    /// What the thread shares with those who give it work.
    final class Queue: Sendable {
        private let orders = Mutex<[Order]>([])
        private let count = DispatchSemaphore(value: 0)

        func add(_ order: Order) {
            orders.withLock { $0.append(order) }
            count.signal()
        }

        /// The next order; nil when there is none and `waits` is false.
        func next(waits: Bool) -> Order? {
            guard waits else {
                return count.wait(timeout: .now()) == .success ? first() : nil
            }
            count.wait()
            return first()
        }

        private func first() -> Order { orders.withLock { $0.removeFirst() } }
    }
}

/// The work of the communication thread.
private final class MessageLoop {
    /// Jobs that run at once.
    private static let depth = 2
    /// Microseconds between polls, with a thread waiting for a job and without.
    private static let pause: (urgent: UInt32, relaxed: UInt32) = (10, 200)
    /// Every MPI allows tags below this.
    private static let tagLimit = 1 << 15

    /// A job that is running.
    private struct Work {
        let job: any CollectiveJob
        let ticket: Ticket
        /// The tag of its next phase.
        var tag: Int
        var pending: any PendingMessages
    }

    let communicator: any Communicator
    private let queue: CommunicationThread.Queue
    private let waiters: WaiterCount
    /// Jobs that have not begun, in their order.
    private var waiting: [(job: any CollectiveJob, ticket: Ticket)] = []
    private var underWay: [Work] = []
    private var jobCount = 0
    private var isClosing = false
    /// Why messages can no longer be exchanged.
    private var failure: (any Error)?
    /// Jobs that came to no end: messages may still be on their way to and from their memory.
    private var abandoned: [any CollectiveJob] = []

    init(
        _ communicator: any Communicator,
        _ queue: CommunicationThread.Queue,
        _ waiters: WaiterCount
    ) {
        (self.communicator, self.queue, self.waiters) = (communicator, queue, waiters)
    }

    /// Carries out orders until there are no more.
    func run() {
        while !isClosing || isBusy {
            // All of them, at once: one may be to end everything while no job gets on.
            while !isClosing, let order = queue.next(waits: !isBusy) {
                switch order {
                case .job(let job, let ticket): waiting.append((job, ticket))
                case .close: isClosing = true
                case .abort(let status): return communicator.abort(status: status)
                }
            }
            let hasBegun = beginWaiting()
            if moveOn() || hasBegun { continue }
            pause()
        }
        if failure == nil { communicator.close() }
    }

    private var isBusy: Bool { !waiting.isEmpty || !underWay.isEmpty }

    /// Begins as many jobs as may be under way.
    /// - Returns: Whether there were any.
    private func beginWaiting() -> Bool {
        var hasBegun = false
        while underWay.count < Self.depth, !waiting.isEmpty {
            hasBegun = true
            let (job, ticket) = waiting.removeFirst()
            let tag = jobCount * CommunicationThread.phaseLimit % Self.tagLimit
            jobCount += 1
            do {
                if let failure { throw failure }
                guard let messages = try job.nextMessages() else {
                    ticket.finish(.success(()))
                    continue
                }
                let pending = try communicator.begin(messages, tag: tag)
                underWay.append(Work(job: job, ticket: ticket, tag: tag + 1, pending: pending))
            } catch {
                abandoned.append(job)
                ticket.finish(.failure(error))
                fail(error)
            }
        }
        return hasBegun
    }

    /// Advances all running jobs.
    /// - Returns: Whether a phase of a job ended.
    private func moveOn() -> Bool {
        var hasMoved = false
        for index in underWay.indices.reversed() {
            do {
                guard try underWay[index].pending.areDone() else { continue }
                hasMoved = true
                guard let messages = try underWay[index].job.nextMessages() else {
                    underWay.remove(at: index).ticket.finish(.success(()))
                    continue
                }
                let tag = underWay[index].tag
                underWay[index].pending = try communicator.begin(messages, tag: tag)
                underWay[index].tag += 1
            } catch {
                fail(error)
                return true
            }
        }
        return hasMoved
    }

    /// Gives up what is under way: the others wait for messages that will not come, or this process
    /// for theirs, and nothing can follow.
    private func fail(_ error: any Error) {
        failure = error
        for work in underWay { work.ticket.finish(.failure(error)) }
        abandoned += underWay.map(\.job)
        underWay = []
    }

    private func pause() {
        let isUrgent = waiters.count.load(ordering: .relaxed) > 0
        usleep(isUrgent ? Self.pause.urgent : Self.pause.relaxed)
    }
}
