// The report of one run, or of several for comparison: one HTML page that needs nothing else. The
// order of the page is decided here; charts, figures and style have files of their own.

import FileIO

/// A page on what training runs did.
///
/// The same runs always give the same bytes, and a page stays below about half a megabyte a run
/// however long the run is.
public struct ReportPage: Sendable {
    /// The most runs that can be told apart by their colours.
    public static let mostRuns = 8

    /// The page.
    public let source: String

    /// Draws the page of `runs`, the first of which gets the first colour.
    /// - Throws: ``ReportError/tooManyRuns(found:limit:)``.
    public init(_ runs: [RunHistory]) throws {
        precondition(!runs.isEmpty, "a report is about one run or more")
        guard runs.count <= Self.mostRuns else {
            throw ReportError.tooManyRuns(found: runs.count, limit: Self.mostRuns)
        }
        source = Self.page(runs).source
    }

    /// Where the page of `runs` goes unless told otherwise: into the run's directory, or into the
    /// current one when there are several.
    public static func defaultPath(for runs: [RunDirectory]) -> FilePath {
        let name: FilePath = "report.html"
        return runs.count == 1 ? runs[0].path.pushing(name) : name
    }

    /// Writes the page.
    /// - Throws: ``FileIOError`` when the file cannot be written, or exists and is not to be
    ///   overwritten.
    public func write(to path: FilePath, overwrite: Bool) throws {
        let file = try AtomicFile(path, overwrite: overwrite)
        try file.write(Array(source.utf8))
        try file.commit()
    }

