// Who is connected. This decides what concerns all connections: how many there may be, and how they
// end when the server does.

import Synchronization

/// The connections of a server.
final class ConnectionRegistry: Sendable {
    typealias ID = Int

    private struct State {
        var streams: [ID: TCPStream] = [:]
        /// The connections that are waiting for a request.
        var idle: Set<ID> = []
        var lastID = 0
        var isEnding = false
        var whenOver: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Whether no more requests are accepted.
    var isEnding: Bool { state.withLock { $0.isEnding } }

    /// Adds a connection, unless there are already `limit`.
    func add(_ stream: TCPStream, limit: Int) -> ID? {
        state.withLock { state in
            guard state.streams.count < limit, !state.isEnding else { return nil }
            state.lastID += 1
            state.streams[state.lastID] = stream
            return state.lastID
        }
    }

    /// Removes a connection that was closed.
    func remove(_ id: ID) {
        change { state in
            state.streams[id] = nil
            state.idle.remove(id)
        }
    }

    /// Records that a connection is waiting for a request, or no longer is.
    /// - Returns: Whether it may continue: when the server stops, no new requests are accepted.
    func setIdle(_ id: ID, _ isIdle: Bool) -> Bool {
        state.withLock { state in
            guard isIdle else {
                state.idle.remove(id)
                return true
            }
            guard !state.isEnding else { return false }
            state.idle.insert(id)
            return true
        }
    }

    /// Closes the connections that are waiting for a request, now and from now on.
    func end() {
        let idle = change { state in
            state.isEnding = true
            return state.idle.compactMap { state.streams[$0] }
        }
        for stream in idle { stream.close() }
    }

    /// Closes all connections, whatever they are doing.
    func closeAll() {
        let streams = change { state in
            state.isEnding = true
            defer { state.streams = [:] }
            return Array(state.streams.values)
        }
        for stream in streams { stream.close() }
    }

    /// Waits until the server stops and the last connection is closed.
    ///
    /// After ``closeAll()`` the tasks of the connections may still run for a moment.
    func waitUntilOver() async {
        await withCheckedContinuation { continuation in
            change { $0.whenOver.append(continuation) }
        }
    }

    private func change<Result>(_ body: (inout State) -> sending Result) -> sending Result {
        state.withLock { state in
            let result = body(&state)
            if state.isEnding, state.streams.isEmpty {
                for continuation in state.whenOver { continuation.resume() }
                state.whenOver = []
            }
            return result
        }
    }
}
