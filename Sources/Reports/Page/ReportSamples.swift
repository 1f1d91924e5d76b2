// What the runs wrote during training, as a card of the report.

import FileIO
import Pages

/// The samples of runs.
enum ReportSamples {
    /// Samples shown on a page, shared by its runs.
    private static let mostSamples = 24
    /// How much of a sample is shown next to its step: more than a line holds.
    private static let longestPreview = 400

    /// The card; empty when no run has samples.
    static func card(_ runs: [RunHistory]) -> HTML {
        let most = max(4, mostSamples / runs.count)
        let parts = runs.enumerated().filter { !$0.element.samples.isEmpty }
            .map { index, run in part(run, index, most: most, isOnly: runs.count == 1) }
        guard !parts.isEmpty else { return "" }
        return """
            <section class="card samples"><h2>Samples</h2><span class="unit">newest first</span>
            \(parts)</section>

            """
    }

    private static func part(
        _ run: RunHistory,
        _ index: Int,
        most: Int,
        isOnly: Bool
    ) -> HTML {
        let chosen = evenlySpaced(run.samples, atMost: most)
        let name: HTML = isOnly ? "" : "<h3>\(ReportPage.swatch(index))\(run.name)</h3>\n"
        let count: HTML =
            chosen.count < run.samples.count
            ? """
            <p class="note">\(chosen.count) of \(NumberText.grouped(run.samples.count)), \
            evenly spaced.</p>

            """ : ""
        let texts = chosen.reversed().enumerated().map { position, sample in
            details(sample, id: "sample-\(index)-\(sample.step)", isOpen: position == 0)
        }
        return """
            <div>\(name)\(count)\(texts)</div>

            """
    }

    private static func details(_ sample: RunHistory.Sample, id: String, isOpen: Bool) -> HTML {
        let cut: HTML =
            sample.isCut
            ? """
            <p class="note">Cut after \(NumberText.grouped(RunHistory.Sample.longestText)) \
            characters.</p>
            """ : ""
        let open: HTML = isOpen ? " open=\"open\"" : ""
        return """
            <details id="\(id)"\(open)><summary><b>step \(NumberText.grouped(sample.step))</b> \
            <span>\(preview(sample.text))</span></summary>
            <pre dir="auto">\(sample.text)</pre>\(cut)</details>

            """
    }

    /// The beginning of a text on one line, with an ellipsis if there is more.
    private static func preview(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let kept = line.prefix(longestPreview)
        return kept.endIndex == line.endIndex ? line : kept + "\u{2026}"
    }

    /// At most `count` elements evenly spaced, including the last one.
    private static func evenlySpaced<Element>(
        _ elements: [Element],
        atMost count: Int
    ) -> [Element] {
        guard elements.count > count else { return elements }
        return (0..<count).map { elements[$0 * (elements.count - 1) / (count - 1)] }
    }
}
