// Training of adapters against PEFT's: twenty steps from an adapter that PEFT wrote, and the
// matrices after them. The fixtures come from scripts/export_lora_training_fixtures.py.

import FileIO
import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct AdapterTrainingParityTests {
    private func model(
        _ name: String,
        _ run: TrainingFixture.Run,
        ops: Ops
    ) throws -> AdaptedModel {
        let weights = try openWeights(at: fixture(run.model))
        let sizes = weights.configuration
        return try sizes.makeAdaptedModel(
            weights,
            TrainableAdapter(LowRankAdapter(TrainingFixture.path(name)), of: sizes, ops: ops),
            baseName: nil,
            precision: .float32,
            ops: ops
        )
    }

    @Test(
        arguments: ["lora-gpt2", "lora-gpt2-mlp", "lora-llama", "lora-llama-mlp"],
        [Recomputation.none, .gelu, .block]
    )
    func twentyStepsAreThoseOfPEFT(name: String, recomputation: Recomputation) throws {
        let run = try #require(try TrainingFixture.read().adapters[name])
        try #require(run.steps.count == 20)
        let expected = try TrainingFixture.tensors("\(name)-trained/adapter_model.safetensors")
        for isa in InstructionSet.available {
            let ops = try Ops(instructionSet: isa, threadCount: 1)
            let model = try model(name, run, ops: ops)
            let trainer = try Trainer(
                model: model,
                settings: run.settings(recomputation: recomputation),
                loader: run.loader(name)
            )
            let steps = try run.steps.map { _ in try trainer.step() }
            let losses = compare(steps.map(\.loss), run.steps.map(\.loss))
            let norms = compare(steps.map(\.gradientNorm), run.steps.map(\.gradNorm))
            print(
                "\(name) \(isa) \(recomputation) twenty steps: largest difference of the losses",
                "\(losses.largest), of the norms \(norms.largest)"
            )
            #expect(losses.largest <= 1e-4)
            #expect(norms.largest <= 1e-3)
            try withTemporaryDirectory { directory in
                let path = directory.appending("adapter")
                try model.writeCheckpoint(to: path)
                let archive = try TensorArchive(
                    contentsOf: path.appending("adapter_model.safetensors")
                )
                #expect(archive.tensors.count == expected.count)
                for (tensor, values) in expected {
                    let found = try #require(archive[tensor]).floats().floats()
                    #expect(compare(found, values).largest <= 1e-3, "\(tensor)")
                }
            }
        }
    }

    /// The loss of the pass with an adapter is that of the model with the adapter merged, whatever
    /// type its weights are stored in.
    @Test(arguments: ["lora-gpt2-mlp-trained", "lora-llama-mlp-trained"])
    func anAdapterIsTrainedOverQuantisedWeights(name: String) throws {
        // Others may round to bfloat16 what they multiply with blocks.
        let ops = try Ops(instructionSet: .reference, threadCount: 1)
        let base = name.contains("gpt2") ? "GPT2/plain" : "Llama/grouped"
        let weights = try openWeights(at: fixture(base))
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.gguf")
            try ModelConversion(weights, to: .gguf, at: path, elementType: .q8_0).write(ops: ops)
            let stored = try openWeights(at: path)
            let sizes = stored.configuration
            let file = try LowRankAdapter(TrainingFixture.path(name))
            let adapted = try sizes.makeAdaptedModel(
                stored,
                TrainableAdapter(file, of: sizes, ops: ops),
                baseName: nil,
                precision: .float32,
                ops: ops
            )
            let merged = try sizes.makeTrainableModel(
                stored.merging(file, ops: ops),
                ops: ops
            )
            let tokens = (0..<18).map { Int32($0 * 7 % sizes.vocabularySize) }
            let losses = try [adapted, merged].map { model in
                try model.loss(
                    inputs: tokens.dropLast(),
                    targets: tokens.dropFirst(),
                    workspace: TrainingWorkspace(
                        model,
                        batchSize: 1,
                        sequenceLength: 17,
                        training: Recomputation.none
                    )
                )
            }
            #expect(abs(losses[0] - losses[1]) <= 1e-4 * losses[1])
        }
    }
}
