// What is rewritten in place on a terminal, while ordinary lines scroll above: the lines of a
// region, and the progress of long work, which is a line now and then when piped.

import Dispatch
import Swiftlet
import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The content of the region, and how to replace it.
struct LiveRegion {
    /// Whether colors may be used.
    let inColor: Bool
    /// The widths of the lines in the region.
    private var widths: [Int] = []
    /// The terminal's width when they were drawn.
    private var columns = 0

    /// An empty region.
    init(inColor: Bool) {
        self.inColor = inColor
    }

    /// The bytes that replace the current lines by `lines`.
    /// - Parameters:
    ///   - lines: Each narrower than the terminal.
    ///   - above: A line that stays and scrolls away above the region; of any length.
    ///   - columns: The terminal's width now, which may have changed.
    /// - Returns: What to write, in one go.
    mutating func replace(
        with lines: [StyledLine],
        above: StyledLine? = nil,
        columns: Int
    ) -> String {
        var output = start(columns: columns)
        // The terminal remembers which rows it wrapped until they are cleared: when it becomes
        // wider it would join them, whatever they hold by then.
        if above != nil || columns != self.columns { output += "\u{1b}[J" }
        self.columns = columns
        if let above { output += above.rendered(inColor: inColor) + "\n" }
        // Without automatic wrapping, a character wider than thought, or a window that just became
        // narrower, cuts off the end of a line but does not shift the others.
        output += "\u{1b}[?7l"
        for line in lines { output += line.rendered(inColor: inColor) + "\u{1b}[K\n" }
        output += "\u{1b}[?7h\u{1b}[J"
        widths = lines.map(\.width)
        return output
    }

    /// Leaves the current lines for good; the next ones come below.
    mutating func release() {
        widths = []
    }

    /// Moves to the first line of the region.
    ///
    /// Terminals rewrap lines when they become narrower, so a line may now take several rows.
    private func start(columns: Int) -> String {
        let rows = widths.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(1, columns)) }
        return rows > 0 ? "\r\u{1b}[\(rows)A" : "\r"
    }
}

/// A line that shows how far work has come.
final class ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) != 0
    private let clock = ContinuousClock()
    private var lastShown: ContinuousClock.Instant
    private var liveLineIsShown = false

    /// Often enough to look alive, rarely enough to cost nothing.
    private static let terminalInterval = Duration.milliseconds(100)
    private static let plainInterval = Duration.seconds(5)

    /// Starts work, which is not worth a line if it ends soon.
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

/// How many bytes are done, out of a total that may not be known.
func byteProgress(_ count: Int, of total: Int?) -> String {
    guard let total, total > 0 else { return count.formattedAsBytes }
    // A file may grow while it is read.
    let percent = min(100, Double(count) / Double(total) * 100)
    return "\(count.formattedAsBytes) of \(total.formattedAsBytes), \(decimal(percent, 0))%"
}

/// Work that is announced when it has taken a while.
final class SlowWork: Sendable {
    private let isOver = Mutex(false)

    private static let patience = DispatchTimeInterval.seconds(2)

    /// Begins.
    /// - Parameter text: What to print on stderr if it does not end soon.
    init(_ text: String) {
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { [weak self] in
            self?.isOver.withLock { if !$0 { Terminal.diagnose(text) } }
        }
    }

    /// Prints nothing from now on.
    func end() {
        isOver.withLock { $0 = true }
    }
}
