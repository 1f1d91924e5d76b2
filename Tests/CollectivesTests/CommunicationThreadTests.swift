// How jobs end where no message gets through.

import Collectives
import Dispatch
import Synchronization
import Testing

struct CommunicationThreadTests {
    /// What becomes of messages that nobody answers.
    private final class Line: Sendable {
        let isBroken = Atomic<Bool>(false)
        let abortStatus = Mutex<Int32?>(nil)
    }

    private static let broken = CollectiveError.callFailed(call: "MPI_Test", reason: "no line")

    private final class Silence: Communicator {
        let rank = 0
        let processCount = 2
        let name = "silence"
        private let line: Line

        init(_ line: Line) { self.line = line }

        func begin(_ messages: [Message], tag: Int) -> any PendingMessages { Unheard(line) }

        func close() {}

        func abort(status: Int32) { line.abortStatus.withLock { $0 = status } }
    }

    private final class Unheard: PendingMessages {
        private let line: Line

        init(_ line: Line) { self.line = line }

        func areDone() throws -> Bool {
            if line.isBroken.load(ordering: .relaxed) { throw broken }
            return false
        }
    }

    private func group(_ line: Line) throws -> ProcessGroup {
        try ProcessGroup(exitStatus: { _ in 65 }) { Silence(line) }
    }

    @Test func waitingForProcessesThatDoNotConnectEnds() {
        let gate = DispatchSemaphore(value: 0)
        #expect(throws: CollectiveError.incomplete(seconds: 0)) {
            try ProcessGroup(exitStatus: { _ in 65 }, patience: 0) {
                gate.wait()
                return Silence(Line())
            }
        }
        gate.signal()
    }

    @Test func allProcessesEndEvenIfJobsAreUnanswered() throws {
        let line = Line()
        let group = try group(line)
        let pending = (0..<5).map { group.startGathering([Double($0)]) }
        group.abort(status: 65)
        #expect(line.abortStatus.withLock { $0 } == 65)
        #expect(pending.count == 5)
    }

    @Test func everyJobFailsWhenTheConnectionBreaks() throws {
        let line = Line()
        let group = try group(line)
        let pending = (0..<5).map { group.startGathering([Double($0)]) }
        line.isBroken.store(true, ordering: .relaxed)
        // The last first: jobs that are under way do not wait for those before them to be asked.
        for numbers in pending.reversed() {
            #expect(throws: Self.broken) { try numbers.results() }
        }
        #expect(throws: Self.broken) { try group.gather([1.0]) }
        group.close()
    }
}
