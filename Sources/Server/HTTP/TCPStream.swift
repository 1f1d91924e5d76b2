// A connection as a stream of bytes, which one task reads and writes. The queue always watches for
// input, even while an answer is generated, so a client that goes away is noticed at once. One that
// only says it will send no more counts as gone, since the system reports both alike.

import Dispatch
import Synchronization

/// Why reading or writing is no longer possible.
enum StreamError: Error {
    case timedOut
    /// The client or the server has closed the connection.
    case closed
}

/// A connected socket.
///
/// It lives until it is closed, because what watches it retains it.
final class TCPStream: Sendable {
    private let queue: DispatchQueue
    private let state: Mutex<TCPStreamState>

    /// Watches a connected socket, on a queue where nothing takes long.
    init(_ descriptor: Descriptor, on queue: DispatchQueue) {
        self.queue = queue
        state = Mutex(TCPStreamState(descriptor))
        state.withLock { $0.readSource = makeReadSource(descriptor) }
    }

    /// Calls back once when the client is gone; immediately if it already is.
    func whenEnded(_ call: @escaping @Sendable () -> Void) {
        change { $0.whenEnded = call }
    }

    /// Waits for bytes; an empty result means that the client will send no more.
    func read(until deadline: DispatchTime) async throws(StreamError) -> [UInt8] {
        // Otherwise a client faster than its reader would occupy one of the few threads that all
        // tasks share, and others would wait forever.
        await Task.yield()
        while true {
            if let bytes = change({ $0.takeInput() }) { return bytes }
            guard await wait(for: .input, until: deadline) else { throw .timedOut }
        }
    }

    /// Sends bytes, and returns when the system has accepted them all.
    func write(_ bytes: [UInt8], within duration: Duration) async throws(StreamError) {
        if try send(bytes) { return }
        guard await wait(for: .output, until: .after(duration)) else { throw .timedOut }
        if state.withLock({ $0.isBroken }) { throw .closed }
    }

    /// Sends bytes if nothing was sent for a while and nothing is waiting to be sent.
    /// - Returns: When to try next.
    func write(
        _ bytes: [UInt8],
        ifQuietFor duration: Duration
    ) throws(StreamError) -> ContinuousClock.Instant {
        let (next, isBroken) = change { state in
            let now = ContinuousClock.now
            if !state.output.isEmpty { return (now + duration, state.isBroken) }
            if now - state.lastWrite < duration {
                return (state.lastWrite + duration, state.isBroken)
            }
            send(bytes, &state)
            return (now + duration, state.isBroken)
        }
        if isBroken { throw .closed }
        return next
    }

    /// Says that nothing more will be sent; input can still be read.
    func finishWriting() {
        change { if let descriptor = $0.descriptor { SocketCalls.finishSending(descriptor) } }
    }

    /// Closes the connection, and ends whatever is waiting for it.
    func close() {
        change { $0.close() }
    }

    /// Sends what the system accepts, and leaves the rest to the queue.
    /// - Returns: Whether nothing is left.
    private func send(_ bytes: [UInt8]) throws(StreamError) -> Bool {
        let (isDone, isBroken) = change { state in
            send(bytes, &state)
            return (state.output.isEmpty, state.isBroken)
        }
        if isBroken { throw .closed }
        return isDone
    }

    private func send(_ bytes: [UInt8], _ state: inout TCPStreamState) {
        state.send(bytes)
        if !state.output.isEmpty, state.writeSource == nil, let descriptor = state.descriptor {
            state.writeSource = makeWriteSource(descriptor)
        }
    }

    private func makeReadSource(_ descriptor: Descriptor) -> any DispatchSourceRead {
        let source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor.number,
            queue: queue
        )
        source.setEventHandler { self.change { $0.receive() } }
        hold(descriptor, source)
        source.activate()
        return source
    }

    private func makeWriteSource(_ descriptor: Descriptor) -> any DispatchSourceWrite {
        let source = DispatchSource.makeWriteSource(
            fileDescriptor: descriptor.number,
            queue: queue
        )
        source.setEventHandler {
            self.change { state in
                state.flush()
                guard state.output.isEmpty else { return }
                state.writeSource?.cancel()
                state.writeSource = nil
            }
        }
        hold(descriptor, source)
        source.activate()
        return source
    }

    /// Keeps a descriptor open until a source has stopped watching it: otherwise its number would
    /// be given to the next client, who would then not be watched.
    private func hold(_ descriptor: Descriptor, _ source: any DispatchSourceProtocol) {
        source.setCancelHandler { withExtendedLifetime(descriptor) {} }
    }

    /// Waits until there is something to do; false on timeout.
    private func wait(
        for wanted: TCPStreamState.Change,
        until deadline: DispatchTime
    ) async -> Bool {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.has(wanted) {
                    continuation.resume(returning: true)
                    return
                }
                precondition(state.waiter == nil, "only one task may wait for a connection")
                state.waiter = (wanted, continuation)
                state.deadline = deadline
                let timer = state.timer ?? makeTimer()
                state.timer = timer
                timer.schedule(deadline: deadline)
            }
        }
    }

    private func makeTimer() -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler {
            self.state.withLock { state in
                guard let waiter = state.waiter else { return }
                guard state.deadline <= .now() else {
                    // It was set for an earlier wait.
                    state.timer?.schedule(deadline: state.deadline)
                    return
                }
                state.waiter = nil
                waiter.continuation.resume(returning: false)
            }
        }
        timer.activate()
        return timer
    }

    /// Changes the state, and wakes whoever waits for what has become true.
    private func change<Result>(
        _ body: (inout TCPStreamState) -> sending Result
    ) -> sending Result {
        let (result, call) = state.withLock { state in
            let result = body(&state)
            if let waiter = state.waiter, state.has(waiter.change) {
                state.waiter = nil
                waiter.continuation.resume(returning: true)
            }
            guard state.hasEnded else { return (result, nil as (@Sendable () -> Void)?) }
            defer { state.whenEnded = nil }
            return (result, state.whenEnded)
        }
        // Outside the lock: the callee may use the stream.
        call?()
        return result
    }
}

extension TCPStream {
    /// How long a client may take to read the last answer and close.
    private static let farewell = Duration.seconds(5)
    /// How long it may be silent meanwhile.
    private static let silence = Duration.seconds(2)
    /// How much it may still send.
    private static let byteLimit = 64 << 20

    /// Closes a connection so that the client gets what was sent to it.
    ///
    /// A system that closes a connection while bytes are arriving drops what it has not sent, and
    /// the client sees an error instead of its answer. So arriving bytes are received and dropped
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
