// One chart: lines over steps, with axes, a legend, and the values in words for whoever points at
// it. What is charted is decided in RunCharts.swift.

/// Curves over a common axis of steps.
struct Chart {
    /// How a line is drawn.
    enum Style: String {
        /// Every value, in the background.
        case faint
        /// The line to look at.
        case strong
        /// A dot at each value, joined by a thin line.
        case dots
    }

    /// A line.
    struct Line {
        /// What it shows, in the legend and beside its values.
        let name: String
        /// Which of the page's colours.
        let color: Int
        let style: Style
        let curve: Curve
        /// Whether pointing at the chart shows its values.
        var isReadable = true
        /// Whether the legend shows it.
        var isInLegend = true
    }

    /// The heading.
    var title: String
    /// The unit of the values, beside the heading.
    var unit: String
    var lines: [Line]
    /// The vertical axis.
    var scale: AxisScale
    /// The step at the right end.
    var lastStep: Int
    /// What the reader should know about how it was drawn; one sentence or more.
    var note = ""
    /// A value to compare with, and its name.
    var reference: (value: Double, name: String)?
    /// Whether it is drawn across the whole page.
    var isWide = false
    /// Writes a value on the axis; nil for plain numbers.
    var axisText: ((Double) -> String)?
    /// Writes a value in full.
    var valueText: (Double) -> String = { NumberText.significant($0) }
}

extension Chart {
    // The plot's own units: it is stretched to any size, and labels are laid over it.
    private static let width = 2000.0
    private static let height = 1000.0
    /// Columns a line is thinned to, about as many as it has pixels.
    private static let columns = 600
    /// Places to point at.
    private static let bands = 100
    /// More dots than this would run into each other.
    private static let mostDots = 80

    /// The chart as a figure.
    var html: HTML {
        let yTicks = scale.ticks(count: isWide ? 6 : 5, label: axisText)
        let xScale = AxisScale(0...Double(max(lastStep, 1)))
        // A short run has fewer whole steps than marks.
        let xTicks = xScale.ticks(count: isWide ? 7 : 4, label: stepText)
            .filter { $0.value == $0.value.rounded() }
        let grid = yTicks.map { tick -> HTML in
            "<path class=\"grid\" d=\"M0 \(y(tick.value))H2000\"/>"
        }
        let yLabels = yTicks.map { tick -> HTML in
            let top = percent(1 - scale.fraction(of: tick.value))
            return "<span style=\"top:\(top)\">\(tick.label)</span>"
        }
        let xLabels = xTicks.map { tick -> HTML in
            "<span style=\"left:\(percent(xScale.fraction(of: tick.value)))\">\(tick.label)</span>"
        }
        let noteLine: HTML = note.isEmpty ? "" : "<p class=\"note\">\(note)</p>"
        return """
            <figure class="\(isWide ? "card wide" : "card")">
            <figcaption><h2>\(title)</h2><span class="unit">\(unit)</span>\(legend)</figcaption>
            <div class="plot"><svg viewBox="0 0 2000 1000" preserveAspectRatio="none" role="img" \
            aria-label="\(summary)">
            \(grid)\(referenceLine)
            \(lines.map(drawing))
            <g class="bands">\(bandElements)</g>
            </svg><div class="y">\(yLabels)</div><div class="x">\(xLabels)</div></div>
            <p class="axis">step</p>
            \(noteLine)
            </figure>

            """
    }

    private var legend: HTML {
        let entries = lines.filter(\.isInLegend).map { line -> HTML in
            let dot: HTML =
                line.style == .dots ? "<path class=\"dot c\(line.color)\" d=\"M11 5h0\"/>" : ""
            return """
                <li><svg class="key" viewBox="0 0 22 10" aria-hidden="true">\
                <path class="\(line.style.rawValue) c\(line.color)" d="M1 5H21"/>\
                \(dot)</svg>\(line.name)</li>
                """
        }
        return entries.count > 1 ? "<ul class=\"legend\">\(entries)</ul>" : ""
    }

    private var referenceLine: HTML {
        guard let reference, scale.range.contains(reference.value) else { return "" }
        return "<path class=\"reference\" d=\"M0 \(y(reference.value))H2000\"/>"
    }

    /// What the chart shows, for those who cannot see it.
    private var summary: String {
        let parts = lines.filter(\.isReadable).compactMap { line -> String? in
            guard let first = line.curve.points.first, let last = line.curve.points.last else {
                return nil
            }
            return "\(line.name) from \(valueText(first.value)) at step \(first.step) "
                + "to \(valueText(last.value)) at step \(last.step)"
        }
        return "\(title) by step: " + parts.joined(separator: "; ")
    }

    // MARK: Lines

    private func drawing(_ line: Line) -> HTML {
        let points = line.curve.thinned(columns: Self.columns, lastStep: lastStep).points
        guard !points.isEmpty else { return "" }
        var path = ""
        var previous: (Int, Int)?
        for point in points {
            let place = (x(point.step), y(point.value))
            if let previous, previous == place { continue }
            path += previous == nil ? "M\(place.0) \(place.1)" : " \(place.0) \(place.1)"
            previous = place
        }
        let drawn: HTML = "<path class=\"\(line.style.rawValue) c\(line.color)\" d=\"\(path)\"/>"
        guard points.count == 1 || line.style == .dots && points.count <= Self.mostDots else {
            return drawn
        }
        // Lines without length, whose round ends are dots that no stretching makes oval.
        let dots = points.map { "M\(x($0.step)) \(y($0.value))h0" }.joined()
        return drawn + "<path class=\"dot c\(line.color)\" d=\"\(dots)\"/>"
    }

    private func x(_ step: Int) -> Int {
        Int((Self.width * Double(step) / Double(max(lastStep, 1))).rounded())
    }

    /// The vertical place; values beyond the axis are at its end.
    private func y(_ value: Double) -> Int {
        let fraction = min(max(scale.fraction(of: value), 0), 1)
        return Int((Self.height * (1 - fraction)).rounded())
    }

    /// Steps on the axis: all of them in thousands when the last ones are.
    private func stepText(_ step: Double) -> String {
        NumberText.compact(step, from: lastStep < 10_000 ? 10_000 : 1000)
    }

    private func percent(_ fraction: Double) -> String {
        NumberText.fixed(100 * fraction, 2) + "%"
    }

    // MARK: Values to point at

    /// Invisible columns with the values at their place as their titles.
    private var bandElements: [HTML] {
        var texts = [[String]](repeating: [], count: Self.bands)
        var steps = [Int?](repeating: nil, count: Self.bands)
        for line in lines where line.isReadable {
            line.curve.forEachColumn(Self.bands, lastStep: lastStep) { band, points in
                guard let point = points.last else { return }
                steps[band] = max(steps[band] ?? 0, point.step)
                texts[band].append("\(line.name): \(valueText(point.value))")
            }
        }
        let width = Int(Self.width) / Self.bands
        return texts.indices.compactMap { band in
            guard let step = steps[band] else { return nil }
            let title = (["step \(NumberText.grouped(step))"] + texts[band])
                .joined(separator: "\n")
            return """
                <rect x="\(band * width)" width="\(width)" height="1000">\
                <title>\(title)</title></rect>
                """
        }
    }
}
