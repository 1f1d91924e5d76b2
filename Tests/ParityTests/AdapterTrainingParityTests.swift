// Training of adapters compared with PEFT: twenty steps from an adapter that PEFT wrote, and the
// matrices after them. The fixtures come from scripts/export_lora_training_fixtures.py.

import LanguageModels
import RandomNumbers
import TensorFiles
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct AdapterTrainingParityTests {
    /// A model among the fixtures, with an adapter of the recorded training.
    private func adapted(_ base: String, _ adapter: String, ops: Ops) throws -> AdaptedModel {
        let weights = try openWeights(at: fixture(base))
        let sizes = weights.configuration
        return try sizes.makeAdaptedModel(
            weights,
            TrainableAdapter(LowRankAdapter(TrainingFixture.path(adapter)), of: sizes, ops: ops),
            baseName: nil,
            precision: .float32,
            ops: ops
        )
    }

    @Test(
        arguments: ["lora-gpt2", "lora-gpt2-mlp", "lora-llama", "lora-llama-mlp"],
        [Recomputation.none, .gelu, .block]
    )
    func twentyStepsMatchPEFT(name: String, recomputation: Recomputation) throws {
        let run = try #require(try TrainingFixture.read().adapters[name])
        try #require(run.steps.count == 20)
        let expected = try TrainingFixture.tensors("\(name)-trained/adapter_model.safetensors")
        // Each of two threads takes a sequence.
        for (isa, threads) in InstructionSet.available.flatMap({ [($0, 1), ($0, 2)] }) {
            let ops = try Ops(instructionSet: isa, threadCount: threads)
            let model = try adapted(run.model, name, ops: ops)
            let trainer = try Trainer(
                model: model,
                settings: run.settings(recomputation: recomputation),
                loader: run.loader(name)
            )
            let (_, losses, norms) = try makeSteps(
                trainer,
                losses: run.steps.map(\.loss),
                norms: run.steps.map(\.gradNorm),
                "\(name) \(isa) \(threads) \(recomputation)"
            )
            #expect(losses <= 1e-4)
            #expect(norms <= 1e-3)
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

    /// Loss and gradients are those for the same weights in float32.
    @Test(
        arguments: [
            "layers=2,heads=2,channels=64,context=32",
            "llama2:layers=2,heads=2,channels=64,hidden=96",
        ],
        [ElementType.q8_0, .q4_0, .q4_1]
    )
    func anAdapterIsTrainedOverQuantizedWeights(descriptor: String, type: ElementType) throws {
        // Others may round what they multiply with blocks to bfloat16.
        let ops = try Ops(instructionSet: .reference, threadCount: 1)
        var generator = MersenneTwister(seed: 3)
        let sizes = try configuration(descriptor)
        let model = try sizes.makeTrainableModel(using: &generator, ops: ops)
        let shape = LowRankShape(sizes, parts: [.attention, .mlp], rank: 4, alpha: 8)
        let adapter = try TrainableAdapter(shape, using: &generator, ops: ops)
        ops.fill(adapter.parameters.flat) { generator.fillUniform(&$0, from: -0.1, to: 0.1) }
        try withTemporaryDirectory { directory in
            let (path, wide) = (directory.appending("q.gguf"), directory.appending("wide.gguf"))
            try ModelConversion(model, to: .gguf, at: path, elementType: type).write(ops: ops)
            let stored = try openWeights(at: path)
            for layer in shape.layers {
                #expect(try stored.elementType(of: layer.weight) == type)
            }
            try ModelConversion(stored, to: .gguf, at: wide, elementType: .float32).write(ops: ops)
            let passes = try [stored, openWeights(at: wide)].map { weights in
                try pass(
                    weights.configuration.makeAdaptedModel(
                        weights,
                        adapter,
                        baseName: nil,
                        precision: .float32,
                        ops: ops
                    )
                )
            }
            #expect(abs(passes[0].loss - passes[1].loss) <= 1e-5)
            #expect(passes[0].gradients.contains { $0 != 0 })
            #expect(compare(passes[0].gradients, passes[1].gradients).relative <= 1e-5)
        }
    }

    private func configuration(_ descriptor: String) throws -> any ModelConfiguration {
        if descriptor.hasPrefix("llama2") {
            try Llama2Configuration(descriptor: descriptor, vocabularySize: 96)
        } else {
            try GPT2Configuration(descriptor: descriptor, vocabularySize: 96)
        }
    }

    /// Masks, documents and dropout, with every way of recomputing and of dividing sequences.
    @Test(arguments: ["lora-gpt2-mlp-trained", "lora-llama-mlp-trained"])
    func anAdapterObeysMasksDocumentsAndDropout(name: String) throws {
        let base = name.contains("gpt2") ? "GPT2/plain" : "Llama/grouped"
        var expected: (loss: Float, gradients: [Float])?
        for threads in [1, 2] {
            let ops = try Ops(threadCount: threads)
            let model = try adapted(base, name, ops: ops)
            for recomputation in Recomputation.allCases {
                let found = try pass(model, isWhole: false, recomputation)
                let first = expected ?? found
                expected = first
                #expect(abs(found.loss - first.loss) <= 1e-6)
                #expect(compare(found.gradients, first.gradients).relative <= 1e-5)
            }
            // Each of the three has a visible effect.
            #expect(try abs(pass(model).loss - pass(model, isWhole: false).loss) > 1e-3)
        }
    }

    /// The loss and the gradients of two sequences: whole, or of documents with uncounted tokens
    /// and dropout.
    private func pass(
        _ model: TransformerModel,
        isWhole: Bool = true,
        _ recomputation: Recomputation = .none
    ) throws -> (loss: Float, gradients: [Float]) {
        let (B, T) = (2, 17)
        let tokens = (0...B * T).map { Int32($0 * 7 % model.sizes.vocabularySize) }
        let gradients = try model.makeParameterSet()
        let loss = try model.lossAndGradients(
            inputs: tokens.dropLast(),
            targets: tokens.dropFirst(),
            isCounted: isWhole ? nil : (0..<B * T).map { $0 % 3 != 1 },
            starts: isWhole ? nil : (0..<B * T).map { $0 % T < 6 ? 0 : 6 },
            dropout: isWhole ? nil : Dropout(rate: 0.2, key: 5),
            workspace: TrainingWorkspace(
                model,
                batchSize: B,
                sequenceLength: T,
                training: recomputation
            ),
            gradients: gradients
        )
        return (loss, gradients.flat.floats())
    }
}
