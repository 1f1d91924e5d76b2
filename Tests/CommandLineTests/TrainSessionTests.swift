// A user watches `train` in a window: types into it, makes it narrower, suspends it with Ctrl-Z and
// resumes it, and ends it in every possible way.

import FileIO
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A shell in a window in which a small run was started and shows its panel.
private func withRun(
    columns: Int = 80,
    _ more: (FilePath) throws -> [String] = forEver,
    _ body: (TerminalSession, _ directory: FilePath) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let session = try TerminalSession(
            ["/bin/sh", "-i"],
            columns: columns,
            rows: 40,
            environment: [
                "TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "ready> ", "ENV": "",
                // It would ask what to do, and wait for a key.
                "SWIFT_BACKTRACE": "enable=no",
            ]
        )
        try session.wait("the shell") { $0.text.contains("ready>") }
        // The process's own number, to send signals to.
        let command =
            ["exec", try swiftletPath()] + (try smallRun(in: directory)) + (try more(directory))
        let script = directory.appending("run.sh")
        let lines = [
            "echo $$ > \(directory.appending("process"))", command.joined(separator: " "),
        ]
        try writeBytes(Array(lines.joined(separator: "\n").utf8), to: script)
        session.type("sh \(script)\n")
        try session.wait("the panel") { $0.text.contains(" speed ") }
        #expect(!session.showsKeys)
        try body(session, directory)
    }
}

private func forEver(_ directory: FilePath) -> [String] {
    // It learns nothing, and so has nothing to say above its panel.
    [
        "--steps", "1000000000", "--checkpoint-every", "1000000000", "--val-every", "0",
        "--sample-every", "0", "--learning-rate",
        "1e-20",
    ]
}

/// A step of one micro-batch, which takes minutes.
private func slow(_ directory: FilePath) throws -> [String] {
    // Attention takes time as the square of a length, and little memory.
    let length = 1 << 17
    let data = try writeShard(to: directory.appending("long.bin"), count: length + 1)
    return [
        "--init", "layers=1,heads=1,channels=16,context=\(length)", "--batch-size", "1",
        "--train-data", data.string, "--val-data", data.string, "--sequence-length", "\(length)",
        "--val-every", "0",
        "--threads", "1",
    ]
}

extension TerminalSession {
    /// Whether keys are shown and arrive as lines.
    fileprivate var showsKeys: Bool {
        mode.c_lflag & tcflag_t(ECHO) != 0 && mode.c_lflag & tcflag_t(ICANON) != 0
    }

    /// Waits until this many more bytes have been written.
    fileprivate func wait(forBytes count: Int) throws {
        let start = written.count
        try wait("\(count) bytes") { _ in written.count >= start + count }
    }

