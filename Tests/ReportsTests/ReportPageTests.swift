import FileIO
import Foundation
import TestSupport
import Testing
import Training

@testable import Reports

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ReportPageTests {
    /// A run of a plausible shape.
    private func history(_ name: String, steps: Int, seed: Float = 0) -> RunHistory {
        var run = RunHistory(name: name)
        run.steps = (1...steps).map { number in
            var step = RunHistory.Step(step: number)
            let place = Float(number) / Float(steps)
            step.loss = 3 + 8 / (1 + 50 * place) + Float(number * 7919 % 101) / 500 + seed
            step.learningRate = 6e-4 * (1 - place)
            step.gradientNorm = 0.5 + Float(number * 104_729 % 97) / 200
            step.milliseconds = 500
            step.tokensPerSecond = 2048
            return step
        }
        run.validation = stride(from: 0, through: steps, by: max(1, steps / 20)).map {
            RunHistory.Measurement(step: $0, value: 4 - Double($0) / Double(steps))
        }
        run.accuracy = [.init(step: steps, value: 0.27)]
        run.samples = [.init(step: steps, text: "ROMEO:\nBut soft!")]
        run.facts = facts(seed: seed)
        return run
    }

    private func facts(seed: Float) -> RunFacts? {
        let json = """
            {"model":{"layers":12,"heads":12,"channels":768,"context":1024,"vocabulary_size":50257,
            "parameters":124475904},"flags":{"batch-size":4,"seed":"\(seed)"},"steps":500,
            "data":{"train":[],"validation":[]},"machine":{"isa":"avx2","threads":2}}
            """
        return (try? JSONDecoder().decode(RunDescription.self, from: Data(json.utf8)))
            .map { RunFacts($0) }
    }

    /// Whether an XML parser accepts the page, which is stricter than any browser.
    private func isWellFormed(_ page: ReportPage) -> Bool {
        XMLParser(data: Data(page.source.utf8)).parse()
    }

    @Test func aPageIsWellFormedAndNeedsNothingElse() throws {
        for runs in [
            [history("first", steps: 300)],
            [history("first", steps: 300), history("second", steps: 500, seed: 1)],
            [RunHistory(name: "nothing yet")],
            [RunHistory(name: "nothing yet"), history("second", steps: 1)],
        ] {
            let page = try ReportPage(runs)
            #expect(isWellFormed(page))
            for reference in ["https:", "src=", "href=", "@import"] {
                #expect(!page.source.contains(reference))
            }
        }
    }

    @Test func theFiguresMatchTheRun() throws {
        let source = try ReportPage([history("first", steps: 300)]).source
        // 300 steps of 2048 tokens/s x 0.5 s.
        for text in [
            "<h1>first</h1>", "<dd>307k<small>1,024 per step", "<dd>2m 30s", "<dd>124M",
            "<dd>3.000<small>best 3.000 at 300", "<dd>27%<small>at step 300",
            "mean of 7 steps", "<dt>Steps</dt><dd>300",
        ] {
            #expect(source.contains(text), "\(text)")
        }
    }

    @Test func everyChartIsThereWhenThereIsSomethingToShow() throws {
        let titles = ["Loss", "Learning rate", "Gradient norm", "Speed", "HellaSwag"]
        func shown(_ run: RunHistory) throws -> [String] {
            let source = try ReportPage([run]).source
            return titles.filter { source.contains("<h2>\($0)</h2>") }
        }
        var run = history("run", steps: 50)
        #expect(try shown(run) == titles)
        run.accuracy = []
        #expect(try shown(run) == Array(titles.dropLast()))
        run.steps = []
        #expect(try shown(run) == ["Loss"])
        run.validation = []
        #expect(try shown(run) == [])
    }

    @Test func withoutAScriptChartsAreWords() throws {
        let source = try ReportPage([history("run", steps: 100)]).source
        #expect(source.contains("<noscript><p class=\"note\">The charts are drawn by a script"))
        let words = "<p class=\"words note\">Learning rate by step: learning rate from 5.94e-4"
        #expect(source.contains("\(words) at step 1 to 0 at step 100.</p>"))
        #expect(source.contains("; validation from 4.000 at step 0 to 3.000 at step 100.</p>"))
    }

    @Test func theHeadlineSaysWhatItIsAboutAndHowItStands() throws {
        func source(_ change: (inout RunHistory) -> Void) throws -> String {
            var run = history("quickstart/run", steps: 300)
            run.facts = try plainFacts(steps: 300)
            change(&run)
            return try ReportPage([run]).source
        }
        let finished = try source { $0.lastWritten = 1_795_737_110 }
        for text in [
            "<title>quickstart/run \u{2013} finished</title>",
            "<h1><span class=\"parent\">quickstart / </span>run</h1>",
            "<span class=\"status finished\">finished</span>",
            "<li>12 layers, 12 heads, 768 channels, context 1024</li>",
            "<li>stories.bin, 15.4k tokens in 1 shard</li>", "<li>avx2, 2 threads</li>",
            "<li>26 November 2026, 23:51 UTC</li>",
        ] {
            #expect(finished.contains(text), "\(text)")
        }
        let stopped = try source { $0.facts?.plannedSteps = 1000 }
        #expect(stopped.contains("<title>quickstart/run \u{2013} stopped at 300 of 1,000</title>"))
        let running = try source {
            $0.facts?.plannedSteps = 1000
            $0.isRunning = true
        }
        #expect(running.contains("running, 300 of 1,000</span>"))
        let diverged = try source { run in
            for index in 250..<300 { run.steps[index].loss = .nan }
        }
        #expect(diverged.contains("<span class=\"status diverged\">diverged at step 251</span>"))
        #expect(try source { $0.facts = nil }.contains("\"status unknown\">300 steps</span>"))
    }

    @Test func defaultsAreFoldedAndTheRestIsGrouped() throws {
        var run = history("run", steps: 3)
        run.facts = try plainFacts(seed: 2)
        let source = try ReportPage([run]).source
        let summary = "<details id=\"defaults\"><summary>2 flags have"
        let folded = try #require(source.range(of: summary))
        #expect(source[folded.upperBound...].contains("batch-size</th><td>4</td>"))
        // Which JSON writes without a point, and train does not.
        #expect(source[folded.upperBound...].contains("grad-clip</th><td>1</td>"))
        for text in ["<h3>Run</h3>", "seed</th><td>2</td>", "<h3>Other flags</h3>"] {
            #expect(source[..<folded.lowerBound].contains(text), "\(text)")
        }
        var other = run
        other.facts = try plainFacts()
        let compared = try ReportPage([run, other]).source
        #expect(compared.contains("<input type=\"checkbox\" id=\"differences\"/>"))
        #expect(
            compared.contains("<tr class=\"differs\"><th scope=\"row\">seed</th><td>2</td><td>1<")
        )
        #expect(compared.contains("<div class=\"group same\"><h3>Batches and steps</h3>"))
    }

    @Test func aPreviewOfASampleEndsInAnEllipsis() throws {
        var run = history("run", steps: 3)
        run.samples = [.init(step: 1, text: "short\n\ntext"), .init(step: 2, text: "")]
        let long = String(repeating: "word ", count: 200)
        run.samples.append(.init(step: 3, text: long))
        let source = try ReportPage([run]).source
        #expect(source.contains("<span>short text</span></summary>"))
        #expect(
            source.contains("word\u{2026}</span></summary>")
                || source.contains("word \u{2026}</span></summary>")
        )
        #expect(source.contains(">\(long)</pre>"))
    }

    @Test func severalRunsAreOverlaidInTheirOwnColors() throws {
        let runs = (0..<ReportPage.mostRuns).map {
            history("run \($0)", steps: 40, seed: Float($0))
        }
        let source = try ReportPage(runs).source
        for index in runs.indices {
            #expect(source.contains("<span class=\"swatch c\(index)\"></span>run \(index)</th>"))
            #expect(source.contains(".c\(index) { --c: var(--c\(index)) }"))
        }
        let series = try #require(chartData(source)?["series"] as? [[String: Any]])
        #expect(series.map { $0["name"] as? String } == runs.map(\.name))
        #expect(series.map { $0["color"] as? Int } == Array(runs.indices))
        #expect(source.contains("<tr class=\"differs\"><th scope=\"row\">seed</th>"))
        #expect(source.contains("<tr><th scope=\"row\">batch-size</th>"))
        let limit = ReportPage.mostRuns
        #expect(throws: ReportError.tooManyRuns(found: limit + 1, limit: limit)) {
            try ReportPage(runs + [history("one more", steps: 2)])
        }
    }

    @Test func contentsOfFilesAreHarmless() throws {
        let hostile = "</script></pre><script>alert(1)</script><img src=x onerror=\"y\">&\u{0}'"
        var run = history(hostile, steps: 3)
        run.samples = [.init(step: 1, text: hostile)]
        run.facts?.model = hostile
        run.facts?.sections = [
            .init(title: "Flags", entries: [.init(name: hostile, value: hostile)])
        ]
        for runs in [[run], [run, run]] {
            let page = try ReportPage(runs)
            #expect(isWellFormed(page))
            // Those of the page, which one without runs of such names has too.
            let scripts = try ReportPage([history("plain", steps: 3)]).source
            let count = scripts.components(separatedBy: "<script>").count
            #expect(page.source.components(separatedBy: "<script>").count == count)
            #expect(!page.source.contains("<img"))
        }
    }

    @Test func oddNumbersAreDrawnAsFarAsTheyCanBe() throws {
        let values: [Float] = [.nan, .infinity, 0, -1, 1e38, .leastNonzeroMagnitude, -.infinity]
        let run = oddRun(values, stepsApartBy: .max / 8)
        let page = try ReportPage([run])
        #expect(isWellFormed(page))
        var allMissing = RunHistory(name: "missing")
        allMissing.steps = (1...20).map { RunHistory.Step(step: $0) }
        #expect(isWellFormed(try ReportPage([allMissing])))
    }

    @Test func thePageOfALongRunIsNotMuchLarger() throws {
        var run = history("long", steps: 200_000)
        run.validation = (0...20_000).map { .init(step: 10 * $0, value: 3 + 1 / Double(1 + $0)) }
        run.samples = (1...2000).map { .init(step: 100 * $0, text: "sample \($0)") }
        run.steps[100_000].loss = 777
        let source = try ReportPage([run]).source
        #expect(source.utf8.count < 400_000)
        #expect(source.contains("without an outlier, 777.0 at step 100,001"))
        #expect(source.contains("24 of 2,000, evenly spaced"))
        #expect(source.contains("sample 2000"))
    }

    @Test func theSameRunsGiveTheSameBytes() throws {
        let runs = [history("a", steps: 400), history("b", steps: 300, seed: 0.5)]
        #expect(try ReportPage(runs).source == ReportPage(runs).source)
    }

    @Test func anExistingPageIsKeptUnlessOverwritingIsAllowed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("report.html")
            let page = try ReportPage([history("a", steps: 3)])
            try page.write(to: path, overwrite: false)
            #expect(throws: FileIOError.alreadyExists(path: path)) {
                try page.write(to: path, overwrite: false)
            }
            try page.write(to: path, overwrite: true)
            #expect(FileSystem.byteCount(of: path) == page.source.utf8.count)
        }
    }
}
