// What the runs were started with, as a card of the report: in groups, with defaults folded away,
// and with differences marked if there are several runs.

import Pages

/// The configuration of runs.
enum ReportConfiguration {
    /// A name and its value in each run.
    private struct Row {
        let name: String
        let values: [String]
        /// Whether every run that has it has the default.
        let isDefault: Bool

        var differs: Bool { Set(values).count > 1 }
    }

    /// The card; empty when no run noted anything.
    static func card(_ runs: [RunHistory]) -> HTML {
        let groups = titles(runs).map { title in (title, rows(runs, title)) }
        guard !groups.isEmpty else { return "" }
        let isComparison = runs.count > 1
        let shown = groups.compactMap { title, rows -> HTML? in
            let rows = rows.filter { !$0.isDefault }
            return rows.isEmpty ? nil : group(title, rows, runs)
        }
        let folded = groups.flatMap(\.1).filter(\.isDefault)
        let choice: HTML =
            isComparison
            ? """
            <label class="choice"><input type="checkbox" id="differences"/>Only differences</label>
            """ : ""
        return """
            <section class="card configuration"><h2>Configuration</h2>\(choice)
            <div class="\(isComparison ? "compared" : "groups")">
            \(shown)</div>
            \(defaults(folded))</section>

            """
    }

    /// The sections of all runs, in the order they first appear.
    private static func titles(_ runs: [RunHistory]) -> [String] {
        runs.flatMap { $0.facts?.sections ?? [] }.map(\.title).uniqued
    }

    private static func rows(_ runs: [RunHistory], _ title: String) -> [Row] {
        let columns = runs.map { run in
            run.facts?.sections.first { $0.title == title }?.entries ?? []
        }
        return columns.flatMap { $0.map(\.name) }.uniqued.map { name in
            let entries = columns.map { column in column.last { $0.name == name } }
            return Row(
                name: name,
                values: entries.map { $0?.value ?? "\u{2013}" },
                isDefault: entries.allSatisfy { $0?.isDefault ?? true }
            )
        }
    }

    private static func group(_ title: String, _ rows: [Row], _ runs: [RunHistory]) -> HTML {
        let lines = rows.map { row -> HTML in
            let cells = row.values.map { value -> HTML in "<td>\(breakable(value))</td>" }
            let opening: HTML = row.differs ? "<tr class=\"differs\">" : "<tr>"
            return "\(opening)<th scope=\"row\">\(row.name)</th>\(cells)</tr>\n"
        }
        let heads = runs.enumerated().map { index, run -> HTML in
            "<th scope=\"col\">\(ReportPage.swatch(index))\(run.name)</th>"
        }
        let head: HTML =
            runs.count > 1 ? "<thead><tr><th></th>\(heads)</tr></thead>\n" : ""
        let isSame = runs.count > 1 && !rows.contains(where: \.differs)
        return """
            <div class="\(isSame ? "group same" : "group")"><h3>\(title)</h3>
            <div class="scroll"><table>\(head)<tbody>
            \(lines)</tbody></table></div></div>

            """
    }

    /// A value that may break across lines where a path or a list can.
    private static func breakable(_ value: String) -> HTML {
        var pieces: [HTML] = []
        var rest = value[...]
        while let end = rest.firstIndex(where: { "/,".contains($0) }) {
            pieces.append("\(String(rest[...end]))<wbr/>")
            rest = rest[rest.index(after: end)...]
        }
        return HTML(pieces + ["\(String(rest))"])
    }

    private static func defaults(_ rows: [Row]) -> HTML {
        guard !rows.isEmpty else { return "" }
        let lines = rows.map { row -> HTML in
            // It is the same in every run that has it.
            let value = row.values.first { $0 != "\u{2013}" } ?? ""
            return "<tr><th scope=\"row\">\(row.name)</th><td>\(breakable(value))</td></tr>\n"
        }
        let count =
            rows.count == 1
            ? "1 flag has its default" : "\(rows.count) flags have their defaults"
        return """
            <details id="defaults"><summary>\(count)</summary>
            <table><tbody>
            \(lines)</tbody></table></details>

            """
    }
}

extension Array where Element: Hashable {
    /// Without repetitions, in the order of the first ones.
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
