import Testing

@testable import Reports

@Suite struct MetricsTableTests {
    private func text(_ runs: RunHistory...) -> String {
        var bytes: [UInt8] = []
        MetricsTable(runs).write { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let header =
        "step,train_loss,learning_rate,grad_norm,milliseconds,tokens_per_second,val_loss,"
        + "hellaswag_accuracy,sample\n"

    @Test func aStepIsARowAndWhatWasNotMeasuredIsEmpty() {
        var run = RunHistory(name: "run")
        var step = RunHistory.Step(step: 1)
        step.loss = 10.25
        step.learningRate = 3e-5
        step.gradientNorm = .nan
        step.milliseconds = 310.5
        step.tokensPerSecond = 826
        run.steps = [step]
        run.validation = [.init(step: 0, value: 10.5), .init(step: 1, value: .nan)]
        run.accuracy = [.init(step: 3, value: 0.25)]
        #expect(
            text(run) == Self.header + """
                0,,,,,,10.5,,
                1,10.25,3e-05,NaN,310.5,826.0,NaN,,
                3,,,,,,,0.25,

                """
        )
    }

    @Test func aTextIsOneCellWhateverIsInIt() {
        var run = RunHistory(name: "run")
        run.samples = [
            .init(step: 1, text: "\"Yes\", he said.\r\n\"\u{301}\u{0}"), .init(step: 2, text: ""),
        ]
        #expect(
            text(run) == Self.header
                + "1,,,,,,,,\"\"\"Yes\"\", he said.\r\n\"\"\u{301}\u{0}\"\n2,,,,,,,,\"\"\n"
        )
    }

    @Test func severalRunsAreToldApartByAColumn() {
        var (first, second) = (RunHistory(name: "a,\"b\""), RunHistory(name: "c"))
        first.validation = [.init(step: 1, value: 2)]
        second.validation = [.init(step: 1, value: 3)]
        #expect(
            text(first, second) == "run," + Self.header
                + "\"a,\"\"b\"\"\",1,,,,,,2.0,,\n\"c\",1,,,,,,3.0,,\n"
        )
    }

    @Test func aRunWithoutMeasurementsIsAHeader() {
        #expect(text(RunHistory(name: "run")) == Self.header)
    }

    @Test func aLongRunIsWrittenInPieces() {
        var run = RunHistory(name: "run")
        run.steps = (1...20_000).map { RunHistory.Step(step: $0) }
        var pieces: [Int] = []
        MetricsTable([run]).write { pieces.append($0.count) }
        #expect(pieces.count > 2)
        #expect(pieces.allSatisfy { $0 < 1 << 17 })
        #expect(text(run).utf8.count { $0 == UInt8(ascii: "\n") } == 20_001)
    }
}
