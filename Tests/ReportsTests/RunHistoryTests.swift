import FileIO
import TestSupport
import Testing
import Training

@testable import Reports

@Suite struct RunHistoryTests {
    /// Reads a run of these files.
    private func read(_ metrics: String, description: String? = nil) throws -> RunHistory {
        try read(Array(metrics.utf8), description: description)
    }

    private func read(_ metrics: [UInt8], description: String? = nil) throws -> RunHistory {
        try withTemporaryDirectory { directory in
            try write(metrics, to: directory.appending("metrics.jsonl"))
            if let description {
                try write(Array(description.utf8), to: directory.appending("run.json"))
            }
            return try RunHistory(RunDirectory(directory), name: "run")
        }
    }

    private func write(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
    }

    /// The number of the line that an error complains about.
    private func malformedLine(_ metrics: [UInt8]) -> Int? {
        do {
            _ = try read(metrics)
            return nil
        } catch ReportError.malformedLine(_, let line, _) {
            return line
        } catch {
            Issue.record(error)
            return nil
        }
    }

    @Test func everyKindOfLineIsRead() throws {
        let run = try read(
            """
            {"step":0,"val_loss":10.5}
            {"step":1,"train_loss":10.25,"learning_rate":0.5,"grad_norm":2,"milliseconds":310.5,\
            "tokens_per_second":826,"unknown":[{"a":null}]}
            {"step":1,"hellaswag_accuracy":0.25}
            {"step":1,"sample":"Grüße\\n<b>"}
            {"step":1,"note":"nothing that is known"}

            """
        )
        #expect(run.validation == [.init(step: 0, value: 10.5)])
        #expect(run.accuracy == [.init(step: 1, value: 0.25)])
        #expect(run.samples == [.init(step: 1, text: "Grüße\n<b>")])
        var step = RunHistory.Step(step: 1)
        step.loss = 10.25
        step.learningRate = 0.5
        step.gradientNorm = 2
        step.milliseconds = 310.5
        step.tokensPerSecond = 826
        #expect(run.steps == [step])
        #expect(run.facts == nil)
    }

    @Test func nullIsANumberThatWasNotFinite() throws {
        let run = try read(
            "{\"step\":1,\"train_loss\":null,\"grad_norm\":1}\n{\"step\":2,\"val_loss\":null}\n"
        )
        #expect(run.steps.count == 1)
        #expect(run.steps[0].loss.isNaN)
        #expect(run.steps[0].learningRate.isNaN)
        #expect(run.steps[0].gradientNorm == 1)
        #expect(run.validation.count == 1)
        #expect(run.validation[0].value.isNaN)
    }

    @Test func aLaterLineOfTheSameStepWins() throws {
        let steps = [1, 2, 3, 4, 2, 3, 3, 5]
        let lines = steps.enumerated().map { "{\"step\":\($1),\"val_loss\":\($0)}\n" }
        let run = try read(lines.joined())
        #expect(run.validation.map(\.step) == [1, 2, 3, 4, 5])
        #expect(run.validation.map(\.value) == [0, 4, 6, 3, 7])
    }

    @Test func aTornLastLineIsLeftOut() throws {
        let whole = "{\"step\":1,\"val_loss\":2}\n"
        for torn in ["{", "{\"step\":2,\"val_lo", "{\"step\":2,\"val_loss\":1", "\u{0}\u{0}"] {
            #expect(try read(whole + torn).validation.map(\.step) == [1])
        }
        #expect(try read(whole + "{\"step\":2,\"val_loss\":1}").validation.map(\.step) == [1, 2])
        #expect(try read("").steps.isEmpty)
    }

    @Test func anyOtherMalformedLineIsNamedByItsNumber() {
        let good = "{\"step\":1,\"val_loss\":2}\n"
        for bad in [
            "", "{", "x", "[]", "1", "{}", "{\"val_loss\":1}", "{\"step\":null}", "{\"step\":-1}",
            "{\"step\":1.5}", "{\"step\":\"1\"}", "{\"step\":1,\"val_loss\":NaN}",
            "{\"step\":1,\"val_loss\":\"2\"}", "{\"step\":1,\"sample\":7}",
            "{\"step\":99999999999999999999}", "{\"step\":1}{\"step\":2}",
            String(repeating: "[", count: 100_000),
        ] {
            #expect(malformedLine(Array((good + good + bad + "\n" + good).utf8)) == 3, "\(bad)")
        }
        #expect(malformedLine(Array(good.utf8) + [0, 0xFF, 0xFE, 10, 0x80, 10]) == 2)
    }

