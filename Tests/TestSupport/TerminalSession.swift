// A program in a terminal of its own, started as a shell would: keys for signals send them, and the
// window may be resized. The test types and looks at the screen.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A program running in a terminal.
///
/// Its output is read while something is waited for, so every step of a test waits for what it
/// needs.
public final class TerminalSession {
    /// What did not happen in time, and what was there instead.
    public struct TimedOut: Error, CustomStringConvertible {
        public let description: String
    }

    /// The screen when it was last read.
    public private(set) var screen: TerminalScreen
    /// All bytes that have been read so far.
    public private(set) var written: [UInt8] = []

    private let master: CInt
    private let process: pid_t
    /// As the system reports it; nil while the program runs.
    private var status: CInt?

    /// Long enough for a busy machine; a test that waits this long fails.
    private static let longestWait = 60.0

    /// Starts a program with a terminal as its three streams.
    /// - Parameters:
    ///   - command: The program's path and its arguments.
    ///   - columns: The terminal's width.
    ///   - rows: Its height.
    ///   - environment: Variables that differ from this process's; they may be empty.
    /// - Throws: ``TimedOut`` when it cannot be started.
    public init(
        _ command: [String],
        columns: Int = 80,
        rows: Int = 24,
        environment: [String: String] = [:]
    ) throws {
        screen = TerminalScreen(columns: columns, rows: rows)
        var size = winsize(
            ws_row: UInt16(rows),
            ws_col: UInt16(columns),
            ws_xpixel: 0,
            ws_ypixel: 0
        )
        var ends: (master: CInt, device: CInt) = (-1, -1)
        var name = [CChar](repeating: 0, count: 1024)
        guard openpty(&ends.master, &ends.device, &name, nil, &size) == 0 else {
            throw TimedOut(description: "no terminal can be made")
        }
        // Programs that other tests start in the meantime must not keep the terminal open.
        _ = fcntl(ends.master, F_SETFD, FD_CLOEXEC)
        master = ends.master
        defer { close(ends.device) }
        process = try Self.start(command, at: name, environment)
    }

    /// Starts it in a new session, whose terminal is the first one that it opens.
    private static func start(
        _ command: [String],
        at terminal: [CChar],
        _ changes: [String: String]
    ) throws -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
            let newSession = Int16(POSIX_SPAWN_SETSID)
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            // POSIX_SPAWN_SETSID, which glibc's header only declares for some programs.
            let newSession: Int16 = 0x80
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, terminal, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO)
        // No signal is blocked, as in a terminal window; a test's thread has blocked some.
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK))
        var variables: [String] = []
        var entry = environ
        while let text = entry.pointee.map({ String(cString: $0) }) {
            if changes[String(text.prefix { $0 != "=" })] == nil { variables.append(text) }
            entry += 1
        }
        variables += changes.map { "\($0)=\($1)" }
        var arguments = command.map { strdup($0) } + [nil]
        var environment = variables.map { strdup($0) } + [nil]
        defer { (arguments + environment).forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(
            &process,
            command[0],
            &actions,
            &attributes,
            &arguments,
            &environment
        )
        guard code == 0 else {
            throw TimedOut(description: "\(command[0]): \(String(cString: strerror(code)))")
        }
        return process
    }

    /// Types a text.
    public func type(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Changes the size of the window.
    public func resize(columns: Int, rows: Int = 24) {
        read(for: 0)
        screen.resize(columns: columns, rows: rows)
        var size = winsize(
            ws_row: UInt16(rows),
            ws_col: UInt16(columns),
            ws_xpixel: 0,
            ws_ypixel: 0
        )
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// The mode of the terminal, as the program and the shell see it.
    public var mode: termios {
        var mode = termios()
        tcgetattr(master, &mode)
        return mode
    }

    /// Sends a signal to the program.
    public func send(_ signal: CInt) { kill(process, signal) }

    /// Waits until the screen shows what is expected.
    /// - Parameters:
    ///   - what: A description of what is waited for.
    ///   - isReached: Whether it has happened.
    /// - Throws: ``TimedOut``, also when the program ends first.
    public func wait(_ what: String, until isReached: (TerminalScreen) -> Bool) throws {
        let start = Self.now
        while !isReached(screen) {
            guard Self.now - start < Self.longestWait, status == nil else {
                throw TimedOut(
                    description: "\(what) did not come"
                        + (status.map { ", and the program ended with \($0)" } ?? "")
                        + "; the screen:\n\(screen.text)"
                )
            }
            // Output from before it ended is read after that.
            let hasEnded = reap()
            read(for: 50)
            if let hasEnded { status = hasEnded }
        }
    }

    /// Waits until the program has ended.
    /// - Returns: Its exit status, or 128 and the number of the signal that ended it, as in a
    ///   shell.
    /// - Throws: ``TimedOut``.
    public func waitForExit() throws -> CInt {
        let start = Self.now
        while status == nil {
            guard Self.now - start < Self.longestWait else {
                throw TimedOut(
                    description: "the program is still running; the screen:\n\(screen.text)"
                )
            }
            let hasEnded = reap()
            read(for: 50)
            status = hasEnded
        }
        let code = status ?? 0
        return code & 0x7f == 0 ? (code >> 8) & 0xff : 128 + code & 0x7f
    }

    private func reap() -> CInt? {
        var code: CInt = 0
        return waitpid(process, &code, WNOHANG) == process ? code : nil
    }

    /// Reads everything available, after waiting for something.
    private func read(for milliseconds: CInt) {
        var descriptor = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        var patience = milliseconds
        var chunk = [UInt8](repeating: 0, count: 4096)
        while poll(&descriptor, 1, patience) > 0 {
            let count = systemRead(master, &chunk, chunk.count)
            guard count > 0 else {
                // Nobody has the terminal open any more.
                usleep(10_000)
                return
            }
            written += chunk[..<count]
            screen.write(chunk[..<count])
            patience = 0
        }
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    deinit {
        if status == nil {
            kill(process, SIGKILL)
            var code: CInt = 0
            waitpid(process, &code, 0)
        }
        close(master)
    }
}

/// The C function, which the method above would hide.
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
