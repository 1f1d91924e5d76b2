// The report of one run, or of several for comparison: one HTML page that needs nothing else. This
// decides the order of the page; its parts have their own files.

import FileIO
import Pages
import Training

/// A page on what training runs did.
///
/// The same runs always give the same bytes, and a page stays below about half a megabyte per run
/// however long the run is.
package struct ReportPage: Sendable {
    /// The most runs that can be told apart by their colors.
    package static let mostRuns = 8

    /// The page.
    package let source: String

    /// Draws the page of `runs`, the first of which gets the first color.
    /// - Parameters:
    ///   - runs: One run or more.
    ///   - refreshSeconds: After how many seconds the page reloads itself, if it is rewritten while
    ///     it is being looked at; nil for never.
    /// - Throws: ``ReportError/tooManyRuns(found:limit:)``.
    package init(_ runs: [RunHistory], refreshSeconds: Int? = nil) throws {
        precondition(!runs.isEmpty, "a report is about one run or more")
        guard runs.count <= Self.mostRuns else {
            throw ReportError.tooManyRuns(found: runs.count, limit: Self.mostRuns)
        }
        source = Self.page(runs, refreshSeconds: refreshSeconds)
    }

    /// Where the page of `runs` goes unless told otherwise: in the run's directory, or in the
    /// current one if there are several.
    package static func defaultPath(for runs: [RunDirectory]) -> FilePath {
        let name: FilePath = "report.html"
        return runs.count == 1 ? runs[0].path.pushing(name) : name
    }

    /// Writes the page.
    /// - Throws: ``FileIOError`` when the file cannot be written, or exists and must not be
    ///   overwritten.
    package func write(to path: FilePath, overwrite: Bool) throws {
        let file = try AtomicFile(path, overwrite: overwrite)
        try file.write(Array(source.utf8))
        try file.commit()
    }

    private static func page(_ runs: [RunHistory], refreshSeconds: Int?) -> String {
        let charts = RunCharts(runs).all
        let headline = ReportHeadline(runs)
        let details = [ReportSamples.card(runs), ReportConfiguration.card(runs)]
            .filter { !$0.source.isEmpty }
        let plots: HTML =
            charts.isEmpty
            ? "<p class=\"empty\">Nothing has been measured yet.</p>\n"
            : ChartCard.section(charts.map(\.card), isComparison: runs.count > 1)
        let below: HTML =
            details.isEmpty
            ? ""
            : """
            <section class="details\(details.count > 1 ? " two" : "")">
            \(details)</section>

            """
        let body = HTML([headline.html, plots, below])
        let frame = PageFrame(
            title: headline.pageTitle,
            styles: [PageAsset.named("report.css")],
            refreshSeconds: refreshSeconds
        )
        let data = ChartData(
            axes: RunSeries.axes,
            series: RunSeries(runs).all,
            charts: charts.map(\.chart)
        )
        return frame.page(body, charts: charts.isEmpty ? nil : data)
    }

    /// The color of a run, next to its name.
    static func swatch(_ index: Int) -> HTML {
        "<span class=\"swatch c\(index)\"></span>"
    }
}
