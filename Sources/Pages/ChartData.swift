// What the charts of a page draw, as the page's script reads it: JSON in the page, a few hundred
// kilobytes at most; and the cards that hold the charts, with headings and notes. The script draws
// them (CPages/assets).

/// Series, and their lines in each chart.
package struct ChartData: Encodable, Equatable, Sendable {
    /// A quantity for the horizontal axis, instead of steps.
    package struct Axis: Encodable, Equatable, Sendable {
        /// `step`, or the axis's name in ``Series/axes``.
        let id: String
        /// The axis's label.
        let name: String
        /// The label of the button that selects it.
        let button: String
        let format: Format

        package init(id: String, name: String, button: String, format: Format) {
            (self.id, self.name, self.button, self.format) = (id, name, button, format)
        }
    }

    /// How values are formatted; the script has a function for each case.
    package enum Format: String, Encodable, Sendable {
        case number, rate, count, percent, whole, duration
    }

    /// What has the same color in every chart.
    package struct Series: Encodable, Equatable, Sendable {
        let name: String
        /// The index of its color.
        let color: Int
        /// The last step.
        let end: Int
        /// Steps and their values on other axes, both ascending; lines between them are straight.
        package var axes: [String: [[Double]]] = [:]
        /// A remark next to the name, if series differ in it.
        package var note: String?
        /// Steps after which something starts over, and what that is.
        package var period: Double?
        package var periodName: String?

        package init(name: String, color: Int, end: Int) {
            (self.name, self.color, self.end) = (name, color, end)
        }
    }

    /// Lines over a common axis.
    package struct Chart: Encodable, Equatable, Sendable {
        /// The id in the page and in remembered settings; one word.
        package let id: String
        package let format: Format
        package let parts: [Part]
        package let lines: [Line]
        /// Whether the axis starts at 0.
        package var startsAtZero = false
        /// The ratio of the largest to the smallest value above which the axis is logarithmic
        /// unless the reader chooses otherwise.
        package var logarithmicFrom: Double?
        /// A value to compare with.
        package var reference: Reference?
        /// Whether the series' notes are shown at their lines.
        package var showsNotes = false

        package init(id: String, format: Format, parts: [Part], lines: [Line]) {
            (self.id, self.format, self.parts, self.lines) = (id, format, parts, lines)
        }
    }

    /// A value to compare with.
    package struct Reference: Encodable, Equatable, Sendable {
        let value: Double

        package init(value: Double) {
            self.value = value
        }
    }

    /// One of the lines or dots that every series has in a chart.
    package struct Part: Encodable, Equatable, Sendable {
        /// How it looks.
        package enum Style: String, Encodable, Sendable {
            /// Every value, in the background.
            case faint
            /// The main line.
            case strong
            /// A dot at each value, joined where they are close.
            case dots
        }

        package let id: String
        package let name: String
        package let style: Style
        /// A color other than the series'.
        package var color: Int?

        package init(id: String, name: String, style: Style, color: Int? = nil) {
            (self.id, self.name, self.style, self.color) = (id, name, style, color)
        }
    }

    /// Values of one series at its own steps.
    package struct Line: Encodable, Equatable, Sendable {
        /// Its index in ``ChartData/series``.
        package let series: Int
        /// Each as the difference from the one before, which has few digits.
        package let steps: [Int]
        /// For each part, one value per step; null where there is none.
        package let values: [String: [Double?]]
        /// The range that an axis shows, except in a window without values in it.
        package let low: Double
        package let high: Double

        /// - Parameters:
        ///   - series: Its index in ``ChartData/series``.
        ///   - steps: Ascending.
        ///   - values: For each part, a finite value per step, or nil.
        ///   - typical: Values without outliers.
        package init(
            series: Int,
            steps: [Int],
            values: [String: [Double?]],
            typical: ClosedRange<Double>
        ) {
            self.series = series
            self.steps = zip(steps, [0] + steps).map { $0 - $1 }
            self.values = values.mapValues { $0.map { $0.map(PageData.rounded) } }
            // The range is not rounded, or values at its ends would be outside.
            low = PageData.rounded(typical.lowerBound)
            high = PageData.rounded(typical.upperBound)
        }
    }

    let axes: [Axis]
    let series: [Series]
    let charts: [Chart]

    package init(axes: [Axis], series: [Series], charts: [Chart]) {
        (self.axes, self.series, self.charts) = (axes, series, charts)
    }

    /// The data in the page.
    var script: HTML { PageData.script(self, id: "chart-data") }
}

/// A chart's place in the page.
package struct ChartCard {
    /// The ``ChartData/Chart/id``.
    let id: String
    let title: String
    let unit: String
    /// What the reader should know about how it was drawn; one or more sentences.
    let note: String
    /// A description of the chart, for those who do not see it.
    let words: String
    /// Whether it spans the width of the page.
    let isWide: Bool

    package init(
        id: String,
        title: String,
        unit: String,
        note: String = "",
        words: String,
        isWide: Bool = false
    ) {
        (self.id, self.title, self.unit) = (id, title, unit)
        (self.note, self.words, self.isWide) = (note, words, isWide)
    }

    /// The card.
    private var html: HTML {
        """
        <figure class="\(isWide ? "card chart wide" : "card chart")" id="chart-\(id)">
        <figcaption><h2>\(title)</h2> <span class="unit">\(unit)</span><div class="legend"></div>\
        </figcaption>
        <div class="plot" role="group" aria-label="\(title): arrow keys read values, plus and \
        minus zoom" data-summary="\(words)"><p class="words note">\(words)</p></div>
        <p class="note">\(note)</p>
        </figure>

        """
    }

    /// The charts of a page, with the controls that act on all of them.
    package static func section(_ cards: [ChartCard], isComparison: Bool) -> HTML {
        let beside = cards.count { !$0.isWide }
        let count = ["alone", "one", "two", "three"]
        let row = beside < count.count ? count[beside] : beside == 4 ? "two four" : "three"
        return """
            <noscript><p class="note">The charts are drawn by a script, which this browser does \
            not run.</p></noscript>
            <div id="toolbar" role="toolbar" aria-label="Charts"></div>
            <section class="charts \(row)\(isComparison ? " compared" : "")">
            \(cards.map(\.html))</section>

            """
    }
}
