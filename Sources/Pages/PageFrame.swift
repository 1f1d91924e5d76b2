// What every page has around its content: the document, styles and scripts, and the data that
// scripts read. A page is one self-contained file that uses no network.

import CPages

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A page around a body.
package struct PageFrame {
    /// The title of the browser's tab.
    let title: String
    /// What a kind of page adds to the common style.
    let styles: [PageAsset]
    /// What a kind of page adds to the common scripts.
    let scripts: [PageAsset]
    /// The seconds after which the page reloads itself; nil for never.
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
    ///   - body: The content.
    ///   - charts: The data of its charts; nil when it has none.
    ///   - data: The data of its other scripts, from ``PageData/script(_:id:)``.
    /// - Returns: HTML that is also well-formed XML, always the same for the same content.
    package func page(_ body: HTML, charts: ChartData? = nil, data: HTML = "") -> String {
        let refresh: HTML = refreshSeconds.map { " data-refresh=\"\($0)\"" } ?? ""
        // The script reloads the page and keeps the reader's choices; without scripts the browser
        // reloads it.
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

/// Values as JSON in a page.
package enum PageData {
    /// An element that holds a value, for `JSON.parse`.
    /// - Parameters:
    ///   - value: Finite numbers and texts.
    ///   - id: The element's id.
    /// - Returns: Markup without anything that HTML or XML would take for more markup; always the
    ///   same for the same value.
    package static func script(_ value: some Encodable, id: String) -> HTML {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(value) else {
            preconditionFailure("the data of a page are finite numbers and texts")
        }
        let text = escaped(String(decoding: bytes, as: UTF8.self))
        return """
            <script type="application/json" id="\(id)">\(json: text)</script>

            """
    }

    /// JSON with escapes for the characters that markup consists of, and for those that XML may not
    /// contain.
    ///
    /// They only occur inside strings.
    private static func escaped(_ json: String) -> String {
        var result = ""
        result.reserveCapacity(json.utf8.count)
        for scalar in json.unicodeScalars {
            switch scalar {
            case "<", ">", "&", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FFFE}", "\u{FFFF}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Rounded to five digits, more than can be read off a page.
    package static func rounded(_ value: Double) -> Double {
        guard value != 0, value.isFinite else { return value }
        // Whole numbers of five digits times a power of ten, which is exact up to 22; nobody reads
        // the digits of numbers beyond that.
        let (units, exponent) = scaled(value)
        guard abs(exponent) <= 22 else { return value }
        let power = (0..<abs(exponent)).reduce(1.0) { power, _ in power * 10 }
        return exponent < 0 ? units.rounded() / power : units.rounded() * power
    }

    /// A value as a number with five digits before the point, and its power of ten.
    private static func scaled(_ value: Double) -> (units: Double, exponent: Int) {
        var (units, exponent) = (value, 0)
        while abs(units) >= 100_000 { (units, exponent) = (units / 10, exponent + 1) }
        while abs(units) < 10_000 { (units, exponent) = (units * 10, exponent - 1) }
        return (units, exponent)
    }
}

/// A style sheet or a script.
package struct PageAsset: Sendable {
    /// Such as `page.css`.
    package let name: String
    /// The contents of the file.
    package let text: String

    /// All assets.
    package static let all: [PageAsset] = {
        var count = 0
        let assets = cp_assets(&count)
        return UnsafeBufferPointer(start: assets, count: count).map { asset in
            let bytes = UnsafeBufferPointer(start: asset.text, count: asset.size)
            return PageAsset(
                name: String(cString: asset.name),
                text: String(decoding: bytes, as: UTF8.self)
            )
        }
    }()

    /// The built-in asset called `name`.
    package static func named(_ name: String) -> PageAsset {
        guard let asset = all.first(where: { $0.name == name }) else {
            preconditionFailure("no asset is called \(name)")
        }
        return asset
    }
}
