// What every page has around its content: the document, styles, scripts, and the data of its
// charts. A page is one file that needs nothing else, and asks no network for anything.

/// A page around a body.
package struct PageFrame {
    /// What the browser's tab says.
    let title: String
    /// What a kind of page adds to the common style.
    let styles: [PageAsset]
    /// What a kind of page adds to the common scripts.
    let scripts: [PageAsset]
    /// After how many seconds the page loads itself again; nil for never.
    let refreshSeconds: Int?

    package init(
        title: String,
        styles: [PageAsset] = [],
        scripts: [PageAsset] = [],
        refreshSeconds: Int? = nil
    ) {
        self.title = title
        self.styles = styles
        self.scripts = scripts
        self.refreshSeconds = refreshSeconds
    }

    private static let commonScripts = [
        "numbers", "elements", "scales", "lines", "chart", "pointing", "page",
    ].map { PageAsset.named($0 + ".js") }
    private static let commonStyles = ["page", "charts"].map { PageAsset.named($0 + ".css") }

    /// The page.
    /// - Parameters:
    ///   - body: What it shows.
    ///   - charts: What its charts draw; nil when it has none.
    ///   - data: What its other scripts read, of ``PageData/script(_:id:)``.
    /// - Returns: HTML that is well-formed XML too, always the same for the same content.
    package func page(_ body: HTML, charts: ChartData? = nil, data: HTML = "") -> String {
        let refresh: HTML = refreshSeconds.map { " data-refresh=\"\($0)\"" } ?? ""
        // The script loads the page again and keeps what is chosen; without it the browser does.
        let metaRefresh: HTML =
            refreshSeconds.map {
                """
                <noscript><meta http-equiv="refresh" content="\($0)"/></noscript>

                """
            } ?? ""
        let styles = (Self.commonStyles + styles).map { sheet -> HTML in
            "<style>\(verbatim: sheet)</style>\n"
        }
        let scripts = (Self.commonScripts + scripts).map { script -> HTML in
            "<script>\(verbatim: script)</script>\n"
        }
        let data = (charts.map(\.script) ?? "") + data
        let html: HTML = """
            <!DOCTYPE html>
            <html lang="en"\(refresh)>
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
            style-src 'unsafe-inline'; script-src 'unsafe-inline'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            \(metaRefresh)<title>\(title)</title>
            \(styles)</head>
            <body>
            <main>
            \(body)</main>
            \(data)\(scripts)</body>
            </html>

            """
        return html.source
    }
}
