// A user at a terminal, for what the program does only then.

import Foundation
import Testing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A terminal that can be typed into, and remembers everything written to it.
final class PseudoTerminal {
    let device: FileHandle
    private let master: CInt
    private(set) var written = ""

    init(columns: UInt16 = 80) throws {
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        var ends: (master: CInt, device: CInt) = (-1, -1)
        try #require(openpty(&ends.master, &ends.device, nil, nil, &size) == 0)
        // Programs that other tests start meanwhile must not keep the terminal open.
        _ = fcntl(ends.master, F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends.device, F_SETFD, FD_CLOEXEC)
        master = ends.master
        device = FileHandle(fileDescriptor: ends.device, closeOnDealloc: false)
    }

    /// Types a text; a program gets whole lines of it.
    func type(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(write(master, bytes, bytes.count) == bytes.count)
    }

    /// Reads until nobody has the terminal open; line ends are "\n" again.
    func readToEnd() {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = read(master, &chunk, chunk.count), count > 0 {
            bytes += chunk[..<count]
        }
        written = String(decoding: bytes, as: UTF8.self)
            .replacingOccurrences(of: "\r\n", with: "\n")
    }

    deinit {
        close(master)
    }
}

/// A user who types into a terminal, and looks at what a program prints.
final class TypingUser {
    private let terminal: PseudoTerminal
    private let program: RunningProgram
    private var seenCount = 0

    init(terminal: PseudoTerminal, program: RunningProgram) {
        self.terminal = terminal
        self.program = program
    }

    func type(_ text: String) { terminal.type(text) }

    /// Ctrl-D.
    func end() { type("\u{4}") }

    func send(_ signal: Int32) { program.send(signal) }

    /// Waits until a reply has begun: until there is more output than when the one before had
    /// ended.
    func waitForReply() {
        program.wait { program.output.utf8.count > seenCount }
    }

    /// Waits until this many replies have ended, each of which `--verbose` sums up once it is
    /// printed.
    func waitForEnd(ofReplies count: Int) {
        program.wait { program.errors.matches(of: /generated in .*\n/).count >= count }
        seenCount = program.output.utf8.count
    }
}
