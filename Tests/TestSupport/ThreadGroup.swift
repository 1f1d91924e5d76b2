// The processes of a run as threads of one process, so that their cooperation is tested without an
// MPI.

import Collectives
import Foundation
import Synchronization

/// Runs `body` once for each rank, on a thread of its own, with a group of all ranks.
/// - Returns: The results, in the order of the ranks.
/// - Throws: The first error of any rank.
package func withThreadGroup<Value: Sendable>(
    of processCount: Int,
    _ body: @Sendable @escaping (ProcessGroup) throws -> Value
) throws -> [Value] {
    try threadGroupResults(of: processCount, body).map { try $0.get() }
}

/// Runs `body` once for each rank, as ``withThreadGroup(of:_:)`` does.
/// - Returns: The results or errors, in the order of the ranks.
package func threadGroupResults<Value: Sendable>(
    of processCount: Int,
    _ body: @Sendable @escaping (ProcessGroup) throws -> Value
) -> [Result<Value, any Error>] {
    let mailbox = Mailbox(processCount: processCount)
    let results = Mutex<[Int: Result<Value, any Error>]>([:])
    let finished = DispatchGroup()
    for rank in 0..<processCount {
        finished.enter()
        let thread = Thread {
            let result = Result {
                let group = try ProcessGroup(exitStatus: { _ in 65 }) {
                    MailboxCommunicator(mailbox, rank: rank)
                }
                defer { group.close() }
                return try body(group)
            }
            results.withLock { $0[rank] = result }
            finished.leave()
        }
        // Models and their passes are created here, as on a main thread.
        thread.stackSize = 8 << 20
        thread.start()
    }
    finished.wait()
    return results.withLock { results in (0..<processCount).compactMap { results[$0] } }
}

/// The messages that have been sent and not yet received.
private final class Mailbox: Sendable {
    struct Address: Hashable {
        let sender: Int
        let receiver: Int
        let tag: Int
    }

    let processCount: Int
    private let letters = Mutex<[Address: [[UInt8]]]>([:])

    init(processCount: Int) { self.processCount = processCount }

    func post(_ bytes: [UInt8], _ address: Address) {
        letters.withLock { $0[address, default: []].append(bytes) }
    }

    func collect(_ address: Address) -> [UInt8]? {
        letters.withLock { letters in
            guard let waiting = letters[address], !waiting.isEmpty else { return nil }
            return letters[address]?.removeFirst()
        }
    }
}

private final class MailboxCommunicator: Communicator {
    let rank: Int
    var processCount: Int { mailbox.processCount }
    let name = "threads"
    private let mailbox: Mailbox

    init(_ mailbox: Mailbox, rank: Int) { (self.mailbox, self.rank) = (mailbox, rank) }

    func begin(_ messages: [Message], tag: Int) -> any PendingMessages {
        for message in messages where message.direction == .sending {
            mailbox.post(
                [UInt8](UnsafeRawBufferPointer(message.bytes)),
                Mailbox.Address(sender: rank, receiver: message.peer, tag: tag)
            )
        }
        let expected = messages.filter { $0.direction == .receiving }
        return PendingLetters(
            expected.map { message in
                let address = Mailbox.Address(sender: message.peer, receiver: rank, tag: tag)
                return (message, address)
            },
            mailbox
        )
    }

    func close() {}

    func abort(status: Int32) { fatalError("a test of processes was aborted with \(status)") }
}

private final class PendingLetters: PendingMessages {
    private var expected: [(Message, Mailbox.Address)]
    private let mailbox: Mailbox

    init(_ expected: [(Message, Mailbox.Address)], _ mailbox: Mailbox) {
        (self.expected, self.mailbox) = (expected, mailbox)
    }

    func areDone() -> Bool {
        while let (message, address) = expected.first {
            guard let bytes = mailbox.collect(address) else { return false }
            precondition(bytes.count == message.bytes.count, "a message of another size")
            message.bytes.copyBytes(from: bytes)
            expected.removeFirst()
        }
        return true
    }
}
