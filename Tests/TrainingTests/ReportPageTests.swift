import FileIO
import Foundation
import TestSupport
import Testing

@testable import Training

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
            for reference in ["http:", "https:", "//", "src=", "href=", "url(", "@import"] {
                #expect(!page.source.contains(reference))
            }
        }
    }

    @Test func theFiguresAreThoseOfTheRun() throws {
        let source = try ReportPage([history("first", steps: 300)]).source
        // 300 steps of 2048 tokens/s x 0.5 s.
        for text in [
            "<h1>first</h1>", "<dd>307k<small>1,024 a step", "<dd>2m 30s", "<dd>124M",
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

    @Test func valuesCanBeReadWithoutScript() throws {
        let source = try ReportPage([history("run", steps: 100)]).source
        #expect(source.contains("<title>step 100\nlearning rate: 0</title>"))
        #expect(source.contains("training, smoothed: "))
        #expect(source.contains("validation: 3.000</title>"))
    }

    @Test func aShortRunIsMarkedAtWholeSteps() throws {
        let source = try ReportPage([history("run", steps: 2)]).source
        #expect(source.contains("<span style=\"left:50.00%\">1</span>"))
        #expect(!source.contains("\">1.5</span>"))
    }

    @Test func severalRunsAreOverlaidInColoursOfTheirOwn() throws {
        let runs = (0..<ReportPage.mostRuns).map {
            history("run \($0)", steps: 40, seed: Float($0))
        }
        let source = try ReportPage(runs).source
        for index in runs.indices {
            #expect(source.contains("<path class=\"strong c\(index)\" d=\"M"))
            #expect(source.contains("<path class=\"dots c\(index)\" d=\"M"))
            #expect(source.contains("<span class=\"swatch c\(index)\"></span>run \(index)</th>"))
            #expect(ReportStyle.sheet.source.contains(".c\(index){--c:var(--c\(index))}"))
        }
        #expect(source.contains("<tr class=\"differs\"><th scope=\"row\">seed</th>"))
        #expect(source.contains("<tr><th scope=\"row\">batch-size</th>"))
        let limit = ReportPage.mostRuns
        #expect(throws: ReportError.tooManyRuns(found: limit + 1, limit: limit)) {
            try ReportPage(runs + [history("one more", steps: 2)])
        }
    }

    @Test func whatFilesSayIsHarmless() throws {
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
            #expect(page.source.components(separatedBy: "<script>").count == 2)
            #expect(!page.source.contains("<img"))
        }
    }

    @Test func oddNumbersAreDrawnAsFarAsTheyCanBe() throws {
        var run = RunHistory(name: "odd")
        let values: [Float] = [.nan, .infinity, 0, -1, 1e38, .leastNonzeroMagnitude, -.infinity]
        run.steps = values.enumerated().map { index, value in
            var step = RunHistory.Step(step: index == 0 ? 0 : Int.max / 8 * index)
            (step.loss, step.learningRate, step.gradientNorm) = (value, value, value)
            (step.milliseconds, step.tokensPerSecond) = (value, value)
            return step
        }
        run.validation = [
            .init(step: 0, value: .nan), .init(step: 1, value: 1e308),
            .init(step: 2, value: -1e308),
        ]
        run.accuracy = run.validation
        let page = try ReportPage([run])
        #expect(isWellFormed(page))
        #expect(!page.source.contains("d=\"Mnan"))
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
        #expect(source.contains("the highest 777.0 at step 100,001"))
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
