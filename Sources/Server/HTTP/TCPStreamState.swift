// What a stream knows about its connection, and the steps that need no waiting. The stream guards
// it with a lock.

import Dispatch

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The state of a connection between two calls.
struct TCPStreamState {
    /// What a task may wait for.
    enum Change {
        case input
        case output
    }

    /// Nil once the connection is closed.
    var descriptor: Descriptor?
    /// Input that has not been asked for yet.
    private var input: [UInt8] = []
    /// Output that the system has not accepted yet.
    private(set) var output: ArraySlice<UInt8> = []
    /// Whether the client is gone, or has said that it will send no more.
    private(set) var hasEnded = false
    /// Whether sending is no longer possible.
    private(set) var isBroken = false
    private(set) var lastWrite = ContinuousClock.now

    var readSource: (any DispatchSourceRead)?
    private var isReadSourcePaused = false
    var writeSource: (any DispatchSourceWrite)?
    var timer: (any DispatchSourceTimer)?

    /// The waiting task, and how long it will wait.
    var waiter: (change: Change, continuation: CheckedContinuation<Bool, Never>)?
    var deadline = DispatchTime.distantFuture
    /// Called when ``hasEnded`` becomes true.
    var whenEnded: (@Sendable () -> Void)?

    /// How much is received from the system before it is asked for.
    private static let inputLimit = 64 << 10
    private static let pieceSize = 16 << 10

    init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
    }

    /// Whether a task does not have to wait, or no longer.
    func has(_ change: Change) -> Bool {
        switch change {
        case .input: !input.isEmpty || hasEnded || descriptor == nil
        case .output: output.isEmpty || isBroken || descriptor == nil
        }
    }

    /// Receives input from the system.
    ///
    /// If there is too much, the client must wait, and is not noticed if it leaves meanwhile.
    mutating func receive() {
        guard let descriptor, !hasEnded else { return }
        withUnsafeTemporaryAllocation(byteCount: Self.pieceSize, alignment: 1) { buffer in
            while input.count < Self.inputLimit {
                let count = SocketCalls.receive(descriptor, buffer)
                if count > 0 {
                    input.append(contentsOf: buffer[..<count])
                } else {
                    if count == 0 || !Self.isTemporary(errno) { end(isBroken: count < 0) }
                    return
                }
            }
        }
        if input.count >= Self.inputLimit, !isReadSourcePaused {
            readSource?.suspend()
            isReadSourcePaused = true
        }
    }

    /// The bytes that have arrived; nil if there are none yet, and empty if the client will send no
    /// more.
    mutating func takeInput() -> [UInt8]? {
        // Receives first: a paused source may not report what arrived in the meantime.
        if input.isEmpty { receive() }
        let bytes = input
        input = []
        resumeReading()
        return bytes.isEmpty && !hasEnded ? nil : bytes
    }

    /// Sends as much as the system accepts, and keeps the rest.
    mutating func send(_ bytes: [UInt8]) {
        guard !isBroken else { return }
        lastWrite = .now
        if output.isEmpty { output = bytes[...] } else { output += bytes }
        flush()
    }

    /// Sends what was kept.
    mutating func flush() {
        guard let descriptor, !isBroken else { return }
        while !output.isEmpty {
            let count = output.withUnsafeBytes { SocketCalls.send(descriptor, $0) }
            guard count >= 0 else {
                if !Self.isTemporary(errno) { end(isBroken: true) }
                return
            }
            output = output.dropFirst(count)
        }
        // Releases the memory.
        output = []
    }

    /// Closes the descriptor as soon as nothing is watching it.
    mutating func close() {
        end(isBroken: true)
        writeSource?.cancel()
        timer?.cancel()
        (descriptor, writeSource, timer) = (nil, nil, nil)
    }

    /// Records that no more input will arrive.
    private mutating func end(isBroken: Bool) {
        hasEnded = true
        if isBroken {
            self.isBroken = true
            output = []
        }
        // Otherwise the end would be reported over and over.
        resumeReading()
        readSource?.cancel()
        readSource = nil
    }

    private mutating func resumeReading() {
        guard isReadSourcePaused else { return }
        isReadSourcePaused = false
        readSource?.resume()
    }

    private static func isTemporary(_ code: CInt) -> Bool {
        code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS
    }
}
