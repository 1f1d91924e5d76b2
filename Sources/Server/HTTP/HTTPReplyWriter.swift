// Sends answers, and comments where an answer takes its time. Server-sent events are one chunk and
// one write each: it costs little, and a client that reads chunk by chunk gets them whole.

/// Writes the answers of one connection.
struct HTTPReplyWriter {
    let stream: TCPStream
    let limits: ServerLimits

    /// Sends an answer.
    /// - Returns: Whether the connection can be used again.
    /// - Throws: ``StreamError``, or what the events throw: the connection must then be closed,
    ///   since the client would otherwise take what it got for everything.
    func write(_ reply: HTTPReply, to head: HTTPHead, keepsAlive: Bool) async throws -> Bool {
        let replyHead = ReplyHead(reply, version: head.line.version, keepsAlive: keepsAlive)
        let leavesBodyOut = head.line.method == "HEAD" || replyHead.framing == .none
        switch reply.body {
        case .whole(let body):
            try await write(replyHead.bytes + (leavesBodyOut ? [] : body))
        case .events(let events):
            try await write(replyHead.bytes)
            if !leavesBodyOut {
                let encoder = EventEncoder(isChunked: replyHead.framing == .chunked)
                try await write(events, encoder)
                // Events end early in a canceled task: they must not be taken for all.
                try Task.checkCancellation()
                try await write(encoder.end)
            }
        }
        return replyHead.keepsAlive
    }

    /// Sends the answer to a request that could not be read, and closes the connection.
    func writeLast(_ reply: HTTPReply) async {
        let head = ReplyHead(reply, version: .oneOne, keepsAlive: false)
        if case .whole(let body) = reply.body { try? await write(head.bytes + body) }
        await stream.closeGently()
    }

    /// Writes events, with comments between them.
    private func write(
        _ events: AsyncThrowingStream<String, any Error>,
        _ encoder: EventEncoder
    ) async throws {
        // Ends before this function returns: after the end of the answer, a comment would be taken
        // for part of the next one.
        async let _ = writeComments(encoder.comment)
        for try await event in events {
            try await write(encoder.event(event))
        }
    }

    /// Writes comments while there are no events.
    private func writeComments(_ comment: [UInt8]) async {
        do {
            while true {
                let next = try stream.write(comment, ifQuietFor: limits.commentInterval)
                try await Task.sleep(until: next, clock: .continuous)
            }
        } catch {
            // The answer is over, or the client is gone, which the writer of events notices.
        }
    }

    private func write(_ bytes: [UInt8]) async throws {
        try await stream.write(bytes, within: limits.writeDuration)
    }
}

/// Frames the events of one answer.
struct EventEncoder {
    /// Whether they are sent in chunks rather than until the connection ends.
    let isChunked: Bool

    /// An event with one line of data.
    func event(_ text: String) -> [UInt8] {
        framed(prefix: "data: ", text)
    }

    /// A comment, which clients skip; it shows that the connection is alive.
    var comment: [UInt8] { framed(prefix: ":", "") }

    /// The bytes that say all events were sent.
    var end: [UInt8] { isChunked ? Array("0\r\n\r\n".utf8) : [] }

    private func framed(prefix: StaticString, _ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { text in
            let count = prefix.utf8CodeUnitCount + text.count + 2
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 12)
            if isChunked { bytes += "\(String(count, radix: 16))\r\n".utf8 }
            prefix.withUTF8Buffer { bytes += $0 }
            bytes += text
            bytes += "\n\n".utf8
            if isChunked { bytes += "\r\n".utf8 }
            return bytes
        }
    }
}
