import TestSupport
import Testing
import Training

@Suite(.serialized) struct MainLogTests {
    private func step(_ step: Int, _ loss: Float, _ rate: Float, _ norm: Float) -> TrainingStep {
        TrainingStep(
            step: step,
            loss: loss,
            learningRate: rate,
            gradientNorm: norm,
            duration: .milliseconds(1),
            tokenCount: 1
        )
    }

    @Test func fileMatchesLlmCByteForByte() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("main.log")
            let log = try MainLog(path)
            // The float next to 11.00995 is below it.
            try log.append(validationLoss: 11.00995, step: 0)
            // Our first step is llm.c's step 0.
            try log.append(step(1, 10.99996, 8.571429e-7, 15.345))
            try log.append(step(2, 4.5, 3e-4, 0.125))
            // Halfway cases are rounded by their binary value: 0.125 exactly to even, 0.375 too.
            try log.append(step(3, 0.00005, 6e-4, 0.375))
            try log.append(step(4, .nan, 0, .infinity))
            try log.append(step(5, -.nan, 0, 1e20))
            try log.append(validationLoss: 3.25, step: 5)
            try log.append(hellaSwagAccuracy: 2967 / 10042, step: 5)
            try log.append(step(123_457, 3, 1, 0))
            #expect(
                try text(path) == """
                    s:0 tel:11.0099
                    s:0 trl:11.0000 lr:0.000001 norm:15.35
                    s:1 trl:4.5000 lr:0.000300 norm:0.12
                    s:2 trl:0.0000 lr:0.000600 norm:0.38
                    s:3 trl:nan lr:0.000000 norm:inf
                    s:4 trl:nan lr:0.000000 norm:100000002004087734272.00
                    s:5 tel:3.2500
                    s:5 eval:0.2955
                    s:123456 trl:3.0000 lr:1.000000 norm:0.00

                    """
            )
        }
    }

    @Test func linesOfARunAreNumberedAsLlmCNumbersThem() throws {
        try withTemporaryDirectory { directory in
            let small = SmallRun(steps: 3)
            var settings = small.settings
            (settings.validationInterval, settings.hellaSwagInterval) = (2, 3)
            let run = RunDirectory(directory.appending("run"))
            try TrainingRun(
                small.trainer(in: directory, settings: settings),
                validation: small.loader(in: directory, seed: 2),
                directory: run,
                hellaSwag: { _ in 0.25 }
            ).run { _ in }
            let lines = try text(run.mainLogPath).split(separator: "\n")
            #expect(
                lines.map { $0.split(separator: ":").prefix(2).joined(separator: ":") } == [
                    "s:0 tel", "s:0 trl", "s:1 trl", "s:2 tel", "s:2 trl", "s:3 tel", "s:3 eval",
                ]
            )
            #expect(lines.last == "s:3 eval:0.2500")
        }
    }

    @Test func logThatIsContinuedKeepsWhatIsThere() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("main.log")
            try MainLog(path).append(validationLoss: 1, step: 1)
            try MainLog(path, keepingContents: true).append(validationLoss: 2, step: 2)
            #expect(try text(path) == "s:1 tel:1.0000\ns:2 tel:2.0000\n")
            _ = try MainLog(path)
            #expect(try text(path) == "")
        }
    }
}
