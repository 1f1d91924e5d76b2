// Measuring a model: what is counted, and what is refused. That the numbers are right is tested in
// ParityTests.

import Inference
import LanguageModels
import RandomNumbers
import Tensors
import TestSupport
import Testing
import TokenData
import Tokenization

@testable import Training

@Suite(.serialized) struct EvaluatorTests {
    @Test(arguments: [1, 2, 7, 8, 9, 16, 31, 100], [1, 3, 8])
    func windowsScoreEveryTargetOnceWithTheContextTheyPromise(count: Int, stride: Int) {
        let windows = SlidingWindows(targetCount: count, length: 8, stride: stride)
        let places = Array(windows)
        #expect(places.count == windows.count)
        #expect(places.flatMap { Array($0.scored) } == Array(0..<count))
        for (index, window) in places.enumerated() {
            #expect(window.scored.upperBound == window.start + windows.length)
            #expect(window.scored.upperBound <= count)
            // Every target but the first window's sees T - stride tokens and itself's predecessor.
            if index > 0 { #expect(window.scored.lowerBound - window.start >= 8 - stride) }
        }
    }

    @Test func shardsGiveTheLossThatValidationGives() throws {
        try withTemporaryDirectory { directory in
            let run = SmallRun()
            var settings = run.settings
            settings.validationBatches = 0
            let trainer = try run.trainer(in: directory, settings: settings)
            let validation = try run.loader(in: directory, seed: 3)
            let evaluator = try Evaluator(trainer.model, batchSize: 2, sequenceLength: 8)
            var reports: [Int] = []
            let found = try evaluator.loss(ofShards: validation.shardPaths[0]) {
                reports.append($0)
                #expect($1 == 255)
            }
            let expected = try trainer.validationLoss(on: validation)
            #expect(abs(found.loss - Double(expected)) <= 1e-6)
            #expect(found.tokenCount == 255 * 16)
            #expect(found.bitsPerByte == nil)
            #expect(reports == Array(1...255))
        }
    }

    @Test func bytesOfAShardCountItsTextWithoutEndOfText() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("shard.bin")
            let writer = try TokenShardWriter(path, vocabularySize: 16)
            // Targets 1, 2, 15, 3 of lengths 2, 3, 9 and 4, of which 15 ends a text.
            try writer.append(contentsOf: [0, 1, 2, 15, 3])
            try writer.commit()
            let vocabulary = Vocabulary(
                tokens: (0..<16).map { [UInt8](repeating: 97, count: $0 == 15 ? 9 : $0 + 1) },
                endOfText: 15
            )
            let model = try SmallRun().trainer(in: directory).model
            let found = try Evaluator(model, batchSize: 1, sequenceLength: 4)
                .loss(ofShards: path, vocabulary: vocabulary)
            #expect(found.byteCount == 9)
            #expect(found.tokenCount == 4)
        }
    }

    @Test func aLlamaIsMeasuredOnShardsOfWideTokens() throws {
        try withTemporaryDirectory { directory in
            let configuration = try Llama2Configuration(
                contextLength: 8,
                vocabularySize: 70_000,
                layerCount: 1,
                headCount: 2,
                keyValueHeadCount: 1,
                channels: 8,
                hiddenChannels: 16,
                hasSeparateClassifier: false
            )
            var generator = MersenneTwister(seed: 4)
            let model = try MemoryWeights(randomWeights: configuration, using: &generator)
                .makeModel(ops: Ops(threadCount: 1))
            let tokens: [Int32] = [1, 69_999, 65_536, 3, 1, 70, 80, 90, 1]
            let path = directory.appending("shard.bin")
            let writer = try TokenShardWriter(path, format: .llama3)
            try writer.append(contentsOf: tokens)
            try writer.commit()
            let found = try Evaluator(model, batchSize: 2, sequenceLength: 4)
                .loss(ofShards: path, vocabulary: LeadingSpaces())
            let session = try model.makeSession(sequenceCount: 2)
            let losses = try session.losses(
                appending: [0, 4].map {
                    ScoredPart(
                        sequence: $0 / 4,
                        tokens: Array(tokens[$0..<$0 + 4]),
                        targets: Array(tokens[$0 + 1..<$0 + 5])
                    )
                }
            )
            #expect(found.tokenCount == 8)
            #expect(abs(found.totalLoss - losses.joined().reduce(0) { $0 + Double($1) }) <= 1e-5)
            // The first words of both texts have no space; markers are no text.
            #expect(found.byteCount == 1 + 2 + 2 + 0 + 1 + 2 + 2 + 0)
        }
    }

    @Test func longExampleKeepsTheEndOfItsContextAndLongEndingItsOwn() throws {
        try withTemporaryDirectory { directory in
            let model = try SmallRun().trainer(in: directory).model
            let evaluator = try Evaluator(model, batchSize: 1, sequenceLength: 8)
            func losses(_ context: [Int32], _ ending: [Int32]) throws -> Double {
                let example = MultipleChoiceExample(
                    context: context,
                    endings: [ending, ending],
                    label: 0
                )
                return try evaluator.endingLosses([example])[0][0]
            }
            let tail: [Int32] = [3, 1, 4, 1, 5]
            #expect(try losses([9, 9, 9] + tail, [2, 6, 5, 3]) == losses(tail, [2, 6, 5, 3]))
            #expect(try losses([8] + tail, [2, 6, 5]) != losses(tail, [2, 6, 5]))
            let long: [Int32] = [2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3]
            #expect(try losses(tail, long) == losses([long[3]], Array(long.suffix(8))))
        }
    }

    @Test func modelWithoutNumbersIsRefused() throws {
        try withTemporaryDirectory { directory in
            let model = try SmallRun().trainer(in: directory).model
            model.poison()
            let evaluator = try Evaluator(model, batchSize: 1)
            let example = MultipleChoiceExample(context: [1], endings: [[1], [2]], label: 0)
            #expect(throws: TrainingError.self) { try evaluator.score([example]) }
            #expect(throws: TrainingError.self) {
                try evaluator.loss(of: EncodedText(tokens: [1, 2], byteCount: 1))
            }
        }
    }

    @Test func shapesThatDoNotFitAreRefused() throws {
        try withTemporaryDirectory { directory in
            let model = try SmallRun().trainer(in: directory).model
            #expect(throws: ModelError.self) { try Evaluator(model, batchSize: 0) }
            #expect(throws: ModelError.self) { try Evaluator(model, batchSize: .max) }
            #expect(throws: ModelError.self) { try Evaluator(model, sequenceLength: 9) }
            let text = EncodedText(tokens: [1, 2, 3], byteCount: 2)
            for stride in [0, 9] {
                #expect(throws: TrainingError.self) {
                    try Evaluator(model).loss(of: text, stride: stride)
                }
            }
        }
    }
}

/// Every token is a letter with a space before it, which the first word of a text is without; 1
/// starts a text.
private struct LeadingSpaces: TokenDecoder {
    var vocabularySize: Int { 70_000 }
    var startOfText: TokenID? { 1 }
    var endsOfText: [TokenID] { [] }

    func bytes(of id: TokenID, after previous: TokenID?) -> ArraySlice<UInt8> {
        previous == nil || previous == 1 ? [0x61] : [0x20, 0x61]
    }
}
