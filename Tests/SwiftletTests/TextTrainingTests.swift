import Foundation
import Swiftlet
import TestSupport
import Testing

/// Runs a training whose task is canceled before it begins.
private func runCanceled(_ training: TextTraining) async throws {
    try await Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await training.run()
    }.value
}

/// Expects that a run is refused for a setting, with these words.
private func expectRefusal(of training: TextTraining, _ words: String) async throws {
    let error = await #expect(throws: TrainingError.self) { try await training.run() }
    #expect(try #require(error).description.contains(words))
}

/// Writes a file of forty conversations.
private func writeConversations(in directory: FilePath) throws -> FilePath {
    let file = directory.appending("chat.jsonl")
    let line = """
        {"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]}

        """
    try Data(String(repeating: line, count: 40).utf8).write(to: URL(filePath: file.string))
    return file
}

@Suite struct TextTrainingTests {
    @Test func aRunLearnsAndLeavesAModelThatOpens() async throws {
        try await withTemporaryDirectory { directory in
            let training = try await tinyRun(in: directory, steps: 20)
            let losses = try await losses(of: training)
            #expect(losses.count == 20)
            #expect(losses[19] < losses[0] - 1)
            let model = try await TextModel(training.directory)
            #expect(model.sizes.vocabularySize == 270)
            #expect(model.tokenizer.vocabularySize == 270)
        }
    }

    @Test func theSameDescriptionResumesAStoppedRun() async throws {
        try await withTemporaryDirectory { directory in
            let whole = try await tinyRun(in: directory, steps: 6)
            var stopped = whole
            stopped.directory = directory.appending("stopped")
            let expected = try await losses(of: whole)
            var seen: [Float] = []
            let first = stopped
            let task = Task {
                try await first.run { event in
                    if case .step(let step) = event, step.step == 2 {
                        withUnsafeCurrentTask { $0?.cancel() }
                    }
                }
            }
            try await task.value
            var resumedSteps: [Int] = []
            for try await event in stopped.events() {
                if case .resumed(let step, _) = event { resumedSteps.append(step) }
                if case .step(let step) = event { seen.append(step.loss) }
            }
            #expect(resumedSteps == [2])
            #expect(seen == Array(expected.suffix(4)))
        }
    }

    @Test func aRunWithoutATokenizerIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            training.tokenizer = nil
            try await expectRefusal(of: training, "the tokenizer of a run that learns from text")
        }
    }

    /// Gives the run of an adapter, not yet begun, on the model that a tiny run left.
    private func withAdapterRun(
        _ body: (_ training: TextTraining, _ base: FilePath, _ directory: FilePath) async throws
            -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            try await training.run()
            let base = training.directory
            training.adapter = TextTraining.Adapter(rank: 2)
            training.start = .model(base)
            training.tokenizer = nil
            training.directory = directory.appending("adapter")
            try await body(training, base, directory)
        }
    }

    @Test func anAdapterIsTrainedOnAModel() async throws {
        try await withAdapterRun { training, _, _ in
            #expect(try await losses(of: training).count == 4)
            let model = try await TextModel(training.directory)
            #expect(model.sizes.layerCount == 2)
        }
    }

    @Test func anAdapterIsNotTrainedOnRandomWeights() async throws {
        try await withAdapterRun { training, base, _ in
            var training = training
            training.start = .size("layers=2,heads=2,channels=32,context=32")
            training.tokenizer = base
            try await expectRefusal(of: training, "got a size")
        }
    }

    @Test func anAdapterRunIsNotTheStartOfAnotherAdapter() async throws {
        try await withAdapterRun { training, _, directory in
            var training = training
            try await training.run()
            training.start = .model(training.directory)
            training.directory = directory.appending("second")
            try await expectRefusal(of: training, "a model without an adapter")
        }
    }

    @Test func anAdapterDoesNotReplaceItsOwnModel() async throws {
        try await withAdapterRun { training, base, _ in
            var training = training
            training.directory = base
            training.overwrite = true
            try await expectRefusal(of: training, "outside the run's directory")
            _ = try await TextModel(base)
        }
    }

    @Test func shardsBringTheTokenizerThatMadeThemAndRefuseAnother() async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            let tokenizer = try TextTokenizer(directory.appending("tokenizer"))
            let shards = directory.appending("shards")
            let text = directory.appending("lines.txt")
            try await tokenizer.prepare([text], in: shards, name: "lines")
            training.data = .shards(shards.appending("lines_train.bin"), validation: nil)
            let other = try await TextTokenizer.train(on: [text], vocabularySize: 265)
            try other.save(in: directory.appending("other"))
            training.tokenizer = directory.appending("other")
            try await expectRefusal(of: training, "the one that the data was made with")
            training.tokenizer = nil
            try await training.run()
            #expect(try ModelSizes(ofModelAt: training.directory).vocabularySize == 270)
        }
    }

    @Test func aRunThatReplacesAnotherDoesNotKeepItsTokenizer() async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            try await training.run()
            let shards = directory.appending("shards")
            try await TextTokenizer(training.directory)
                .prepare([directory.appending("lines.txt")], in: shards, name: "lines")
            try FileManager.default.removeItem(
                atPath: shards.appending("lines_manifest.json").string
            )
            training.start = .size("layers=2,heads=2,channels=32,context=32,vocabulary=270")
            training.data = .shards(shards.appending("lines_train.bin"), validation: nil)
            training.tokenizer = nil
            training.overwrite = true
            try await training.run()
            await #expect(throws: OpeningError.self) { try await TextModel(training.directory) }
        }
    }

    @Test(arguments: [\TrainingSettings.sampleInterval, \.hellaSwagInterval])
    func intervalsOnlyTheCommandUsesAreRefused(
        interval: WritableKeyPath<TrainingSettings, Int> & Sendable
    ) async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            training.settings[keyPath: interval] = 2
            try await expectRefusal(of: training, "interval must be 0")
        }
    }

    @Test func aRunCanceledWhileItsDataIsPreparedThrows() async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            await #expect(throws: CancellationError.self) { try await runCanceled(training) }
            training.data = .conversations(try writeConversations(in: directory), validation: nil)
            await #expect(throws: CancellationError.self) { try await runCanceled(training) }
        }
    }

    @Test func aRunCanceledBeforeItsFirstStepLeavesNothing() async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            let shards = directory.appending("shards")
            try await TextTokenizer(directory.appending("tokenizer"))
                .prepare([directory.appending("lines.txt")], in: shards, name: "lines")
            training.data = .shards(shards.appending("lines_train.bin"), validation: nil)
            try await runCanceled(training)
            #expect(!FileManager.default.fileExists(atPath: training.directory.string))
        }
    }

    @Test func shardsOfMoreTokensThanTheModelHasAreRefused() async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            let (made, shards) = (directory.appending("tokenizer"), directory.appending("shards"))
            try await TextTokenizer(made)
                .prepare([directory.appending("lines.txt")], in: shards, name: "lines")
            try FileManager.default.removeItem(atPath: made.string)
            training.start = .size("layers=2,heads=2,channels=32,context=32,vocabulary=260")
            training.data = .shards(shards.appending("lines_train.bin"), validation: nil)
            training.tokenizer = nil
            try await expectRefusal(of: training, "at least the 270 tokens")
        }
    }

    @Test func conversationsAreLearnedInTheirTemplate() async throws {
        try await withTemporaryDirectory { directory in
            var training = try await tinyRun(in: directory)
            training.data = .conversations(try writeConversations(in: directory), validation: nil)
            training.settings = TrainingSettings(steps: 2, sequenceLength: 32)
            #expect(try await losses(of: training).count == 2)
            let model = try await TextModel(training.directory)
            #expect(model.chatForm == .plain)
        }
    }

    @Test func aDescriptionRoundTrips() async throws {
        let training = TextTraining(
            of: .model("model"),
            on: .shards("*_train.bin", validation: "*_val.bin"),
            settings: TrainingSettings(steps: 7, learningRate: 1e-4),
            adapter: TextTraining.Adapter(rank: 4, changesMLPs: true),
            in: "run"
        )
        let stored = try JSONEncoder().encode(training)
        #expect(try JSONDecoder().decode(TextTraining.self, from: stored) == training)
    }
}
