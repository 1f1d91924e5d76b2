// A real browser, if there is one: it opens a page under test together with a script that uses it,
// and returns what the script saw.

import FileIO
import Foundation

/// Chromium or Chrome, without a window.
public enum Browser {
    /// The line shown next to a test that was skipped for lack of a browser.
    public static let skipReason: String =
        "neither SWIFTLET_TEST_BROWSER nor PATH names Chromium or Chrome"

    /// The program; nil when there is none.
    public static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["SWIFTLET_TEST_BROWSER"] { return path.isEmpty ? nil : path }
        let names = ["chromium", "chromium-browser", "google-chrome", "chrome"]
        return (environment["PATH"] ?? "").split(separator: ":")
            .flatMap { directory in names.map { "\(directory)/\($0)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Whether tests in a browser can run: `@Test(.enabled(if: Browser.isAvailable, ...))`.
    public static var isAvailable: Bool { path != nil }

    /// What kept a browser from answering.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Helpers for every script.
    private static let helpers = """
        const figure = id => document.getElementById('chart-' + id);
        const plot = id => figure(id).querySelector('.plot');
        const chart = id => view.charts.find(chart => chart.id === id);
        const point = (id, type, x) => {
            const box = plot(id).getBoundingClientRect();
            plot(id).dispatchEvent(new PointerEvent(type, { bubbles: true, clientX: box.left + x,
                clientY: box.top + 50, pointerId: 1, button: 0 }));
        };
        const key = (id, name, more = {}) => plot(id).dispatchEvent(
            new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more }));
        const button = (name, within = document) => [...within.querySelectorAll('button')]
            .find(button => button.textContent === name);
        const tip = id => {
            const tip = plot(id).querySelector('.tip');
            return tip.hidden ? '' : [tip.querySelector('b').textContent,
                ...[...tip.querySelectorAll('tr')].map(row => [...row.children]
                    .map(cell => cell.textContent).filter(text => text).join(' | '))].join('\\n');
        };
        const texts = (id, name) => [...figure(id).querySelectorAll('text.' + name)]
            .map(text => text.textContent);
        """

    /// Opens a page in a window of a size, and runs a script in it once it is drawn.
    /// - Parameters:
    ///   - page: HTML.
    ///   - width: In CSS pixels.
    ///   - height: In CSS pixels.
    ///   - script: JavaScript, which writes what it sees into the object `outcome`.
    /// - Returns: That object, with its values converted to strings by JavaScript.
    /// - Throws: ``Failure`` when there is no answer, or the script threw an error.
    public static func run(
        _ page: String,
        width: Int = 1200,
        height: Int = 1600,
        script: String
    ) throws -> [String: String] {
        guard let path else { throw Failure(description: skipReason) }
        let end = "</body>"
        guard let place = page.range(of: end, options: .backwards) else {
            throw Failure(description: "the page has no \(end)")
        }
        let addition = """
            <script>{
            \(helpers)
            const outcome = {};
            try {
            \(script)
            } catch (error) { outcome.error = String(error.stack ?? error); }
            for (const name in outcome) outcome[name] = String(outcome[name]);
            const bytes = new TextEncoder().encode(JSON.stringify(outcome));
            document.documentElement.dataset.outcome =
                btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
            }</script>
            """
        return try withTemporaryDirectory { directory in
            let file = directory.appending("page.html").string
            let text = page.replacingCharacters(
                in: place.lowerBound..<place.lowerBound,
                with: addition
            )
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = [
                // The sandbox and the shared memory of containers are not under test.
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--user-data-dir=\(directory.appending("profile"))",
                "--window-size=\(width),\(height)", "--dump-dom", "file://\(file)",
            ]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let document = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(),
                as: UTF8.self
            )
            process.waitUntilExit()
            return try outcome(document)
        }
    }

    private static func outcome(_ document: String) throws -> [String: String] {
        guard let start = document.range(of: "data-outcome=\""),
            let data = Data(
                base64Encoded: String(document[start.upperBound...].prefix { $0 != "\"" })
            ),
            let outcome = try? JSONDecoder().decode([String: String].self, from: data)
        else { throw Failure(description: "no outcome in: \(document.suffix(500))") }
        if let error = outcome["error"] { throw Failure(description: error) }
        return outcome
    }
}
