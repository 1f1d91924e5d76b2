// What the system interrupts the program for. Ctrl-C, and what batch systems and closing terminals
// send: long work notices it and ends in order. Asked twice, the program ends at once. A closed
// pipe ends it without a word.

import LineEditing
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
    /// Ctrl-C and `kill`: a person, or a program in a person's place, asks.
    private static let requests = [SIGINT, SIGTERM]
    /// A terminal that closes, and a batch system before it kills.
    ///
    /// Both are sent more than once without anybody having lost patience.
    private static let notices = [SIGHUP, SIGUSR1]
    /// Requests that come closer together than this, in nanoseconds, are one: `timeout` sends its
    /// signal to the process and again to the group.
    private static let shortestPause: Int64 = 100_000_000

    private static let interruption = Atomic<Bool>(false)
    private static let termination = Atomic<Bool>(false)
    /// When the first request came, by the monotonic clock in nanoseconds; 0 before.
    private static let firstRequest = Atomic<Int64>(0)

    /// Whether the program was asked to end since ``catchInterruption()``.
    static var isInterrupted: Bool { interruption.load(ordering: .relaxed) }

    /// Whether it was asked so by another signal than Ctrl-C's: not to end what it is doing, but as
    /// a whole.
    static var isTerminated: Bool { termination.load(ordering: .relaxed) }

    /// From now on a signal only sets ``isInterrupted``, except for a second Ctrl-C or SIGTERM.
    static func catchInterruption() {
        // Makes the flags now: a signal handler must not be the one that initialises them.
        termination.store(false, ordering: .relaxed)
        interruption.store(false, ordering: .relaxed)
        firstRequest.store(0, ordering: .relaxed)
        answer { number in
            if number != SIGINT { Signals.termination.store(true, ordering: .relaxed) }
            Signals.interruption.store(true, ordering: .relaxed)
            if number == SIGINT || number == SIGTERM { Signals.noteRequest(number) }
        }
    }

    /// From now on a signal ends the program at once, with the status of an interruption: for work
    /// that leaves nothing half-made.
    static func exitWhenInterrupted() {
        answer { _ in
            TerminalMode.end()
            _exit(ExitStatus.interrupted.rawValue)
        }
    }

    /// From now on signals end the program as the system does it.
    ///
    /// The terminal is put back first, as it may be in another mode.
    static func releaseInterruption() {
        answer { Signals.end(by: $0) }
    }

    /// Ends the program when a request is the second.
    private static func noteRequest(_ number: CInt) {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        let (isFirst, first) = firstRequest.compareExchange(
            expected: 0,
            desired: now,
            ordering: .relaxed
        )
        guard !isFirst, now &- first >= shortestPause else { return }
        end(by: number)
    }

    /// Ends the program as the system does it for a signal, which is being handled.
    private static func end(by number: CInt) {
        TerminalMode.end()
        _ = signal(number, SIG_DFL)
        unblock(number)
        raise(number)
        // The first process of a container is not ended by what it does not handle.
        _exit(128 + number)
    }

    /// Sets what answers all these signals.
    ///
    /// Notices that are ignored stay so: `nohup` means that.
    private static func answer(_ handler: (@convention(c) (CInt) -> Void)?) {
        func bits(_ handler: (@convention(c) (CInt) -> Void)?) -> Int {
            unsafeBitCast(handler, to: Int.self)
        }
        for number in requests + notices {
            let former = signal(number, handler)
            if notices.contains(number), bits(former) == bits(SIG_IGN) {
                _ = signal(number, SIG_IGN)
            } else {
                unblock(number)
            }
        }
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
