// What the processes of a run need from whatever carries their messages: bytes sent from one to
// another, started and polled without blocking. The files next to this one build sums and
// agreements on top of it, whatever the carrier.

/// Bytes sent between two processes.
///
/// The memory belongs to whoever made the message, and must stay valid until the message is done.
package struct Message {
    /// Which way the bytes go.
    package enum Direction: Sendable {
        case sending, receiving
    }

    /// Which way the bytes go.
    package let direction: Direction
    /// The rank of the other process.
    package let peer: Int
    /// What is sent, or the place for what is received, of the same size as what is sent.
    package let bytes: UnsafeMutableRawBufferPointer

    /// The most bytes of a message, as MPI counts them in an int.
    package static let largestByteCount = Int(Int32.max)

    /// Bytes to send to a process.
    package static func sending(_ bytes: UnsafeRawBufferPointer, to peer: Int) -> Self {
        // What is sent is never written to; one type for both saves carriers a second list.
        Self(.sending, peer, UnsafeMutableRawBufferPointer(mutating: bytes))
    }

    /// Bytes to receive from a process.
    package static func receiving(_ bytes: UnsafeMutableRawBufferPointer, from peer: Int) -> Self {
        Self(.receiving, peer, bytes)
    }

    private init(_ direction: Direction, _ peer: Int, _ bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count <= Self.largestByteCount, "a message of \(bytes.count) bytes")
        (self.direction, self.peer, self.bytes) = (direction, peer, bytes)
    }
}

/// Messages in flight.
package protocol PendingMessages: AnyObject {
    /// Whether all are done; asking makes progress on them.
    /// - Throws: ``CollectiveError``.
    func areDone() throws -> Bool
}

/// Carries messages between the processes of a run.
///
/// It is used by one thread only.
package protocol Communicator: AnyObject {
    /// Which process this is, from 0.
    var rank: Int { get }
    /// The number of processes.
    var processCount: Int { get }
    /// What carries the messages, such as "Open MPI 4.1.4".
    var name: String { get }

    /// Starts sending and receiving.
    ///
    /// Messages from one process to another under one tag arrive in the order they were started.
    /// - Parameters:
    ///   - messages: What to send and receive.
    ///   - tag: Tells these messages from others in flight at the same time; below 2^15.
    /// - Returns: What tells when they are done.
    /// - Throws: ``CollectiveError``.
    func begin(_ messages: [Message], tag: Int) throws -> any PendingMessages

    /// Disconnects from the others, which do the same.
    func close()

    /// Ends all processes at once.
    func abort(status: Int32)
}
