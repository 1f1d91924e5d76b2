// Lines at the bottom of a terminal that are rewritten in place, while ordinary lines scroll above
// them. It makes the bytes; writing them, and when, is the caller's.
//
// The cursor rests at the start of the line below the region and no mode of the terminal stays
// changed, so there is nothing to restore: whatever ends the program, the shell goes on below.

/// What stands in the region, and how to replace it.
struct LiveRegion {
    /// Whether colours may be used.
    let inColor: Bool
    /// Columns of the lines in the region.
    private var widths: [Int] = []
    /// The terminal's width when they were drawn.
    private var columns = 0

    /// Nothing yet.
    init(inColor: Bool) {
        self.inColor = inColor
    }

    /// The bytes that put `lines` in place of those that are there.
    /// - Parameters:
    ///   - lines: Each narrower than the terminal.
    ///   - above: A line that stays, and scrolls away above the region; of any length.
    ///   - columns: The terminal's width now, which need not be that of the last time.
    /// - Returns: What to write, at once.
    mutating func replace(
        with lines: [StyledLine],
        above: StyledLine? = nil,
        columns: Int
    ) -> String {
        var output = start(columns: columns)
        // Rows that were broken stay joined for the terminal until they are cleared: it would undo
        // the break when it becomes wider, whatever they hold then.
        if above != nil || columns != self.columns { output += "\u{1b}[J" }
        self.columns = columns
        if let above { output += above.rendered(inColor: inColor) + "\n" }
        // Without automatic wrapping: a character wider than thought, or a window that has just
        // become narrower, costs the end of a line and not the place of all others.
        output += "\u{1b}[?7l"
        for line in lines { output += line.rendered(inColor: inColor) + "\u{1b}[K\n" }
        output += "\u{1b}[?7h\u{1b}[J"
        widths = lines.map(\.width)
        return output
    }

    /// Leaves what is there for good; the next lines come below it.
    mutating func release() {
        widths = []
    }

    /// Moves to the first line of the region.
    ///
    /// Terminals break lines anew when they become narrower, so that a line may now take several
    /// rows.
    private func start(columns: Int) -> String {
        let rows = widths.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(1, columns)) }
        return rows > 0 ? "\r\u{1b}[\(rows)A" : "\r"
    }
}
