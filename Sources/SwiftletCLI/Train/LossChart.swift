// The losses of a run as a curve over several rows, with a scale on its side and steps below.

/// A chart of the whole run so far.
struct LossChart {
    /// The characters to draw with.
    let glyphs: DisplayGlyphs

    /// At most one validation mark, which covers the curve, per this many columns.
    private static let columnsPerMark = 4

    /// The lines of a chart.
    /// - Parameters:
    ///   - progress: The run.
    ///   - columns: How wide the lines are.
    ///   - rows: The number of lines, including that of the steps.
    /// - Returns: None before the second step, or if there is no room.
    func lines(_ progress: TrainingProgress, columns: Int, rows: Int) -> [StyledLine] {
        let plotRows = rows - 1
        let means = progress.course.means(columns * glyphs.dots.columns)
        let values = means.compactMap { $0 } + progress.validations.map { Double($0.value) }
        guard plotRows > 1, means.count > 1, let scale = LossScale(values) else { return [] }
        let labels = labels(scale, rows: plotRows)
        let labelWidth = labels.map(\.count).max() ?? 0
        let plotColumns = columns - labelWidth - 2
        guard plotColumns > 2 * Self.columnsPerMark else { return [] }

        var canvas = DotCanvas(columns: plotColumns, rows: plotRows, dots: glyphs.dots)
        let heights = stretched(means, to: canvas.dotColumns).map { value in
            value.map { scale.height($0, of: canvas.dotRows) }
        }
        canvas.draw(heights)
        let marks = marks(progress, scale, columns: plotColumns, rows: plotRows)
        var lines: [StyledLine] = []
        for row in 0..<plotRows {
            var line = StyledLine(
                String(repeating: " ", count: labelWidth - labels[row].count) + labels[row] + " ",
                .faint
            )
            line.append(glyphs.axis, .faint)
            var run = ""
            for column in 0..<plotColumns {
                guard marks.contains(Cell(row: row, column: column)) else {
                    run.append(glyphs.cell(canvas.dots(row: row, column: column)))
                    continue
                }
                line.append(run, .accent)
                line.append(glyphs.mark, .good)
                run = ""
            }
            line.append(run, .accent)
            lines.append(line)
        }
        return lines + [steps(progress, indent: labelWidth + 2, columns: columns)]
    }

    private struct Cell: Hashable {
        let row: Int
        let column: Int
    }

    /// The newest validation of each few columns.
    private func marks(
        _ progress: TrainingProgress,
        _ scale: LossScale,
        columns: Int,
        rows: Int
    ) -> Set<Cell> {
        var rowsOfParts: [Int: Cell] = [:]
        for validation in progress.validations {
            let span = max(1, progress.course.lastStep - 1)
            let column = min(columns - 1, (validation.step - 1) * (columns - 1) / span)
            let height = scale.height(Double(validation.value), of: rows)
            if height < rows {
                let cell = Cell(row: rows - 1 - height, column: column)
                rowsOfParts[column / Self.columnsPerMark] = cell
            }
        }
        return Set(rowsOfParts.values)
    }

    /// Numbers next to the first, middle and last row.
    private func labels(_ scale: LossScale, rows: Int) -> [String] {
        let range = scale.high - scale.low
        let places = range >= 10 ? 1 : range >= 1 ? 2 : range >= 0.1 ? 3 : 4
        return (0..<rows).map { row in
            guard row == 0 || row == rows - 1 || row == rows / 2 && rows > 4 else { return "" }
            return decimal(scale.high - range * Double(row) / Double(rows - 1), places)
        }
    }

    /// The line below the plot: the first and the newest step, and a legend.
    private func steps(_ progress: TrainingProgress, indent: Int, columns: Int) -> StyledLine {
        let last = "step \(progress.course.lastStep.grouped)"
        var line = StyledLine(String(repeating: " ", count: indent))
        line.append("1", .faint)
        var legend = StyledLine("loss", .accent)
        if !progress.validations.isEmpty {
            legend.append("  ")
            legend.append("\(glyphs.mark) validation", .good)
        }
        let start = indent + (columns - indent - legend.width) / 2
        if start > line.width + 1, start + legend.width + 2 + last.count <= columns {
            line.pad(to: start)
            line.append(legend)
        }
        line.pad(to: columns - last.count)
        line.append(last, .faint)
        return line
    }

    /// Values at `count` places, interpolated linearly; nil if either neighbor is not known.
    private func stretched(_ values: [Double?], to count: Int) -> [Double?] {
        let last = values.count - 1
        return (0..<count).map { place in
            let position = Double(place * last) / Double(max(1, count - 1))
            let index = min(Int(position), last - 1)
            let part = position - Double(index)
            guard part > 0 else { return values[index] }
            guard part < 1 else { return values[index + 1] }
            guard let left = values[index], let right = values[index + 1] else { return nil }
            return left + part * (right - left)
        }
    }
}

/// A grid of dots, several per character.
struct DotCanvas {
    private let dots: (columns: Int, rows: Int)
    private let columns: Int
    private var isDrawn: [Bool]
    let dotColumns: Int
    let dotRows: Int

    init(columns: Int, rows: Int, dots: (columns: Int, rows: Int)) {
        (self.columns, self.dots) = (columns, dots)
        (dotColumns, dotRows) = (columns * dots.columns, rows * dots.rows)
        isDrawn = Array(repeating: false, count: dotColumns * dotRows)
    }

    /// Draws a line through heights, counted from 0 at the bottom; what is above the canvas is cut
    /// off, and nil leaves a gap.
    mutating func draw(_ heights: [Int?]) {
        var previous: Int?
        for (column, height) in heights.enumerated().prefix(dotColumns) {
            guard let height else {
                previous = nil
                continue
            }
            // The path from the previous column, whose own dot is already there.
            let start = previous ?? height
            let (low, high) = (min(start, height), max(start, height))
            for dot in low...high where dot < dotRows && (dot != start || low == high) {
                isDrawn[(dotRows - 1 - dot) * dotColumns + column] = true
            }
            previous = height
        }
    }

    /// Which dots of a character are drawn, row by row.
    func dots(row: Int, column: Int) -> [Bool] {
        (0..<dots.rows).flatMap { dotRow in
            (0..<dots.columns).map { dotColumn in
                let index = (row * dots.rows + dotRow) * dotColumns + column * dots.columns
                return isDrawn[index + dotColumn]
            }
        }
    }
}

/// The part of the losses that a chart shows.
struct LossScale: Equatable {
    let low: Double
    let high: Double

    /// A scale for what is drawn; nil if there is nothing.
    ///
    /// The first losses of a run are so high that all others would look the same next to them. So
    /// the highest twentieth does not count: the curve comes in from above.
    init?(_ values: [Double]) {
        guard let low = values.min(), let top = values.max() else { return nil }
        let high = values.sorted()[values.count - 1 - values.count / 20]
        // At least a fiftieth of the value, so that noise on a plateau looks nearly as flat as it
        // is.
        let least = max(abs(high) / 50, .leastNormalMagnitude)
        // What nearly fits is not worth cutting off.
        let wanted = top - low < 1.25 * (high - low) ? top : high
        self.low = low
        self.high = max(wanted, low + least)
    }

    /// The position of a value among `count` heights, from 0 at the bottom; `count` if it is above
    /// the scale.
    func height(_ value: Double, of count: Int) -> Int {
        let place = ((value - low) / (high - low) * Double(count - 1)).rounded()
        return Int(min(max(place, 0), Double(count)))
    }
}
