// One client: its requests are read and answered one by one, each with a time limit. What cannot be
// read is also answered, as far as possible, and ends the connection.

import Dispatch

/// The conversation over one connection.
struct HTTPConnection {
    let stream: TCPStream
    let handler: any HTTPHandler
    let limits: ServerLimits
    let registry: ConnectionRegistry
    let id: ConnectionRegistry.ID

    private var reader: RequestReader

    init(
        _ stream: TCPStream,
        handler: any HTTPHandler,
        limits: ServerLimits,
        registry: ConnectionRegistry,
        id: ConnectionRegistry.ID
    ) {
        (self.stream, self.handler, self.limits) = (stream, handler, limits)
        (self.registry, self.id) = (registry, id)
        reader = RequestReader(limits)
    }

    /// Serves requests until one side ends the connection.
    mutating func run() async {
        do {
            while let (request, head) = try await nextRequest() {
                let writer = HTTPReplyWriter(stream: stream, limits: limits)
                let reply = await handler.reply(to: request)
                let keepsAlive = head.keepsAlive && !registry.isEnding && !Task.isCancelled
                guard try await writer.write(reply, to: head, keepsAlive: keepsAlive) else {
                    await stream.closeGently()
                    return
                }
                // Clients that send many requests at once share the threads with all others.
                await Task.yield()
            }
        } catch let problem as HTTPProblem {
            let writer = HTTPReplyWriter(stream: stream, limits: limits)
            await writer.writeLast(handler.reply(to: problem))
        } catch {
            // The client is gone, or does not accept what it is sent: there is nobody to tell.
        }
        stream.close()
    }

    /// Waits for a request; nil if none will come.
    /// - Throws: ``HTTPProblem``, or ``StreamError``.
    private mutating func nextRequest() async throws -> (HTTPRequest, HTTPHead)? {
        var isIdle = !reader.hasBegun
        var deadline = DispatchTime.after(isIdle ? limits.idleDuration : limits.headDuration)
        guard registry.setIdle(id, isIdle) else { return nil }
        while true {
            switch try reader.next() {
            case .request(let request, let head):
                return (request, head)
            case .head(let head):
                isIdle = false
                _ = registry.setIdle(id, false)
                deadline = .after(limits.bodyDuration)
                if head.expectsContinue, !reader.hasUnreadBytes {
                    try await stream.write(ReplyHead.goOn, within: limits.writeDuration)
                }
            case .incomplete:
                if isIdle == reader.hasBegun {
                    isIdle.toggle()
                    deadline = .after(isIdle ? limits.idleDuration : limits.headDuration)
                    guard registry.setIdle(id, isIdle) else { return nil }
                }
                guard let bytes = try await read(until: deadline, isIdle: isIdle) else {
                    return nil
                }
                reader.append(bytes)
            }
        }
    }

    /// Waits for bytes; nil if the client is gone, or never asked for anything.
    private func read(until deadline: DispatchTime, isIdle: Bool) async throws -> [UInt8]? {
        do {
            let bytes = try await stream.read(until: deadline)
            return bytes.isEmpty ? nil : bytes
        } catch .timedOut {
            if isIdle { return nil }
            throw HTTPProblem.timedOut
        }
    }
}
