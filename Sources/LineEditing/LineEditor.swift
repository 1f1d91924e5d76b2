// A line being typed at a terminal: keys are read, the text changes, and the screen follows. It is
// small and our own rather than a library's: a paste of several lines is one message here, wide
// characters are wide, and a statically linked program needs nothing at run time.
// LineEditor+Keys.swift handles the keys.

import FileIO

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads typed texts, with the Emacs keys that shells also have.
package final class LineEditor {
    /// The outcome of a line.
    package enum Outcome: Equatable {
        /// It was sent.
        case line(String)
        /// Ctrl-D with nothing typed, or the terminal is gone.
        case end
        /// Ctrl-C with nothing typed.
        case interrupted
    }

    /// The line being typed.
    var line = EditedLine()
    var history: LineHistory
    var search: HistorySearch?
    private(set) var view = LineView()
    private let prompt: Prompt
    let complete: (_ before: String) -> Completion?

    private let input: CInt
    private let output: CInt
    private var parser = KeyParser()
    /// Keys that arrived with those of the previous line.
    private var pending: ArraySlice<Key> = []

    /// An editor for the terminal behind two descriptors.
    /// - Parameters:
    ///   - prompt: The text before a line.
    ///   - history: The texts typed before.
    ///   - input: Where keys come from.
    ///   - output: Where the line is shown.
    ///   - complete: How the text before the cursor may continue, for Tab.
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
        // A handler, so that waiting for keys ends when the window changes.
        _ = signal(SIGWINCH) { _ in }
    }

    /// Reads a line, which begins at the cursor.
    ///
    /// The terminal then stays in a mode for keys: call ``wait()`` or ``end()`` next, or read the
    /// next line.
    /// - Returns: Its outcome; the cursor is then below it.
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

    /// Leaves the terminal so that typed keys are not shown, but kept for the next line; Ctrl-C and
    /// Ctrl-Z do what they always do.
    package func wait() {
        TerminalMode.begin(.waiting, on: input)
    }

    /// Restores the terminal to its state before the first line.
    package func end() {
        TerminalMode.end()
    }

    /// Adds a text to the history.
    /// - Returns: Whether it differs from the last one.
    package func remember(_ text: String) -> Bool { history.add(text) }

    /// Waits for keys, or for the window to change.
    /// - Returns: False if the terminal is gone.
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

    /// The current prompt.
    private var shownPrompt: Prompt {
        search.map {
            Prompt("search \(DisplayText.escaping($0.words)): ", style: prompt.style)
        } ?? prompt
    }

    private func draw() {
        write(view.draw(shownPrompt, line, on: screen))
    }

    /// Leaves the typed text on the screen, and begins below it.
    func leave() {
        write(view.finish(prompt, line, on: screen))
    }

    /// Shows rows below the typed text, which is then shown again.
    func show(_ rows: [String]) {
        leave()
        write(rows.map { $0 + "\r\n" }.joined())
    }

    func clearScreen() {
        view.forget()
        write("\u{1b}[H\u{1b}[2J")
    }

    /// Stops the program as Ctrl-Z does, and continues with the same text.
    func suspend() {
        leave()
        TerminalMode.suspend()
        _ = TerminalMode.takeContinuation()
        restart()
    }

    /// Starts over where a shell has left the cursor.
    private func restart() {
        view.forget()
        TerminalMode.markPastes(on: output)
    }

    /// The current size of the screen; 80 and 24 if it does not say.
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
            // A lost terminal is noticed when keys are read.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// The C function, whose name the method above would shadow.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
