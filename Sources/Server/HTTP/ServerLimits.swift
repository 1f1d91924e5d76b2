// How much a client may send, and how long it may take, before the server gives up on it; and
// points in time by which something must have happened.

import Dispatch

/// The bounds of requests and connections.
package struct ServerLimits: Sendable, Equatable {
    /// Bytes of a request line and its header fields.
    package var headByteCount = 16 << 10
    /// Header fields of a request.
    package var fieldCount = 64
    /// Bytes of a request's body.
    package var bodyByteCount = 4 << 20
    /// From a request's first byte to the end of its header.
    package var headDuration: Duration = .seconds(10)
    /// From the end of the header to the end of the body.
    package var bodyDuration: Duration = .seconds(30)
    /// How long a client may take to read an answer, or an event of one.
    package var writeDuration: Duration = .seconds(30)
    /// Between two requests of a connection.
    package var idleDuration: Duration = .seconds(60)
    /// Clients at a time.
    package var connectionCount = 512
    /// How often a client that waits for events gets a sign of life.
    package var commentInterval: Duration = .seconds(5)

    package init() {}
}

extension DispatchTime {
    /// The time after this duration from now; never if that is too long to count.
    static func after(_ duration: Duration) -> DispatchTime {
        let (seconds, attoseconds) = duration.components
        let (nanoseconds, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflows, nanoseconds < .max / 2 else { return .distantFuture }
        return .now() + .nanoseconds(Int(nanoseconds + attoseconds / 1_000_000_000))
    }
}
