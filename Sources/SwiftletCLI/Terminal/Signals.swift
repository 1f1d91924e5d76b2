// What the system interrupts the program for: Ctrl-C, and what batch systems and closing terminals
// send. Long work notices it and ends in an orderly way. Asked twice, the program ends at once. A
// closed pipe ends it silently.

import LineEditing
import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The signals that the program handles.
enum Signals {
    /// Ctrl-C and `kill`: requests by a person, or by a program on their behalf.
    private static let requests = [SIGINT, SIGTERM]
    /// A closing terminal, and a batch system before it kills.
    ///
    /// Both may be sent more than once without meaning that anybody lost patience.
    private static let notices = [SIGHUP, SIGUSR1]
    /// Requests closer together than this, in nanoseconds, count as one: `timeout` sends its signal
    /// to the process and again to the group.
    private static let shortestPause: Int64 = 100_000_000

    private static let interruption = Atomic<Bool>(false)
    private static let termination = Atomic<Bool>(false)
    /// When the first request came, by the monotonic clock in nanoseconds; 0 before.
    private static let firstRequest = Atomic<Int64>(0)

    /// Whether the program was asked to end since ``catchInterruption()``.
    static var isInterrupted: Bool { interruption.load(ordering: .relaxed) }

    /// Whether a signal other than Ctrl-C's asked: not to end the current work, but the whole
    /// program.
    static var isTerminated: Bool { termination.load(ordering: .relaxed) }

    /// From now on a signal only sets ``isInterrupted``, except for a second Ctrl-C or SIGTERM.
    static func catchInterruption() {
        // Initializes the flags now: a signal handler must not do so.
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
    /// that leaves nothing unfinished.
    static func exitWhenInterrupted() {
        answer { _ in
            TerminalMode.end()
            _exit(ExitStatus.interrupted.rawValue)
        }
    }

    /// From now on signals have their default effect.
    ///
    /// The terminal is restored first, because it may be in another mode.
    static func releaseInterruption() {
        answer { Signals.end(by: $0) }
    }

    /// Ends the program on the second request.
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

    /// Ends the program the way the signal being handled would by default.
    private static func end(by number: CInt) {
        TerminalMode.end()
        _ = signal(number, SIG_DFL)
        unblock(number)
        raise(number)
        // The first process of a container is not ended by signals that it does not handle.
        _exit(128 + number)
    }

    /// Sets the handler for all these signals.
    ///
    /// Notices that are ignored stay ignored: `nohup` relies on that.
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

    /// Lets the system end the program when it writes to a pipe that is no longer read, such as one
    /// to `head`.
    static func endQuietlyWhenOutputIsClosed() {
        _ = signal(SIGPIPE, SIG_DFL)
        unblock(SIGPIPE)
    }

    /// Makes exceeding the file size limit an error: the signal would end the program at once and
    /// leave half-written files behind.
    static func ignoreFileSizeLimit() {
        _ = signal(SIGXFSZ, SIG_IGN)
    }

    /// From now on writing to a closed connection or pipe is an error and does not end the program:
    /// a server may close one at any time.
    static func ignoreClosedConnections() {
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// A program inherits the blocked signals of the thread that started it.
    private static func unblock(_ number: CInt) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
