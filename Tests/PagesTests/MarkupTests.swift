import Foundation
import Testing

@testable import Pages

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct MarkupTests {
    @Test func textIsEscapedBeforeItBecomesMarkup() {
        let text = "</script><b a='1' c=\"2\">&\u{0}\u{1B}\u{FFFE}\n"
        let html: HTML = "<p>\(text)</p>"
        #expect(
            html.source
                == "<p>&lt;/script&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;"
                + "\u{FFFD}\u{FFFD}\u{FFFD}\n</p>"
        )
        let nested: HTML = "<div>\(html)\([html])</div>"
        #expect(nested.source == "<div>\(html.source)\(html.source)</div>")
    }

    // MARK: Assets

    @Test func everyStyleAndScriptIsBuiltIn() throws {
        let directory = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/CPages/assets")
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(PageAsset.all.map(\.name).sorted() == names)
        for name in names {
            let text = try String(
                contentsOf: directory.appendingPathComponent(name),
                encoding: .utf8
            )
            #expect(PageAsset.named(name).text == text)
        }
    }

    @Test func noAssetEndsTheElementThatHoldsIt() {
        for asset in PageAsset.all {
            for end in ["</", "<!--", "]]>"] where !asset.name.hasSuffix(".html") {
                #expect(!asset.text.contains(end), "\(asset.name) has \(end)")
            }
            // Nothing uses a network; the namespace of SVG is not an address.
            let text = asset.text
                .replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
            for reference in ["http", "@import", "url(\"", "import(", "fetch("] {
                // A server's page contacts that server.
                if reference == "fetch(" && asset.name == "server-requests.js" { continue }
                #expect(!text.contains(reference), "\(asset.name) has \(reference)")
            }
        }
    }

    // MARK: Frame

    private let hostile = "</script><script>alert(1)</script>]]>&\u{0}\u{85}\u{FFFF}\u{2028}'\""

    private func charts(_ name: String) -> ChartData {
        ChartData(
            axes: [.init(id: "step", name: "step", button: "Steps", format: .whole)],
            series: [.init(name: name, color: 0, end: 3)],
            charts: [
                .init(
                    id: "loss",
                    format: .number,
                    parts: [.init(id: "a", name: name, style: .strong)],
                    lines: [
                        .init(
                            series: 0,
                            steps: [1, 2, 5],
                            values: ["a": [1.23456789, nil, -1e300]],
                            typical: 0...1
                        )
                    ]
                )
            ]
        )
    }

    @Test func aPageIsWellFormedWhateverItIsAbout() {
        let page = PageFrame(title: hostile, refreshSeconds: 5)
            .page("<p>\(hostile)</p>\n", charts: charts(hostile))
        #expect(XMLParser(data: Data(page.utf8)).parse())
        #expect(!page.contains("<script>alert"))
        #expect(page.contains("<html lang=\"en\" data-refresh=\"5\">"))
        #expect(page.contains("http-equiv=\"refresh\" content=\"5\""))
        #expect(!PageFrame(title: "a").page("").contains("\"refresh\""))
    }

    @Test func chartsAreJSONThatNeedsNoEscapingInMarkup() throws {
        let script = charts(hostile).script.source
        let start = try #require(script.range(of: "chart-data\">"))
        let end = try #require(script.range(of: "</script>"))
        let json = script[start.upperBound..<end.lowerBound]
        #expect(!json.contains { "<>&\u{85}\u{2028}\u{FFFF}".contains($0) })
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        let series = value?["series"] as? [[String: Any]]
        #expect(series?.first?["name"] as? String == hostile)
        // Steps are stored as differences, and values have five digits.
        #expect(json.contains("\"steps\":[1,1,3]"))
        #expect(json.contains("[1.2346,null,-1e+300]"))
    }

    @Test func theRangeHoldsTheValuesAtItsEnds() throws {
        let line = ChartData.Line(
            series: 0,
            steps: [1, 2],
            values: ["a": [0.1234549, 7.123456]],
            typical: 0.1234549...7.123456
        )
        #expect(line.values == ["a": [line.low, line.high]])
    }

    @Test func valuesAreRoundedToFiveDigits() {
        func rounded(_ value: Double) -> Double { PageData.rounded(value) }
        #expect(rounded(0) == 0)
        #expect(rounded(123_456) == 123_460)
        #expect(rounded(-0.000123456) == -0.00012346)
        #expect(rounded(99_999.6) == 100_000)
        #expect(rounded(3.1) == 3.1)
        for value in [Double.leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e-45, 3.4e38] {
            #expect(abs(rounded(value) - value) <= value * 1e-4)
            #expect(rounded(value).isFinite)
        }
    }
}
