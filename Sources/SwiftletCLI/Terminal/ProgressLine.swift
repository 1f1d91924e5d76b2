// The progress of long work on stderr: a line that is rewritten in place on a terminal, and a line
// now and then when piped.

import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A line that says how far work has come.
final class ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) != 0
    private let clock = ContinuousClock()
    private var lastShown: ContinuousClock.Instant
    private var liveLineIsShown = false

    /// Often enough to look alive, seldom enough to cost nothing.
    private static let terminalInterval = Duration.milliseconds(100)
    private static let plainInterval = Duration.seconds(5)

    /// Starts work that is not worth a line if it ends soon.
    init() {
        lastShown = clock.now
    }

    /// Shows `text`, unless the last line was shown just now.
    func show(_ text: @autoclosure () -> String) {
        let now = clock.now
        guard now - lastShown >= (isTerminal ? Self.terminalInterval : Self.plainInterval) else {
            return
        }
        lastShown = now
        if isTerminal {
            Terminal.writeError("\r\u{1b}[K" + DisplayText.escaping(text()))
            liveLineIsShown = true
        } else {
            Terminal.diagnose(text())
        }
    }

    /// Clears a line that is still being rewritten.
    func finish() {
        if liveLineIsShown { Terminal.writeError("\r\u{1b}[K") }
        liveLineIsShown = false
    }
}

/// How much of a number of bytes, which may not be known, is done.
func byteProgress(_ count: Int, of total: Int?) -> String {
    guard let total, total > 0 else { return count.formattedAsBytes }
    // A file may grow while it is read.
    let percent = min(100, Double(count) / Double(total) * 100)
    return "\(count.formattedAsBytes) of \(total.formattedAsBytes), \(decimal(percent, 0))%"
}
