// The singular values of a tensor as a chart, as those of training runs are drawn.

import Pages

/// A chart of singular values by their rank.
struct SingularValueChart {
    let data: ChartData
    /// The chart's place in the page.
    let section: HTML

    /// The chart of a tensor that has two singular values or more; nil for everything else.
    init?(_ part: InspectPage.Part) {
        guard case .weights(let name, _, let statistics) = part,
            let values = statistics.singularValues, values.count > 1,
            let largest = values.first, let smallest = values.last
        else { return nil }
        let ranks = Array(1...values.count)
        let chart = ChartData.Chart(
            id: "singular-values",
            format: .number,
            parts: [.init(id: "value", name: "singular value", style: .strong)],
            lines: [
                .init(
                    series: 0,
                    steps: ranks,
                    values: ["value": values],
                    typical: smallest...largest
                )
            ]
        )
        data = ChartData(
            axes: [.init(id: "step", name: "rank", button: "Ranks", format: .whole)],
            series: [.init(name: name, color: 0, end: values.count)],
            charts: [chart]
        )
        let range =
            "from \(PageData.rounded(largest)) at rank 1 to \(PageData.rounded(smallest)) at "
            + "rank \(values.count)"
        section = ChartCard.section(
            [
                ChartCard(
                    id: chart.id,
                    title: "Singular values",
                    unit: "\(values.count), the largest first",
                    words: "Singular values by rank, \(range).",
                    isWide: true
                )
            ],
            isComparison: false
        )
    }
}
