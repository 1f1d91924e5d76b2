// Where charts stand in a page: cards with headings and notes, in which the script draws.

/// A chart's place in the page.
package struct ChartCard {
    /// The ``ChartData/Chart/id``.
    let id: String
    let title: String
    let unit: String
    /// What the reader should know about how it was drawn; one sentence or more.
    let note: String
    /// What the chart shows in words, for those who do not see it.
    let words: String
    /// Whether it is drawn across the page.
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
