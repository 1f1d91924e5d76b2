// `report --watch`: redraws a page while runs are in progress.

import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Follows runs until all of them have ended.
struct ReportWatch {
    private let runs: [RunDirectory]

    /// How often the runs are checked, and how often the page reloads itself.
    private static let (interval, refreshSeconds) = (Duration.seconds(2), 5)
    /// Drawing takes at most this share of the time, since it slows down the training.
    private static let largestShare = 0.05

    /// - Parameter runs: The runs to follow.
    init(_ runs: [RunDirectory]) {
        self.runs = runs
    }

    /// Draws the page at once, whenever a run has measured something, and when all have ended.
    /// - Parameters:
    ///   - path: The path of the page, printed once it exists.
    ///   - draw: Writes the page, which reloads itself after the given number of seconds; nil for
    ///     the last one.
    /// - Throws: What `draw` throws, and ``ExitStatus/interrupted`` after the last page, or before
    ///   there is a log to draw, where somebody asked for the end.
    func run(printing path: FilePath, draw: (_ refreshSeconds: Int?) throws -> Void) throws {
        Signals.catchInterruption()
        var drawn: [Double?]?
        var pause = Self.interval
        while true {
            // Checked before the logs are read: what is measured meanwhile is drawn the next time.
            let goesOn = try runs.contains { try $0.isInUse() } && !Signals.isInterrupted
            let times = runs.map { FileSystem.modificationTime(of: $0.metricsPath) }
            if !goesOn || times != drawn {
                let clock = ContinuousClock()
                let start = clock.now
                do {
                    try draw(goesOn ? Self.refreshSeconds : nil)
                } catch FileIOError.missing where goesOn || Signals.isInterrupted {
                    // A run that just began has no log yet.
                    if Signals.isInterrupted { break }
                    wait(Self.interval)
                    continue
                }
                pause = max(Self.interval, (clock.now - start) / Self.largestShare)
                if drawn == nil { try announce(path, goesOn: goesOn) }
                drawn = times
            }
            if !goesOn { break }
            wait(pause)
        }
        if Signals.isInterrupted { throw ExitStatus.interrupted }
    }

    private func announce(_ path: FilePath, goesOn: Bool) throws {
        try Terminal.print("\(path)")
        if goesOn {
            Terminal.diagnose("the page is redrawn as the run progresses; Ctrl-C stops")
        } else if !Signals.isInterrupted {
            Terminal.diagnose("no run is in progress, so this page is final")
        }
    }

    /// Waits, unless asked to end.
    private func wait(_ duration: Duration) {
        let clock = ContinuousClock()
        let end = clock.now + duration
        while clock.now < end && !Signals.isInterrupted { usleep(50_000) }
    }
}
