// The mode of a terminal, as its other end sees it. How it is restored when a program ends is
// tested from outside, with the commands that change it.

import LineEditing
import Testing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Both ends of a terminal.
private final class Ends {
    let master: CInt
    let device: CInt

    init() throws {
        var ends: (master: CInt, device: CInt) = (-1, -1)
        try #require(openpty(&ends.master, &ends.device, nil, nil, nil) == 0)
        (master, device) = ends
    }

    deinit {
        TerminalMode.end()
        close(master)
        close(device)
    }

    var mode: termios {
        var mode = termios()
        #expect(tcgetattr(device, &mode) == 0)
        return mode
    }

    /// Whether all of these local modes are on.
    func has(_ flags: Int32...) -> Bool {
        flags.allSatisfy { mode.c_lflag & tcflag_t($0) != 0 }
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(write(master, bytes, bytes.count) == bytes.count)
    }

    /// What can be read at this moment, at most 64 bytes.
    func unread() -> String {
        var request = pollfd(fd: device, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, 0) > 0 else { return "" }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(device, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

@Suite(.serialized) struct TerminalModeTests {
    @Test func hiddenKeysAreNeitherShownNorKept() throws {
        let ends = try Ends()
        #expect(ends.has(ECHO, ICANON, ISIG))
        #expect(TerminalMode.begin(.hidden, on: ends.device))
        #expect(!ends.has(ECHO) && !ends.has(ICANON))
        #expect(ends.has(ISIG))
        #expect(ends.mode.c_iflag & tcflag_t(IXON) == 0)
        ends.type("abc\n")
        TerminalMode.refresh()
        #expect(ends.unread() == "")
        ends.type("def\n")
        TerminalMode.end()
        #expect(ends.has(ECHO, ICANON, ISIG))
        #expect(ends.unread() == "")
    }

    @Test func keysArriveAtOnceAndAreKept() throws {
        let ends = try Ends()
        #expect(TerminalMode.begin(.keys, on: ends.device))
        #expect(!ends.has(ECHO) && !ends.has(ICANON) && !ends.has(ISIG))
        // Lines may be written in the meantime.
        #expect(ends.mode.c_oflag & tcflag_t(OPOST) != 0)
        ends.type("a\u{3}\r")
        #expect(ends.unread() == "a\u{3}\r")
        ends.type("next\n")
        TerminalMode.refresh()
        TerminalMode.end()
        #expect(ends.has(ECHO, ICANON, ISIG))
        #expect(ends.unread() == "next\n")
    }

    @Test func keysTypedWhileTheProgramIsBusyAreKept() throws {
        let ends = try Ends()
        TerminalMode.begin(.keys, on: ends.device)
        TerminalMode.begin(.waiting, on: ends.device)
        #expect(!ends.has(ECHO) && !ends.has(ICANON))
        #expect(ends.has(ISIG))
        ends.type("next\r")
        TerminalMode.refresh()
        TerminalMode.begin(.keys, on: ends.device)
        #expect(ends.unread() == "next\r")
        TerminalMode.end()
        #expect(ends.has(ECHO, ICANON, ISIG))
    }

    @Test func theTerminalsModeIsRestoredCompletely() throws {
        let ends = try Ends()
        var unusual = ends.mode
        unusual.c_lflag &= ~tcflag_t(ECHO)
        unusual.c_cc.0 = 1
        #expect(tcsetattr(ends.device, TCSANOW, &unusual) == 0)
        for input in [TerminalMode.Input.hidden, .waiting, .keys, .hidden] {
            TerminalMode.begin(input, on: ends.device)
        }
        TerminalMode.end()
        TerminalMode.end()
        #expect(!ends.has(ECHO))
        #expect(ends.has(ICANON))
        #expect(ends.mode.c_cc.0 == 1)
    }

    @Test func aShellThatResetsTheModeIsFollowed() throws {
        let ends = try Ends()
        var usual = ends.mode
        TerminalMode.begin(.hidden, on: ends.device)
        #expect(tcsetattr(ends.device, TCSANOW, &usual) == 0)
        TerminalMode.refresh()
        #expect(!ends.has(ECHO))
    }

    @Test func continuingIsNoticedOnce() throws {
        let ends = try Ends()
        TerminalMode.begin(.asTyped, on: ends.device)
        _ = TerminalMode.takeContinuation()
        raise(SIGCONT)
        #expect(TerminalMode.takeContinuation())
        #expect(!TerminalMode.takeContinuation())
    }

    @Test func anythingButATerminalIsLeftAlone() {
        #expect(!TerminalMode.begin(.keys, on: -1))
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0)
        #expect(!TerminalMode.begin(.hidden, on: ends[0]))
        for end in ends { close(end) }
    }
}