    /// Asks the shell how the last command ended, once it is there.
    fileprivate func statusOfTheLastCommand() throws -> String {
        type("echo status $?.\n")
        try wait("the status") { $0.text.contains(#/status \d+\./#) }
        return screen.text.firstMatch(of: #/status (\d+)\./#).map { String($0.output.1) } ?? ""
    }
}

@Suite(.serialized) struct TrainSessionTests {
    @Test(arguments: [40, 80, 200])
    func typedKeysAreNeitherShownNorRun(columns: Int) throws {
        try withRun(columns: columns) { session, _ in
            session.type("hello\r\u{1b}[D\u{13}数学\n")
            // Ctrl-S does not hold it up either.
            try session.wait(forBytes: 2000)
            session.type("\u{3}")
            try session.wait("the end") { $0.text.contains(", stopped") && session.showsKeys }
            #expect(session.showsKeys)
            #expect(try session.statusOfTheLastCommand() == "130")
            #expect(!session.screen.text.contains("hello"))
            #expect(!session.screen.text.contains("数学"))
            #expect(session.screen.text.contains("the same command resumes"))
            #expect(session.screen.lines.count { $0.contains("speed ") } == 1)
        }
    }

    @Test func aSuspendedRunLeavesTheTerminalToTheShellAndContinues() throws {
        try withRun { session, _ in
            session.type("\u{1a}")
            try session.wait("the stop") { $0.text.contains("Stopped") && session.showsKeys }
            session.type("echo between $((1+1))\n")
            try session.wait("the command") { $0.text.contains("between 2") }
            session.type("fg\n")
            // Below what was typed meanwhile, which stays.
            try session.wait("a panel below") { screen in
                let lines = screen.lines
                let typed = lines.lastIndex { $0.contains("between 2") } ?? lines.count
                return lines.lastIndex { $0.contains("speed ") } ?? 0 > typed && !session.showsKeys
            }
            session.type("\u{3}")
            try session.wait("the end") { $0.text.contains(", stopped") && session.showsKeys }
            #expect(try session.statusOfTheLastCommand() == "130")
            #expect(session.showsKeys)
        }
    }

    @Test func aRunInTheBackgroundLeavesTheCommandLineAlone() throws {
        try withRun { session, _ in
            session.type("\u{1a}")
            try session.wait("the stop") { $0.text.contains("Stopped") && session.showsKeys }
            session.type("bg\n")
            try session.wait("the prompt") { screen in
                let lines = screen.lines.filter { !$0.isEmpty }
                return lines.last == "ready>" && lines.contains { $0.contains("bg") }
            }
            session.type("echo typed")
            try session.wait("the typed line") { $0.text.contains("ready> echo typed") }
            usleep(1_500_000)
            try session.wait("the typed line") { $0.text.contains("ready> echo typed") }
            #expect(session.showsKeys)
            session.type("\nfg\n")
            try session.wait("the mode") { _ in !session.showsKeys }
            session.type("\u{3}")
            try session.wait("the end") { $0.text.contains(", stopped") && session.showsKeys }
            #expect(try session.statusOfTheLastCommand() == "130")
        }
    }

    @Test func resizingKeepsTheLinesAboveThePanel() throws {
        try withRun { session, _ in
            for (columns, rows) in [(50, 40), (120, 30), (31, 24), (200, 40)] {
                session.resize(columns: columns, rows: rows)
                try session.wait(forBytes: 4000)
            }
            session.type("\u{3}")
            try session.wait("the end") { $0.text.contains(", stopped") && session.showsKeys }
            let all = session.screen.scrollback + session.screen.lines
            #expect(all.contains { $0.hasPrefix("swiftlet: GPT-2 of ") })
            #expect(session.screen.lines.last { $0.contains("────") }?.count ?? 0 > 150)
        }
    }

    @Test(arguments: [SIGQUIT, SIGPIPE, SIGUSR2, SIGXCPU])
    func aDeadlySignalLeavesTheTerminalAsItWas(signal: Int32) throws {
        try withRun { session, directory in
            try sendSignal(signal, in: directory)
            try session.wait("the mode") { _ in session.showsKeys }
            #expect(try session.statusOfTheLastCommand() == "\(128 + signal)")
        }
    }

    @Test(arguments: [SIGTERM, SIGHUP, SIGUSR1])
    func aRequestToEndLeavesTheTerminalAsItWas(signal: Int32) throws {
        try withRun { session, directory in
            try sendSignal(signal, in: directory)
            try session.wait("the end") { $0.text.contains(", stopped") && session.showsKeys }
            #expect(try session.statusOfTheLastCommand() == "130")
        }
    }

    @Test func aSecondCtrlCLeavesTheTerminalAsItWas() throws {
        try withRun(slow) { session, _ in
            // Two that come too close together are one.
            for _ in 0..<2 {
                session.type("\u{3}")
                usleep(300_000)
            }
            try session.wait("the mode") { _ in session.showsKeys }
            #expect(try session.statusOfTheLastCommand() == "130")
            #expect(!session.screen.text.contains(", stopped"))
        }
    }

    private func sendSignal(_ signal: Int32, in directory: FilePath) throws {
        let text = try MappedFile(directory.appending("process")).contents()
        let digits = String(decoding: text, as: UTF8.self).filter(\.isNumber)
        kill(try #require(Int32(digits)), signal)
    }
}
