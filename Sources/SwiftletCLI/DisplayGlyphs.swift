// Bars and small curves made of characters.

/// The characters a display draws with.
struct DisplayGlyphs {
    private let filled: Character
    private let halfFilled: Character?
    private let empty: Character
    private let ends: (left: String, right: String)
    /// Rising levels of a curve; none where the characters are missing.
    private let levels: [Character]
    /// Stands for what was left out.
    let more: String
    /// Stands for a value that is not known yet.
    let unknown: String
    private let directions: (falling: String, level: String, rising: String)

    /// Box-drawing and block characters.
    static let unicode = DisplayGlyphs(
        filled: "━",
        halfFilled: "╸",
        empty: "─",
        ends: ("", ""),
        levels: Array("▁▂▃▄▅▆▇█"),
        more: "…",
        unknown: "–",
        directions: ("↓", "→", "↑")
    )

    /// For terminals and locales that know only ASCII.
    static let ascii = DisplayGlyphs(
        filled: "#",
        halfFilled: nil,
        empty: "-",
        ends: ("[", "]"),
        levels: [],
        more: "...",
        unknown: "-",
        directions: ("falling", "level", "rising")
    )

    /// The sign of a direction.
    func sign(_ direction: LossTrend.Direction) -> String {
        switch direction {
        case .falling: directions.falling
        case .level: directions.level
        case .rising: directions.rising
        }
    }

    /// A bar over a whole run: what was done before this session, what this one did, and the rest.
    func bar(firstStep: Int, stepCount: Int, totalSteps: Int, columns: Int) -> StyledLine {
        let columns = max(0, columns - ends.left.count - ends.right.count)
        let total = Double(max(1, totalSteps))
        let isComplete = stepCount >= totalSteps
        // Half columns, and never full before the end.
        let halves = isComplete ? 2 * columns : Int(2 * Double(columns) * Double(stepCount) / total)
        let whole = halves / 2
        let before = min(whole, Int(Double(columns) * Double(firstStep) / total))
        var bar = StyledLine(ends.left, .faint)
        bar.append(String(repeating: filled, count: before))
        bar.append(String(repeating: filled, count: whole - before), .accent)
        var rest = columns - whole
        if let halfFilled, halves % 2 == 1 {
            bar.append(String(halfFilled), .accent)
            rest -= 1
        }
        bar.append(String(repeating: empty, count: rest), .faint)
        bar.append(ends.right, .faint)
        return bar
    }

    /// A curve through the last `columns` values.
    func curve(_ values: [Double], columns: Int) -> String {
        let values = values.suffix(max(0, columns))
        guard levels.count > 1, let lowest = values.min(), let highest = values.max() else {
            return ""
        }
        // A fiftieth of the value at least, so that noise on a plateau looks nearly as flat as it
        // is.
        let range = max(highest - lowest, abs(highest) / 50, .leastNormalMagnitude)
        return String(
            values.map { value in
                levels[Int(((value - lowest) / range * Double(levels.count - 1)).rounded())]
            }
        )
    }
}
