// What the processes of a run need of whatever carries their messages: bytes from one to another,
// begun and asked about without waiting. How sums and agreements are made of them is in the files
// beside this one, and is the same whatever the carrier.

/// Bytes on their way between two processes.
///
/// The memory belongs to whoever made the message, and must stay until the message is through.
public struct Message {
    /// Which way the bytes go.
    public enum Direction: Sendable {
        case sending, receiving
    }

    /// Which way the bytes go.
    public let direction: Direction
    /// The rank of the other process.
    public let peer: Int
    /// What is sent, or the place for what is received, of the same size as what is sent.
    public let bytes: UnsafeMutableRawBufferPointer

    /// The most bytes of a message, as MPI counts them in an int.
    public static let largestByteCount = Int(Int32.max)

    /// Bytes for a process.
    public static func sending(_ bytes: UnsafeRawBufferPointer, to peer: Int) -> Self {
        // Nobody writes to what is sent; one type for both saves every carrier a second list.
        Self(.sending, peer, UnsafeMutableRawBufferPointer(mutating: bytes))
    }

    /// Bytes of a process.
    public static func receiving(_ bytes: UnsafeMutableRawBufferPointer, from peer: Int) -> Self {
        Self(.receiving, peer, bytes)
    }

    private init(_ direction: Direction, _ peer: Int, _ bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count <= Self.largestByteCount, "a message of \(bytes.count) bytes")
        (self.direction, self.peer, self.bytes) = (direction, peer, bytes)
    }
}

/// Messages that are on their way.
public protocol PendingMessages: AnyObject {
    /// Whether all are through; asking moves them on.
    /// - Throws: ``CollectiveError``.
    func areDone() throws -> Bool
}

/// Carries messages between the processes of a run.
///
/// It is used by one thread only.
public protocol Communicator: AnyObject {
    /// Which process this is, from 0.
    var rank: Int { get }
    /// How many there are.
    var processCount: Int { get }
    /// What carries the messages, such as "Open MPI 4.1.4".
    var name: String { get }

    /// Begins to send and to receive.
    ///
    /// What one process sends another under a tag arrives in the order in which it was begun.
    /// - Parameters:
    ///   - messages: What goes where.
    ///   - tag: Tells these messages from others that are on their way at the same time; below
    ///     2^15.
    /// - Returns: What tells when they are through.
    /// - Throws: ``CollectiveError``.
    func begin(_ messages: [Message], tag: Int) throws -> any PendingMessages

    /// Takes leave of the others, which do the same.
    func close()

    /// Ends all processes at once.
    func abort(status: Int32)
}
