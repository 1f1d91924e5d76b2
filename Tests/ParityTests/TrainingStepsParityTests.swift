// Ten optimizer steps with weight decay, clipping, accumulation and a changing learning rate,
// compared with PyTorch for the same weights and tokens.

import LanguageModels
import Tensors
import Testing
import Training

@Suite(.serialized) struct TrainingStepsParityTests {
    @Test(arguments: ["odd", "even"], InstructionSet.available)
    func tenStepsMatchPyTorch(name: String, isa: InstructionSet) throws {
        let expected = try StepsFixture.read(name)
        #expect(expected.steps.count == 10)
        for recomputation in Recomputation.allCases {
            let ops = try Ops(instructionSet: isa, threadCount: 2)
            let trainer = try expected.trainer(name, recomputation: recomputation, ops: ops)
            let (steps, losses, norms) = try makeSteps(
                trainer,
                losses: expected.steps.map(\.trainLoss),
                norms: expected.steps.map(\.gradNorm),
                "\(name) \(isa) \(recomputation)"
            )
            #expect(losses <= 1e-4)
            #expect(norms <= 1e-4)
            let rates = compare(steps.map(\.learningRate), expected.steps.map(\.learningRate))
            #expect(rates.largest <= 1e-9)
            // Clipping is tested only if it happens.
            #expect(steps.allSatisfy { $0.gradientNorm > trainer.settings.optimizer.gradientClip })

            let parameters = trainer.model.parameters
            for (tensor, specification) in zip(
                parameters.tensors,
                parameters.layout.specifications
            ) {
                let samples = try #require(expected.finalParameters[specification.name])
                let found = tensor.floats()
                let difference = compare(samples.indices.map { found[$0] }, samples.values)
                print(
                    "\(name) \(isa) \(recomputation) \(specification.name) after ten steps:",
                    "largest difference \(difference.largest)"
                )
                #expect(difference.largest <= 1e-4, "\(specification.name)")
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func paddingOfTheVocabularyStaysExactlyZero(isa: InstructionSet) throws {
        let fixture = try StepsFixture.read("odd")
        let trainer = try fixture.trainer("odd", ops: Ops(instructionSet: isa, threadCount: 2))
        for _ in fixture.steps { _ = try trainer.step() }
        let configuration = try #require(trainer.model as? GPT2).configuration
        let (V, Vp) = (configuration.vocabularySize, configuration.paddedVocabularySize)
        try #require(Vp > V)
        let padding = trainer.model.parameters["wte"][V..<Vp].floats()
        #expect(padding.allSatisfy { $0.bitPattern == 0 })
    }
}
