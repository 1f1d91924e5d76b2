// Bars and small curves made of characters.

/// The characters a display draws with.
struct DisplayGlyphs {
    private let filled: Character
    private let halfFilled: Character?
    private let empty: Character
    private let ends: (left: String, right: String)
    /// Rising levels of a curve on one line; empty if the characters are not available.
    private let levels: [Character]
    /// From empty to full.
    private let shades: [Character]
    /// Dots of a character in a chart.
    let dots: (columns: Int, rows: Int)
    /// Next to a chart.
    let axis: String
    /// A single measurement in a chart.
    let mark: String
    /// Stands for text that was left out.
    let more: String
    /// Stands for a visible space.
    let space: String
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
        shades: Array(" ░▒▓█"),
        dots: (2, 4),
        axis: "│",
        mark: "•",
        more: "…",
        space: "·",
        unknown: "–",
        directions: ("↓", "→", "↑")
    )

    /// For terminals and locales that support only ASCII.
    static let ascii = DisplayGlyphs(
        filled: "#",
        halfFilled: nil,
        empty: "-",
        ends: ("[", "]"),
        levels: [],
        shades: Array(" .:+#@"),
        dots: (1, 1),
        axis: "|",
        mark: "o",
        more: "...",
        space: "_",
        unknown: "-",
        directions: ("falling", "level", "rising")
    )

    /// The characters that the locale supports.
    static var ofLocale: DisplayGlyphs { Terminal.usesUnicode ? .unicode : .ascii }

    /// A cell of a heat map, from empty at 0 to full at 1.
    func shade(_ fraction: Double) -> Character {
        let count = Double(shades.count)
        let place = fraction.isNaN ? 0 : min(max(fraction * count, 0), count - 1)
        return shades[Int(place)]
    }

    /// The sign of a direction.
    func sign(_ direction: LossTrend.Direction) -> String {
        switch direction {
        case .falling: directions.falling
        case .level: directions.level
        case .rising: directions.rising
        }
    }

    /// A bar for a whole run: what earlier sessions did, what this one did, and the rest.
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

    /// A bar for a fraction of 1, without ends; empty for a negative one.
    func bar(_ fraction: Double, columns: Int) -> String {
        let halves = Int((2 * Double(columns) * min(max(fraction, 0), 1)).rounded())
        let half = halves % 2 == 1 ? halfFilled.map { String($0) } ?? "" : ""
        return String(repeating: filled, count: halves / 2) + half
    }

    /// A curve through values on one line; nil leaves a gap.
    func curve(_ values: [Double?]) -> String {
        guard let highest = levels.last, let scale = LossScale(values.compactMap { $0 }) else {
            return ""
        }
        return String(
            values.map { value in
                guard let value else { return " " }
                let height = scale.height(value, of: levels.count)
                return height < levels.count ? levels[height] : highest
            }
        )
    }

    /// The character of a chart with these dots, given row by row.
    func cell(_ isDrawn: [Bool]) -> Character {
        guard isDrawn.contains(true) else { return " " }
        guard dots.columns > 1 else { return "*" }
        // Unicode numbers the dots of a Braille character down its columns, the fourth row last.
        let bits: [UInt32] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]
        let pattern = zip(isDrawn, bits).reduce(0) { $0 | ($1.0 ? $1.1 : 0) }
        return Unicode.Scalar(0x2800 + pattern).map { Character($0) } ?? " "
    }
}
