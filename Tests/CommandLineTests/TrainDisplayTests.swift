// What `train` shows on a terminal and in a pipe: run as a process, on a pseudo-terminal whose
// other end the test reads.

import FileIO
import Foundation
import TestSupport
import Testing

/// Runs a small `train` with its stderr on a terminal, and returns what that received.
private func trainOnTerminal(
    _ arguments: [String] = [],
    columns: UInt16 = 80,
    environment: [String: String] = [:],
    until interrupt: Bool = false
) throws -> (status: Int32, text: String) {
    try withTemporaryDirectory { directory in
        let terminal = try PseudoTerminal(columns: columns)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try swiftletPath())
        process.arguments = try smallRun(in: directory) + arguments
        process.environment = ["TERM": "xterm", "LANG": "C.UTF-8"].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = terminal.device
        try process.run()
        try terminal.device.close()
        if interrupt {
            let log = directory.appending("run").appending("metrics.jsonl")
            func hasStep() -> Bool {
                let bytes = try? MappedFile(log).contents()
                return String(decoding: bytes ?? [], as: UTF8.self).contains("train_loss")
            }
            while process.isRunning, !hasStep() {
                Thread.sleep(forTimeInterval: 0.01)
            }
            process.interrupt()
        }
        terminal.readToEnd()
        process.waitUntilExit()
        return (process.terminationStatus, terminal.written)
    }
}

/// What a terminal of endless width and height shows in the end, row by row.
private func screen(_ text: String) -> [String] {
    var rows: [[Character]] = [[]]
    var row = 0
    var column = 0
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
        switch scalar {
        case "\r": column = 0
        case "\n":
            (row, column) = (row + 1, 0)
            if row == rows.count { rows.append([]) }
        case "\u{1b}":
            let end = rest.firstIndex { ("@"..."~").contains(Character($0)) && $0 != "[" }
            let parameter = Int(String(rest.dropFirst().prefix { ("0"..."9").contains($0) }))
            let command = end.map { rest[$0] }
            if let end { rest = rest[rest.index(after: end)...] }
            if command == "A" { row = max(0, row - (parameter ?? 1)) }
            if command == "K" || command == "J" {
                rows[row].removeSubrange(min(column, rows[row].count)...)
            }
            if command == "J" { rows.removeSubrange((row + 1)...) }
        default:
            while rows[row].count <= column { rows[row].append(" ") }
            rows[row][column] = Character(scalar)
            column += 1
        }
    }
    return rows.map { String($0) }
}

@Suite(.serialized) struct TrainDisplayTests {
    @Test(arguments: [40, 80, 200] as [UInt16])
    func aTerminalShowsTheEventsAboveOnePanel(columns: UInt16) throws {
        let (status, text) = try trainOnTerminal(["--steps", "20"], columns: columns)
        #expect(status == 0)
        let rows = screen(text)
        let events = rows.filter { $0.hasPrefix("step ") }.map { $0.prefix { $0 != "/" } }
        // One checkpoint of the best so far, and one of the last step.
        #expect(events.count == 5)
        #expect(events.first?.hasPrefix("step 0: validation loss ") == true)
        #expect(events.last?.hasPrefix("step 20: checkpoint ") == true)
        let bars = rows.filter { $0.contains("━") }
        #expect(bars.count == 1)
        #expect(bars.first?.hasSuffix(" 100%  20/20") == true)
        #expect(rows.contains { $0.contains("time ") && $0.contains(", done") })
        #expect(rows.contains { $0.hasPrefix(" sample ") })
        // Commands below are not wrapped, to be copied.
        let panel = rows.drop { !$0.contains("━") }.prefix { !$0.hasPrefix(" next ") }
        #expect(panel.allSatisfy { $0.count < columns })
        // The shell continues below.
        #expect(rows.last == "")
    }

