// What the system interrupts the program for. Ctrl-C: long work notices it and ends in order; pressed
// again, it ends the program at once. A closed pipe ends the program without a word.

import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The signals the program answers to.
enum Signals {
    private static let interruption = Atomic<Bool>(false)
    private static let termination = Atomic<Bool>(false)
    private static let continuation = Atomic<Bool>(false)

    /// Whether the program was asked to end since ``catchInterruption()``.
    static var isInterrupted: Bool { interruption.load(ordering: .relaxed) }

    /// Whether it was asked so by SIGTERM: not to end what it is doing, but as a whole.
    static var isTerminated: Bool { termination.load(ordering: .relaxed) }

    /// From now on SIGINT and SIGTERM only set ``isInterrupted``, the first time.
    static func catchInterruption() {
        // Makes the flags now: a signal handler must not be the one that initialises them.
        termination.store(false, ordering: .relaxed)
        interruption.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            _ = signal(number) { number in
                if number == SIGTERM { Signals.termination.store(true, ordering: .relaxed) }
                Signals.interruption.store(true, ordering: .relaxed)
                // Of both: whoever asks twice need not ask in the same way.
                _ = signal(SIGINT, SIG_DFL)
                _ = signal(SIGTERM, SIG_DFL)
            }
            unblock(number)
        }
    }

    /// From now on SIGINT and SIGTERM end the program again.
    static func releaseInterruption() {
        for number in [SIGINT, SIGTERM] { _ = signal(number, SIG_DFL) }
    }

    /// From now on ``takeContinuation()`` knows when the program goes on after Ctrl-Z.
    static func noticeContinuation() {
        // Made now, as above.
        continuation.store(false, ordering: .relaxed)
        _ = signal(SIGCONT) { _ in Signals.continuation.store(true, ordering: .relaxed) }
    }

    /// Whether the program was stopped and went on since the last call.
    static func takeContinuation() -> Bool {
        continuation.exchange(false, ordering: .relaxed)
    }

    /// Lets the system end the program when it writes to a pipe that nobody reads any more, as
    /// `head` leaves one.
    static func endQuietlyWhenOutputIsClosed() {
        _ = signal(SIGPIPE, SIG_DFL)
        unblock(SIGPIPE)
    }

    /// Makes writing more to a file than a limit allows an error: as a signal it would end the
    /// program at once, with files half written left behind.
    static func ignoreFileSizeLimit() {
        _ = signal(SIGXFSZ, SIG_IGN)
    }

    /// From now on writing to a connection or a pipe that is closed is an error and not the end: a
    /// server may close one at any time.
    static func ignoreClosedConnections() {
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// A program inherits the signals that the thread which started it had blocked.
    private static func unblock(_ number: CInt) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