    @Test func anEndlessLineIsRefusedBeforeItFillsTheMemory() {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: RunHistory.longestLine + (1 << 21))
        #expect(malformedLine(bytes) == 1)
    }

    @Test func linesAcrossChunksAreWhole() throws {
        // Longer than the chunks the file is read in.
        let text = String(repeating: "0123456789", count: 150_000)
        let run = try read(
            "{\"step\":1,\"sample\":\"\(text)\"}\n{\"step\":2,\"sample\":\"b\"}\n"
        )
        #expect(run.samples.map(\.step) == [1, 2])
        #expect(run.samples[0].isCut)
        #expect(run.samples[0].text == String(text.prefix(RunHistory.Sample.longestText)))
        #expect(!run.samples[1].isCut)
    }

    @Test func aDirectoryWithoutALogIsRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("metrics.jsonl")
            #expect(throws: FileIOError.missing(path: path)) {
                try RunHistory(RunDirectory(directory), name: "run")
            }
        }
    }

    // MARK: run.json

    @Test func theDescriptionIsPutIntoWords() throws {
        let run = try read(
            "",
            description: """
                {"model":{"init":"d12","layers":12,"heads":12,"channels":768,"context":1024,
                "vocabulary_size":50257,"parameters":124439808},"steps":500,"newer":{"x":1},
                "flags":{"learning-rate":6e-4,"shuffle":true,"hellaswag":null,"seed":7},
                "data":{"train":[{"path":"a.bin","tokens":100},{"path":"b.bin","tokens":50}],
                "validation":[{"path":"v.bin","tokens":20000}]},
                "machine":{"isa":"avx2","processor":"Some CPU","threads":2}}
                """
        )
        let facts = try #require(run.facts)
        #expect(facts.parameterCount == 124_439_808)
        #expect(facts.plannedSteps == 500)
        #expect(facts.model == "12 layers, 12 heads, 768 channels, context 1024")
        #expect(facts.data == "a.bin, 150 tokens in 2 shards")
        #expect(facts.machine == "Some CPU, avx2, 2 threads")
        #expect(
            facts.sections.map(\.title) == [
                "Data", "Optimizer", "Between steps", "Run", "Model", "Machine",
            ]
        )
        func entries(_ title: String) -> [String] {
            facts.sections.first { $0.title == title }?.entries.map { "\($0.name)=\($0.value)" }
                ?? []
        }
        #expect(entries("Optimizer") == ["learning-rate=0.0006"])
        #expect(
            entries("Data") == [
                "shuffle=yes", "trained on=150 tokens in 2 shards",
                "validated on=20k tokens in 1 shard",
            ]
        )
    }

    @Test func anEpochIsCountedInWholeBatchesOfEveryShard() throws {
        func steps(_ tokens: [Int], total: Int, flags: String = "") throws -> Double? {
            let shards = tokens.map { "{\"path\":\"a.bin\",\"tokens\":\($0)}" }
                .joined(separator: ",")
            let run = try read(
                "",
                description: """
                    {"model":{"layers":12,"heads":12,"channels":768,"context":1024,
                    "vocabulary_size":50257,"parameters":124439808},"steps":500,
                    "flags":{"batch-size":2,"sequence-length":8,
                    "total-batch-tokens":\(total)\(flags)},
                    "data":{"train":[\(shards)],"validation":[]},
                    "machine":{"isa":"avx2","threads":2}}
                    """
            )
            return run.facts?.stepsPerEpoch
        }
        #expect(try steps([161], total: 16) == 10)
        #expect(try steps([160], total: 16) == 9)
        #expect(try steps([161, 175], total: 32) == 10)
        #expect(try steps([10], total: 16) == nil)
        #expect(try steps([161], total: 16, flags: ",\"overfit-single-batch\":true") == nil)
        #expect(try steps([Int.min, Int.max], total: Int.max) == 1)
        #expect(try steps([161], total: -1) == nil)
    }

    @Test func aDescriptionOfAnotherShapeIsRefused() {
        for text in ["", "[]", "{", "{}", "{\"steps\":1}", String(repeating: "[", count: 100_000)] {
            #expect(throws: TrainingError.self) { try read("", description: text) }
        }
    }

    // MARK: Names

    @Test func namesOfRunsAreAsShortAsIsUnambiguous() {
        func names(_ paths: String...) -> [String] {
            RunHistory.names(of: paths.map { RunDirectory(FilePath($0)) })
        }
        #expect(names("runs/first/", "/a/second") == ["first", "second"])
        #expect(names("a/run", "b/run", "c") == ["a/run", "b/run", "c"])
        #expect(names("a/run", "b/c") == ["a/run", "c"])
        #expect(names("a/x", "b/x", "c") == ["a/x", "b/x", "c"])
        #expect(names("a/run", "a/run") == ["a/run", "a/run (2)"])
        #expect(names("a/x/run", "a/y/run", "b/y/run") == ["x/run", "a/y/run", "b/y/run"])
        #expect(names("/a/b/..") == ["a"])
        #expect(names("checkpoints/quickstart/run/") == ["quickstart/run"])
        #expect(names("/") == ["/"])
    }
}
