// What each process contributes, on all of them: for the few bytes that processes agree on.

/// Gathers any number of bytes from each process: first how many, then the bytes.
final class ByteGathering: CollectiveJob {
    private let rank: Int
    private let processCount: Int
    private let counts: UnsafeMutableBufferPointer<UInt64>
    private let own: UnsafeMutableRawBufferPointer
    private var received: [UnsafeMutableRawBufferPointer] = []
    private var phase = 0

    /// What each process gave, in rank order, once the job is done.
    private(set) var results: [[UInt8]] = []

    init(_ bytes: [UInt8], _ group: ProcessGroup) {
        (rank, processCount) = (group.rank, group.processCount)
        counts = .allocate(capacity: processCount)
        counts.initialize(repeating: 0)
        counts[rank] = UInt64(bytes.count)
        own = .allocate(byteCount: bytes.count, alignment: 1)
        own.copyBytes(from: bytes)
    }

    deinit {
        counts.deallocate()
        own.deallocate()
        received.forEach { $0.deallocate() }
    }

    func nextMessages() throws -> [Message]? {
        phase += 1
        switch phase {
        case 1:
            let places = (0..<processCount).map { place in
                UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: counts[place..<place + 1])
                )
            }
            return messages(UnsafeRawBufferPointer(places[rank])) { places[$0] }
        case 2:
            received = counts.map { .allocate(byteCount: Int($0), alignment: 1) }
            return messages(UnsafeRawBufferPointer(own)) { received[$0] }
        default:
            received[rank].copyMemory(from: UnsafeRawBufferPointer(own))
            results = received.map { [UInt8]($0) }
            return nil
        }
    }

    private func messages(
        _ own: UnsafeRawBufferPointer,
        _ place: (_ rank: Int) -> UnsafeMutableRawBufferPointer
    ) -> [Message] {
        (0..<processCount).filter { $0 != rank }
            .flatMap { [.receiving(place($0), from: $0), .sending(own, to: $0)] }
    }
}

/// Numbers that are being gathered from all processes.
package final class PendingNumbers {
    private let job: NumberGathering
    private let ticket: Ticket?

    init(_ values: [Double], _ group: ProcessGroup) {
        job = NumberGathering(values, group)
        ticket = group.hasOthers ? group.start(job) : nil
    }

    /// What each process gave, in rank order, once all have.
    /// - Throws: ``CollectiveError``.
    package func results() throws -> [[Double]] {
        try ticket?.wait()
        return job.results
    }
}

/// Gathers the same count of numbers from each process.
private final class NumberGathering: CollectiveJob {
    private let rank: Int
    private let processCount: Int
    private let count: Int
    /// Those of all processes, one after the other.
    private let all: UnsafeMutableBufferPointer<Double>
    private var hasBegun = false

    init(_ values: [Double], _ group: ProcessGroup) {
        (rank, processCount, count) = (group.rank, group.processCount, values.count)
        all = .allocate(capacity: processCount * count)
        all.initialize(repeating: 0)
        _ = part(rank).update(fromContentsOf: values)
    }

    deinit { all.deallocate() }

    /// What each process gave.
    var results: [[Double]] { (0..<processCount).map { [Double](part($0)) } }

    private func part(_ rank: Int) -> UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: all[rank * count..<(rank + 1) * count])
    }

    func nextMessages() -> [Message]? {
        if hasBegun { return nil }
        hasBegun = true
        let own = UnsafeRawBufferPointer(part(rank))
        return (0..<processCount).filter { $0 != rank }.flatMap { peer -> [Message] in
            let place = UnsafeMutableRawBufferPointer(part(peer))
            return [.receiving(place, from: peer), .sending(own, to: peer)]
        }
    }
}
