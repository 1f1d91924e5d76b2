// Questions without an answer.

import Inference
import Interpretability
import Tensors
import Testing

@Suite struct InspectionErrorTests {
    private let model: any InspectableModel

    init() throws { model = try InspectedModel.gpt2.make(contextLength: 8) }

    private func expect(
        _ error: InterpretabilityError,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        #expect(throws: error, sourceLocation: sourceLocation, performing: body)
    }

    @Test func anEmptyTextIsRefused() {
        expect(.noTokens) { _ = try model.attentionPatterns(of: []) }
        expect(.noTokens) { _ = try model.logitLens(of: []) }
        expect(.noTokens) { _ = try model.predictions(of: []) }
        expect(.noTokens) { _ = try model.headScores(on: [[]]) }
        expect(.noTokens) { _ = try model.excitations(layer: 0, of: []) }
        expect(.noTokens) { _ = try model.excitations(layer: 0, of: [[1], []]) }
        expect(.noTokens) { _ = try model.ablate([[1, 2], []]) }
    }

    @Test func aTextWithNothingToPredictIsRefused() {
        expect(.noPairs) { _ = try model.ablate([]) }
        expect(.noPairs) { _ = try model.ablate([[1], [2]]) }
        expect(.noPairs) { _ = try model.headScores(on: [[1]]) }
    }

    @Test func aTextLongerThanTheContextIsRefused() throws {
        let (long, fitting) = (randomTokens(9), randomTokens(8))
        let error = InterpretabilityError.tooManyTokens(count: 9, maximum: 8)
        expect(error) { _ = try model.attentionPatterns(of: long) }
        expect(error) { _ = try model.logitLens(of: long) }
        expect(error) { _ = try model.predictions(of: long) }
        expect(error) { _ = try model.headScores(on: [long]) }
        expect(error) { _ = try model.excitations(layer: 0, of: [long]) }
        expect(.tooManyTokens(count: 10, maximum: 9)) { _ = try model.ablate([randomTokens(10)]) }
        // The last token is only predicted.
        _ = try model.ablate([long], layers: [0], heads: [0])
        _ = try model.attentionPatterns(of: fitting)
        _ = try model.logitLens(of: fitting)
        _ = try model.predictions(of: fitting)
        _ = try model.headScores(on: [fitting])
        _ = try model.excitations(layer: 0, of: [fitting])
    }

    /// 6.5 terabytes.
    @Test func patternsThatNoMachineHasRoomForAreRefusedBeforeThePass() throws {
        let model = try InspectedModel.llama.make(contextLength: 300_000)
        #expect(throws: TensorError.outOfMemory(byteCount: 6_480_000_000_000)) {
            try model.attentionPatterns(of: randomTokens(300_000))
        }
    }

    @Test(arguments: [-1, 29])
    func aTokenThatTheModelDoesNotKnowIsRefused(token: Int32) {
        let error = InterpretabilityError.tokenOutsideVocabulary(token: token, vocabularySize: 29)
        expect(error) { _ = try model.attentionPatterns(of: [1, token]) }
        expect(error) { _ = try model.logitLens(of: [token]) }
        expect(error) { _ = try model.predictions(of: [1, token]) }
        expect(error) { _ = try model.headScores(on: [[1, token]]) }
        expect(error) { _ = try model.excitations(layer: 0, of: [[token]]) }
        expect(error) { _ = try model.ablate([[1, token]]) }
    }

    @Test func aPartThatTheModelDoesNotHaveIsRefused() {
        expect(.layerOutOfRange(layer: 3, count: 3)) {
            _ = try model.attentionPatterns(of: [1], layers: [0, 3])
        }
        expect(.layerOutOfRange(layer: -1, count: 3)) {
            _ = try model.ablate([[1, 2]], layers: [-1])
        }
        expect(.headOutOfRange(head: 3, count: 3)) { _ = try model.ablate([[1, 2]], heads: [3]) }
        expect(.layerOutOfRange(layer: 3, count: 3)) {
            _ = try model.excitations(layer: 3, of: [[1]])
        }
        expect(.neuronOutOfRange(neuron: 60, count: 60)) {
            _ = try model.excitations(layer: 0, neurons: [60], of: [[1]])
        }
    }

    @Test(arguments: InspectedModel.allCases)
    func weightsThatAreNotFiniteAreReported(kind: InspectedModel) throws {
        let broken = try kind.make { weight, elements in
            if weight.role == .matrix && weight.layer == 0 { elements[0] = .nan }
        }
        expect(.notFinite("attention patterns")) { _ = try broken.attentionPatterns(of: [1, 2]) }
        expect(.notFinite("attention patterns")) { _ = try broken.headScores() }
        expect(.notFinite("logits")) { _ = try broken.logitLens(of: [1, 2]) }
        expect(.notFinite("losses")) { _ = try broken.predictions(of: [1, 2]) }
        expect(.notFinite("logits")) { _ = try broken.predictions(of: [1]) }
        expect(.notFinite("activations")) { _ = try broken.excitations(layer: 1, of: [[1]]) }
        expect(.notFinite("losses")) { _ = try broken.ablate([[1, 2]]) }
    }

    @Test func eachErrorIsOneSentence() {
        let errors: [InterpretabilityError] = [
            .noTokens, .noPairs, .tooManyTokens(count: 9, maximum: 8),
            .layerOutOfRange(layer: 3, count: 3), .headOutOfRange(head: 3, count: 3),
            .neuronOutOfRange(neuron: 60, count: 60), .contextTooShort(3), .notFinite("losses"),
        ]
        for error in errors {
            #expect(!error.description.contains(". ") && !error.description.hasSuffix("."))
        }
        #expect("\(errors[3])" == "there is no layer 3: the model has 3, counted from 0")
    }
}