    private static func page(_ runs: [RunHistory]) -> HTML {
        let names = runs.map(\.name).joined(separator: ", ")
        let charts = RunCharts(runs).all
        // Those below the wide one share rows of equal length.
        let kind = (charts.count == 5 ? "two" : "three") + (runs.count > 1 ? " compared" : "")
        let body = [
            header(runs),
            charts.isEmpty
                ? "<p class=\"empty\">Nothing has been measured yet.</p>"
                : "<section class=\"charts \(kind)\">\(charts.map(\.html))</section>\n",
            samples(runs),
            configuration(runs),
        ]
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
            style-src 'unsafe-inline'; script-src 'unsafe-inline'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(names) \u{2013} training report</title>
            <style>
            \(ReportStyle.sheet)</style>
            </head>
            <body>
            <main>
            \(body)</main>
            <script>
            \(ReportStyle.script)</script>
            </body>
            </html>

            """
    }

    // MARK: Headline

    private static func header(_ runs: [RunHistory]) -> HTML {
        guard runs.count > 1 else { return header(runs[0]) }
        let figures = runs.map(Figure.all)
        // HellaSwag is a figure of some runs only.
        let columns = figures.max { $0.count < $1.count } ?? []
        let heads = columns.map { figure -> HTML in "<th scope=\"col\">\(figure.name)</th>" }
        let rows = zip(runs.indices, figures).map { index, figures -> HTML in
            let cells = columns.indices.map { column -> HTML in
                guard column < figures.count else { return "<td>\u{2013}</td>" }
                let figure = figures[column]
                return "<td>\(figure.value)<small>\(figure.detail)</small></td>"
            }
            return """
                <tr><th scope="row">\(swatch(index))\(runs[index].name)</th>\(cells)</tr>

                """
        }
        return """
            <header><p class="kicker">Training report</p>
            <h1>\(runs.count) runs compared</h1></header>
            <div class="scroll"><table class="figures">
            <thead><tr><th scope="col">Run</th>\(heads)</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>

            """
    }

    private static func header(_ run: RunHistory) -> HTML {
        let figures = Figure.all(run).map { figure -> HTML in
            """
            <div><dt>\(figure.name)</dt>\
            <dd>\(figure.value)<small>\(figure.detail)</small></dd></div>

            """
        }
        let model: HTML = run.facts.map { "<p class=\"model\">\($0.model)</p>" } ?? ""
        return """
            <header><p class="kicker">Training report</p>
            <h1>\(run.name)</h1>\(model)</header>
            <dl class="figures">
            \(figures)</dl>

            """
    }

    private static func swatch(_ index: Int) -> HTML {
        "<span class=\"swatch c\(index)\"></span>"
    }

    // MARK: Samples

    /// Samples shown on a page, shared by its runs.
    private static let mostSamples = 24

    private static func samples(_ runs: [RunHistory]) -> HTML {
        let most = max(4, mostSamples / runs.count)
        let parts = runs.enumerated().filter { !$0.element.samples.isEmpty }
            .map { index, run -> HTML in
                let chosen = evenlySpaced(run.samples, atMost: most)
                let name: HTML =
                    runs.count > 1 ? "<h3>\(swatch(index))\(run.name)</h3>\n" : ""
                let count: HTML =
                    chosen.count < run.samples.count
                    ? """
                    <p class="note">\(chosen.count) of \(NumberText.grouped(run.samples.count)), \
                    evenly spaced.</p>

                    """ : ""
                return """
                    <div>\(name)\(count)\(chosen.reversed().enumerated().map { position, sample in
                        details(sample, isOpen: position == 0)
                    })</div>

                    """
            }
        guard !parts.isEmpty else { return "" }
        return """
            <section class="card samples"><h2>Samples</h2><span class="unit">newest first</span>
            \(parts)</section>

            """
    }

    private static func details(_ sample: RunHistory.Sample, isOpen: Bool) -> HTML {
        let cut: HTML =
            sample.isCut
            ? """
            <p class="note">Cut after \(NumberText.grouped(RunHistory.Sample.longestText)) \
            characters.</p>
            """ : ""
        let opening: HTML = isOpen ? "<details open=\"open\">" : "<details>"
        let firstLine = sample.text.split(whereSeparator: \.isNewline).first.map { $0.prefix(80) }
        return """
            \(opening)<summary><b>step \(NumberText.grouped(sample.step))</b> \
            <span>\(String(firstLine ?? ""))</span></summary>
            <pre dir="auto">\(sample.text)</pre>\(cut)</details>

            """
    }

    /// At most `count` elements at equal distances, the last one among them.
    private static func evenlySpaced<Element>(
        _ elements: [Element],
        atMost count: Int
    ) -> [Element] {
        guard elements.count > count else { return elements }
        return (0..<count).map { elements[$0 * (elements.count - 1) / (count - 1)] }
    }

    // MARK: Configuration

    private static func configuration(_ runs: [RunHistory]) -> HTML {
        let titles = ["Flags", "Model", "Data", "Machine"]
        let tables = titles.compactMap { title -> HTML? in
            let columns = runs.map { run -> [String: String] in
                let sections = run.facts?.sections ?? []
                let entries = sections.first { $0.title == title }?.entries ?? []
                return Dictionary(entries.map { ($0.name, $0.value) }) { _, last in last }
            }
            let names = Set(columns.flatMap(\.keys)).sorted()
            guard !names.isEmpty else { return nil }
            let rows = names.map { name -> HTML in
                let values = columns.map { $0[name] ?? "\u{2013}" }
                let cells = values.map { value -> HTML in "<td>\(value)</td>" }
                let row: HTML = Set(values).count > 1 ? "<tr class=\"differs\">" : "<tr>"
                return "\(row)<th scope=\"row\">\(name)</th>\(cells)</tr>\n"
            }
            let heads = runs.enumerated().map { index, run -> HTML in
                "<th scope=\"col\">\(swatch(index))\(run.name)</th>"
            }
            let head: HTML =
                runs.count > 1 ? "<thead><tr><th></th>\(heads)</tr></thead>\n" : ""
            return """
                <h3>\(title)</h3>
                <div class="scroll"><table>\(head)<tbody>
                \(rows)</tbody></table></div>

                """
        }
        guard !tables.isEmpty else { return "" }
        let hint: HTML =
            runs.count > 1 ? "<span class=\"unit\">differences are highlighted</span>" : ""
        return """
            <section class="card configuration"><h2>Configuration</h2>\(hint)
            \(tables)</section>

            """
    }
}