    @Test(arguments: [false, true])
    func aTerminalIsLeftAsItWas(isInterrupted: Bool) throws {
        let (status, text) = try trainOnTerminal(
            ["--steps", isInterrupted ? "1000000" : "20"],
            until: isInterrupted
        )
        #expect(status == (isInterrupted ? 130 : 0))
        // Modes are only set to be reset, within the same frame.
        #expect(text.components(separatedBy: "\u{1b}[?7l").count > 1)
        #expect(
            text.components(separatedBy: "\u{1b}[?7l").dropFirst()
                .allSatisfy { $0.contains("\u{1b}[?7h") }
        )
        #expect(
            text.replacingOccurrences(of: "\u{1b}[?7l", with: "")
                .replacingOccurrences(of: "\u{1b}[?7h", with: "").contains("\u{1b}[?") == false
        )
        // What comes after the panel is plain.
        let rest = text.components(separatedBy: "\u{1b}[?7h\u{1b}[J").last ?? ""
        #expect(rest.hasPrefix("\n") && rest.hasSuffix("\n"))
        let ending = isInterrupted ? ", stopped" : ", done"
        #expect(screen(text).contains { $0.hasSuffix(ending) })
    }

    @Test func anErrorIsShownBelowThePanel() throws {
        let (status, text) = try trainOnTerminal(
            ["--steps", "100", "--learning-rate", "1e38", "--grad-clip", "0"]
        )
        #expect(status == 65)
        let rows = screen(text)
        #expect(rows.contains { $0.contains("update skipped") })
        let panel = try #require(rows.lastIndex { $0.hasSuffix(", diverged") })
        let error = try #require(rows.lastIndex { $0.hasPrefix("swiftlet: error: ") })
        #expect(panel < error)
    }

    @Test func noColorLeavesColorsOut() throws {
        let colour = "\u{1b}[0m"
        #expect(try trainOnTerminal(["--steps", "1"]).text.contains(colour))
        let text = try trainOnTerminal(["--steps", "1"], environment: ["NO_COLOR": "1"]).text
        #expect(!text.contains(colour))
        #expect(text.contains("━"))
    }

    @Test func aLocaleWithoutUnicodeGetsASCII() throws {
        let text = try trainOnTerminal(
            ["--steps", "10", "--sample-every", "0"],
            environment: ["LC_ALL": "C"]
        ).text
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(screen(text).contains { $0.hasPrefix(" [###") })
    }

    @Test func aDumbTerminalGetsPlainLines() throws {
        let text = try trainOnTerminal(["--steps", "10"], environment: ["TERM": "dumb"]).text
        #expect(!text.contains("\u{1b}"))
        #expect(text.contains("step 10/10 | loss "))
    }

    @Test func aPipeGetsPlainLinesOfEveryEventAndTheEnd() throws {
        try withTemporaryDirectory { directory in
            let outcome = try swiftlet(smallRun(in: directory) + ["--steps", "20"])
            #expect(outcome.status == 0)
            let lines = outcome.errors.split(separator: "\n", omittingEmptySubsequences: false)
            for beginning in [
                "step 0: validation loss ", "step 1/20 | loss ", "step 10: validation loss ",
                "step 10: sample", "step 20/20 | loss ", "step 20: checkpoint ",
            ] {
                #expect(lines.contains { $0.hasPrefix(beginning) }, "\(beginning)")
            }
            let end = lines.firstIndex { $0.hasPrefix("done: 20 steps, in ") } ?? 0
            let run = directory.appending("run")
            #expect(
                lines[(end + 1)...]
                    == [
                        "next: swiftlet sample --model \(run)", "next: swiftlet report \(run)", "",
                    ][...]
            )
            #expect(
                outcome.errors.unicodeScalars.allSatisfy {
                    $0 == "\n" || $0.properties.generalCategory != .control
                }
            )
        }
    }

    @Test func aResumedRunSaysWhereItResumes() throws {
        try withTemporaryDirectory { directory in
            let arguments = try smallRun(in: directory)
            _ = try swiftlet(arguments + ["--steps", "10"])
            let again = try swiftlet(arguments + ["--steps", "10"])
            #expect(again.status == 0)
            #expect(again.errors.contains("step 10: resuming from "))
            #expect(again.errors.contains("step 10: the run is already finished\nnext: swiftlet "))
        }
    }
}
