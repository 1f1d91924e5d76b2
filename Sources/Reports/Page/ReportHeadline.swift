// The top of the report: what it is about, the state of the runs, and their key figures.

import Pages

/// The headline of a page on runs.
struct ReportHeadline {
    private let runs: [RunHistory]

    init(_ runs: [RunHistory]) {
        self.runs = runs
    }

    /// The title of the browser's tab.
    var pageTitle: String {
        runs.count == 1
            ? "\(runs[0].name) \u{2013} \(RunStatus(runs[0]).text)" : "\(title) \u{2013} compared"
    }

    var html: HTML { runs.count == 1 ? single(runs[0]) : compared }

    /// The runs by name, as far as there is room.
    private var title: String {
        let names = runs.map(\.name)
        switch names.count {
        case 1: return names[0]
        case 2...3:
            return names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
        default: return "\(names[0]), \(names[1]) and \(names.count - 2) more"
        }
    }

    // MARK: One run

    private func single(_ run: RunHistory) -> HTML {
        let figures = Figure.all(run).map { figure -> HTML in
            """
            <div><dt>\(figure.name)</dt>\
            <dd>\(figure.value)<small>\(figure.detail)</small></dd></div>

            """
        }
        let facts = [
            run.facts?.model, run.facts?.data, run.facts?.machine,
            run.lastWritten.flatMap(DateText.init(seconds:))?.text,
        ].compactMap { $0 }.map { fact -> HTML in "<li>\(fact)</li>" }
        return """
            <header><p class="kicker">Training report</p>
            <h1>\(HTML.path(run.name))</h1>
            <ul class="facts"><li>\(status(run))</li>\(facts)</ul></header>
            <dl class="figures">
            \(figures)</dl>

            """
    }

    private func status(_ run: RunHistory) -> HTML {
        let status = RunStatus(run)
        return "<span class=\"status \(status.style)\">\(status.text)</span>"
    }

    // MARK: Several

    private var compared: HTML {
        let figures = runs.map(Figure.all)
        // HellaSwag is a figure of only some runs.
        let columns = figures.max { $0.count < $1.count } ?? []
        let heads = columns.map { figure -> HTML in "<th scope=\"col\">\(figure.name)</th>" }
        let rows = zip(runs.indices, figures).map { index, figures -> HTML in
            let cells = columns.indices.map { column -> HTML in
                let name = columns[column].name
                guard column < figures.count else {
                    return "<td data-name=\"\(name)\">\u{2013}</td>"
                }
                let figure = figures[column]
                return """
                    <td data-name="\(name)">\(figure.value)<small>\(figure.detail)</small></td>
                    """
            }
            return """
                <tr><th scope="row">\(ReportPage.swatch(index))\(runs[index].name)</th>\
                <td data-name="Status">\(status(runs[index]))</td>\(cells)</tr>

                """
        }
        return """
            <header><p class="kicker">Training report, \(runs.count) runs compared</p>
            <h1>\(title)</h1></header>
            <div class="scroll"><table class="figures">
            <thead><tr><th scope="col">Run</th><th scope="col">Status</th>\(heads)</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>

            """
    }
}
