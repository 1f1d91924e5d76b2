// The processes of a run, and what they agree on. A single process agrees with itself at once: no
// thread is started and nothing is copied.

import Dispatch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Processes that work together, seen from one of them.
///
/// All of them must make the same calls in the same order.
package final class ProcessGroup {
    /// Which process this is, from 0.
    package let rank: Int
    /// The number of processes.
    package let processCount: Int
    /// What connects them, such as "Open MPI 4.1.4"; nil for a single process.
    package let connection: String?
    /// Whether all processes know that they cannot continue, and will end by themselves.
    package private(set) var hasAgreedToEnd = false

    private let thread: CommunicationThread?
    private let exitStatus: (any Error) -> Int32

    /// Whether this process speaks for all.
    package var isFirst: Bool { rank == 0 }
    /// Whether there are others.
    package var hasOthers: Bool { processCount > 1 }

    /// A process by itself.
    package static var alone: ProcessGroup { ProcessGroup() }

    private init() {
        (rank, processCount, connection, thread) = (0, 1, nil, nil)
        exitStatus = { _ in 1 }
    }

    /// Connects to the processes that were started with this one.
    /// - Parameters:
    ///   - launcher: What started them.
    ///   - exitStatus: The exit status of a process that fails with an error.
    /// - Throws: ``CollectiveError``.
    package convenience init(
        _ launcher: Launcher,
        exitStatus: @escaping (any Error) -> Int32
    ) throws {
        guard launcher.kind != .slurm else {
            throw CollectiveError.notConnected(processCount: launcher.processCount)
        }
        try self.init(exitStatus: exitStatus) {
            try MPICommunicator(MPILibrary.open(for: launcher), launcher)
        }
    }

    /// Connects over what `connect` makes, which a thread of its own calls and uses, within
    /// `patience` seconds.
    package init(
        exitStatus: @escaping (any Error) -> Int32,
        patience: Int = 60,
        _ connect: @escaping @Sendable () throws -> any Communicator
    ) throws {
        let thread = try CommunicationThread(patience: patience, connect)
        (rank, processCount) = (thread.rank, thread.processCount)
        connection = thread.connection
        (self.thread, self.exitStatus) = (thread, exitStatus)
    }

    /// Starts a job; all processes must start theirs in the same order.
    ///
    /// The job and the memory of its messages must not be touched until the ticket says that it is
    /// done.
    package func start(_ job: any CollectiveJob) -> Ticket {
        guard let thread else { preconditionFailure("a single process has no others to talk to") }
        return thread.start(job)
    }

    /// Disconnects from the others, which do the same.
    ///
    /// No call may follow.
    package func close() { thread?.close() }

    /// Ends all processes at once: for an error that the others do not know of.
    package func abort(status: Int32) { thread?.abort(status: status) }
}

extension ProcessGroup {
    /// The bytes that each process gives, in rank order.
    /// - Throws: ``CollectiveError``.
    package func gather(_ bytes: [UInt8]) throws -> [[UInt8]] {
        guard hasOthers else { return [bytes] }
        let job = ByteGathering(bytes, self)
        try start(job).wait()
        return job.results
    }

    /// The numbers that each process gives, in rank order; the same count from each.
    /// - Throws: ``CollectiveError``.
    package func gather(_ values: [Double]) throws -> [[Double]] {
        try startGathering(values).results()
    }

    /// The numbers that each process finds, in the order of their ranks, where all could.
    ///
    /// Whether a process could goes with its numbers: unlike ``together(_:)``, this takes a message
    /// of its own only where one could not.
    /// - Parameters:
    ///   - count: How many each of them finds.
    ///   - body: Finds those of this process.
    /// - Returns: As ``gather(_:)``.
    /// - Throws: As ``together(_:)``.
    package func gather(count: Int, _ body: () throws -> [Double]) throws -> [[Double]] {
        let found = Result { try body() }
        guard hasOthers else { return [try found.get()] }
        let own = (try? found.get() + [1]) ?? [Double](repeating: 0, count: count + 1)
        precondition(own.count == count + 1, "\(own.count - 1) numbers instead of \(count)")
        let gathered = try gather(own)
        if gathered.contains(where: { $0.last != 1 }) { _ = try together { try found.get() } }
        return gathered.map { $0.dropLast() }
    }

    /// The sum, in the order of the ranks, of a number that each process finds, where all could.
    /// - Throws: As ``together(_:)``.
    package func sum(_ body: () throws -> Double) throws -> Double {
        try gather(count: 1) { [try body()] }.joined().reduce(0, +)
    }

    /// Starts gathering numbers, the same count from each process.
    package func startGathering(_ values: [Double]) -> PendingNumbers {
        PendingNumbers(values, self)
    }

    /// What the first process makes, for all.
    /// - Throws: What `make` throws in the first process, and
    ///   ``CollectiveError/otherRank(rank:message:exitStatus:)`` in the others.
    package func share<Value: Codable>(_ make: () throws -> Value) throws -> Value {
        guard hasOthers else { return try make() }
        let made = try together { isFirst ? [try make()] : [] }
        let encoded = try gather([UInt8](JSONEncoder().encode(made)))
        guard let value = try JSONDecoder().decode([Value].self, from: Data(encoded[0])).first
        else { preconditionFailure("the first process made nothing") }
        return value
    }

    /// Does something in every process, and continues only if it succeeded in all.
    /// - Returns: What `body` returns in this process.
    /// - Throws: What `body` throws. If it threw only in others, this is
    ///   ``CollectiveError/otherRank(rank:message:exitStatus:)`` of the first of them.
    package func together<Value>(_ body: () throws -> Value) throws -> Value {
        guard hasOthers else { return try body() }
        let result = Result { try body() }
        var failure: Failure?
        if case .failure(let error) = result {
            failure = Failure(message: "\(error)", exitStatus: exitStatus(error))
        }
        let outcomes = try gather([UInt8](JSONEncoder().encode([failure].compactMap(\.self))))
        for (rank, outcome) in outcomes.enumerated() {
            let failures = try JSONDecoder().decode([Failure].self, from: Data(outcome))
            guard let first = failures.first else { continue }
            hasAgreedToEnd = true
            if case .failure(let error) = result { throw error }
            throw CollectiveError.otherRank(
                rank: rank,
                message: first.message,
                exitStatus: first.exitStatus
            )
        }
        return try result.get()
    }

    /// Checks that some facts are the same in all processes.
    /// - Parameter facts: What it is called, and what it is, in this process.
    /// - Throws: ``CollectiveError/unlike(fact:first:rank:other:)`` in all processes.
    package func requireAlike(_ facts: KeyValuePairs<String, String>) throws {
        guard hasOthers else { return }
        let gathered = try gather([UInt8](JSONEncoder().encode(facts.map(\.value))))
        let values = try gathered.map { try JSONDecoder().decode([String].self, from: Data($0)) }
        for (index, fact) in facts.enumerated() {
            for (rank, other) in values.enumerated() where other[index] != values[0][index] {
                hasAgreedToEnd = true
                throw CollectiveError.unlike(
                    fact: fact.key,
                    first: values[0][index],
                    rank: rank,
                    other: other[index]
                )
            }
        }
    }

    /// Why a process cannot continue.
    private struct Failure: Codable {
        let message: String
        let exitStatus: Int32
    }
}

// Its calls belong to one thread.
@available(*, unavailable) extension ProcessGroup: Sendable {}
