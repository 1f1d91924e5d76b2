// The end of a connection by the server.

import Dispatch

extension TCPStream {
    /// How long a client may take to read the last answer and to leave.
    private static let farewell = Duration.seconds(5)
    /// How long it may be silent meanwhile.
    private static let silence = Duration.seconds(2)
    /// How much it may still send.
    private static let byteLimit = 64 << 20

    /// Closes a connection so that the client gets what was sent to it.
    ///
    /// A system that is told to close a connection while bytes come in drops what it has not sent,
    /// and the client sees an error instead of its answer. So what still comes is taken and dropped
    /// for a while, until the client closes too.
    func closeGently() async {
        finishWriting()
        let end = DispatchTime.after(Self.farewell)
        var count = 0
        while count < Self.byteLimit {
            let bytes = try? await read(until: min(end, .after(Self.silence)))
            guard let bytes, !bytes.isEmpty else { break }
            count += bytes.count
            if DispatchTime.now() > end { break }
        }
        close()
    }
}
