// A line being typed at a terminal: keys are read, the text changes, and the screen follows. Small
// and our own rather than a library's: a paste of several lines is one message here, wide
// characters are wide, and a program that is linked statically needs nothing at run time. Which key
// does what is in LineEditor+Keys.swift.

import FileIO

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads texts that somebody types, with the keys of Emacs that shells have too.
package final class LineEditor {
    /// What came of a line.
    package enum Outcome: Equatable {
        /// It was sent.
        case line(String)
        /// Ctrl-D with nothing typed, or the terminal is gone.
        case end
        /// Ctrl-C with nothing typed.
        case interrupted
    }

    /// What is typed, and what was before it.
    var line = EditedLine()
    var history: LineHistory
    var search: HistorySearch?
    private(set) var view = LineView()
    private let prompt: Prompt
    let complete: (_ before: String) -> Completion?

    private let input: CInt
    private let output: CInt
    private var parser = KeyParser()
    /// Keys that came with those of the line before.
    private var pending: ArraySlice<Key> = []

    /// An editor for the terminal behind two descriptors.
    /// - Parameters:
    ///   - prompt: What stands before a line.
    ///   - history: What was typed before.
    ///   - input: Where keys come from.
    ///   - output: Where the line is shown.
    ///   - complete: How a text before the cursor may go on, which Tab asks for.
    package init(
        prompt: Prompt,
        history: LineHistory = LineHistory(),
        input: CInt = STDIN_FILENO,
        output: CInt = STDERR_FILENO,
        complete: @escaping (_ before: String) -> Completion? = { _ in nil }
    ) {
        self.prompt = prompt
        self.history = history
        self.input = input
        self.output = output
        self.complete = complete
        // Only so that waiting for keys ends when the window changes.
        _ = signal(SIGWINCH) { _ in }
    }

    /// Lets somebody type a line, which begins where the cursor is.
    ///
    /// The terminal is then left in a mode for keys: ``wait()`` or ``end()`` follows, or the next
    /// line.
    /// - Returns: What came of it; the cursor is then below.
    package func readLine() -> Outcome {
        TerminalMode.begin(.keys, on: input)
        TerminalMode.markPastes(on: output)
        draw()
        while true {
            while let key = pending.popFirst() {
                if let outcome = press(key) {
                    leave()
                    line = EditedLine()
                    return outcome
                }
            }
            draw()
            guard readKeys() else {
                leave()
                return .end
            }
        }
    }

    /// Leaves the terminal so that what is typed is not shown, and is there for the next line;
    /// Ctrl-C and Ctrl-Z do what they always do.
    package func wait() {
        TerminalMode.begin(.waiting, on: input)
    }

    /// Leaves the terminal as it was before the first line.
    package func end() {
        TerminalMode.end()
    }

    /// Keeps a text to come back to.
    /// - Returns: Whether it is another than the last one.
    package func remember(_ text: String) -> Bool { history.add(text) }

    /// Waits for keys, or for the window to change.
    /// - Returns: False when the terminal is gone.
    private func readKeys() -> Bool {
        var descriptor = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        let count = poll(&descriptor, 1, CInt(parser.patience ?? -1))
        let isInterrupted = count < 0 && errno == EINTR
        if TerminalMode.takeContinuation() { restart() }
        if count == 0 { pending += parser.giveUp() }
        guard count > 0 else { return count == 0 || isInterrupted }
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let length = read(input, &bytes, bytes.count)
        if length < 0 { return errno == EINTR || errno == EAGAIN }
        pending += parser.take(bytes.prefix(length))
        return length > 0
    }

    // MARK: The screen

    /// What stands before the text now.
    private var shownPrompt: Prompt {
        search.map {
            Prompt("search \(DisplayText.escaping($0.words)): ", style: prompt.style)
        } ?? prompt
    }

    private func draw() {
        write(view.draw(shownPrompt, line, on: screen))
    }

    /// Leaves what is typed on the screen, and begins below it.
    func leave() {
        write(view.finish(prompt, line, on: screen))
    }

    /// Shows rows below what is typed, which is then shown again.
    func show(_ rows: [String]) {
        leave()
        write(rows.map { $0 + "\r\n" }.joined())
    }

    func clearScreen() {
        view.forget()
        write("\u{1b}[H\u{1b}[2J")
    }

    /// Stops the program as Ctrl-Z does, and goes on with the same text.
    func suspend() {
        leave()
        TerminalMode.suspend()
        _ = TerminalMode.takeContinuation()
        restart()
    }

    /// Begins anew where a shell has left the cursor.
    private func restart() {
        view.forget()
        TerminalMode.markPastes(on: output)
    }

    /// The size of the screen now; 80 and 24 where it does not say.
    var screen: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    private func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(output, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            // A terminal that is gone is noticed when keys are read.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// The C function, whose name the method above would hide.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
