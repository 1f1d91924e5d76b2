// Losses of texts and of multiple choice compared with PyTorch in float64, one at a time. The
// fixtures come from scripts/export_evaluation_fixtures.py.

import FileIO
import LanguageModels
import RandomNumbers
import Tensors
import TestSupport
import Testing
import TokenData
import Tokenization
import Training

/// What `evaluation.json` holds.
private struct Expected: Decodable {
    struct Window: Decodable {
        let sequenceLength: Int
        let stride: Int
        let loss: Double
    }

    let tokens: [Int32]
    let windows: [Window]
    let questionSequenceLength: Int
    let endingLosses: [[Double]]
    let labels: [Int]

    static func read() throws -> Expected {
        try recorded(at: fixture("evaluation.json"))
    }
}

@Suite(.serialized) struct EvaluationParityTests {
    private func oddModel() throws -> GPT2 {
        try GPT2(llmcCheckpoint: fixture("odd_model.bin"), ops: Ops(threadCount: 2))
    }

    @Test(arguments: [1, 3, 100])
    func lossesOfWindowsOverATextMatchPyTorch(batchSize: Int) throws {
        let expected = try Expected.read()
        let model = try oddModel()
        let text = EncodedText(tokens: expected.tokens, byteCount: 1000)
        #expect(expected.windows.count == 4)
        for window in expected.windows {
            let evaluator = try Evaluator(
                model,
                batchSize: batchSize,
                sequenceLength: window.sequenceLength
            )
            let found = try evaluator.loss(of: text, stride: window.stride)
            print("window \(window): difference \(abs(found.loss - window.loss))")
            #expect(abs(found.loss - window.loss) <= 1e-5)
            #expect(found.tokenCount == expected.tokens.count - 1)
            let bits = window.loss * 299 / 0.6931471805599453 / 1000
            #expect(abs(try #require(found.bitsPerByte) - bits) <= 1e-5)
        }
    }

    @Test(arguments: [1, 4])
    func lossesOfEndingsMatchPyTorch(batchSize: Int) throws {
        let expected = try Expected.read()
        let model = try oddModel()
        let examples = try MultipleChoiceExample.examples(
            shard: fixture("evaluation.bin"),
            vocabularySize: model.configuration.vocabularySize
        )
        #expect(examples.map(\.label) == expected.labels)
        #expect(examples.contains { $0.context.count > expected.questionSequenceLength - 10 })
        let evaluator = try Evaluator(
            model,
            batchSize: batchSize,
            sequenceLength: expected.questionSequenceLength
        )
        let losses = try evaluator.endingLosses(examples)
        try #require(losses.map(\.count) == expected.endingLosses.map(\.count))
        let difference =
            zip(losses.joined(), expected.endingLosses.joined())
            .map { abs($0 - $1) }.max() ?? .infinity
        print("ending losses: largest difference \(difference)")
        #expect(difference <= 1e-5)

        let right = zip(expected.endingLosses, expected.labels).count { losses, label in
            losses.indices.min { losses[$0] < losses[$1] } == label
        }
        let score = try evaluator.score(examples)
        #expect(score.correctCount == right)
        #expect(score.exampleCount == 24)
    }
}

@Suite(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
struct LlamaEvaluationParityTests {
    private static let text = """
        Once upon a time, there was a little girl named Lily. She loved to play outside in the \
        sunshine with her friends. One day, she saw a big, red ball in the sky. It was the sun! \
        She thought it was so pretty.
        Lily wanted to play with the ball, but it was too high up in the sky.

        """

    /// From scripts/llama_perplexity.py, which builds the model in transformers from its weights.
    @Test(arguments: [(64, 1.8850112512), (512, 1.8560577780)])
    func perplexitiesOfAStoryMatchTransformers(length: Int, perplexity: Double) throws {
        let model = try openWeights(at: TestData.path("llama2/stories260K.bin"))
            .makeModel(ops: Ops(threadCount: 2))
        let tokenizer = try SentencePieceTokenizer(
            contentsOf: TestData.path("llama2/tok512.bin")
        )
        try withTemporaryDirectory { directory in
            let file = try AtomicFile(directory.appending("story.txt"))
            try file.write(Array(Self.text.utf8))
            try file.commit()
            let text = try EncodedText(contentsOf: file.path, tokenizer: tokenizer)
            let found = try Evaluator(model, sequenceLength: length).loss(of: text)
            print("length \(length): difference \(abs(found.perplexity - perplexity))")
            #expect(abs(found.perplexity - perplexity) <= 1e-5)
            #expect(found.tokenCount == 106)
            #expect(found.byteCount == 275)
        }
    }
}

@Suite(
    .serialized,
    .enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason))
) struct HellaSwagParityTests {
    /// What `hellaswag_sample.json` holds.
    private struct Expected: Decodable {
        let correct: Int
        let choices: String
    }

    @Test func aRandomModelChoosesTheEndingsThatPyTorchChooses() throws {
        let expected: Expected = try recorded(at: fixture("hellaswag_sample.json"))
        let configuration = try GPT2Configuration(
            contextLength: 128,
            layerCount: 2,
            headCount: 2,
            channels: 32
        )
        var generator = MersenneTwister(seed: 42)
        let model = try GPT2(
            randomWeights: configuration,
            using: &generator,
            ops: Ops(threadCount: 2)
        )
        let examples = try MultipleChoiceExample.examples(
            jsonLines: TestData.path("hellaswag/hellaswag_val_sample.jsonl"),
            tokenizer: BytePairTokenizer(contentsOf: TestData.path("gpt2/gpt2_tokenizer.bin"))
        )
        let losses = try Evaluator(model).endingLosses(examples)
        let choices = losses.map { losses in
            losses.indices.min { losses[$0] < losses[$1] } ?? 0
        }
        #expect(choices.map(String.init).joined() == expected.choices)
        let correct = zip(choices, examples).count { $0 == $1.label }
        #expect(correct == expected.correct)
    }
}
