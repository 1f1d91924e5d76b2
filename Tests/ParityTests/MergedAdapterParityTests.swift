// Adapters merged into their models, weight by weight, compared with PEFT's merge_and_unload. The
// fixtures come from scripts/export_lora_training_fixtures.py.

import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct MergedAdapterParityTests {
    @Test(arguments: ["lora-gpt2-mlp", "lora-llama-mlp"])
    func mergedWeightsMatchPEFT(name: String) throws {
        let ops = try Ops(threadCount: 1)
        let run = try #require(try TrainingFixture.read().adapters[name])
        let base = try openWeights(at: fixture(run.model))
        let adapter = try LowRankAdapter(TrainingFixture.path("\(name)-trained"))
        let merged = try base.merging(adapter, ops: ops)
        let expected = try TrainingFixture.tensors("\(name)_merged.safetensors")
        #expect(!expected.isEmpty)
        try withTemporaryDirectory { directory in
            let path = directory.appending("merged")
            try ModelConversion(merged, to: .safetensors, at: path).write(ops: ops)
            let archive = try TensorArchive(contentsOf: path)
            for (name, values) in expected {
                let tensor = try #require(archive[name], "\(name)")
                let difference = compare(try tensor.floats().floats(), values)
                print("\(name): largest difference \(difference.largest)")
                #expect(difference.largest <= 1e-6, "\(name)")
            }
        }
    }

    /// With the same names and the same bits, so PEFT can load it.
    @Test(arguments: ["lora-gpt2", "lora-gpt2-mlp-trained", "lora-llama", "lora-llama-mlp-trained"])
    func whatPEFTWroteIsWrittenBackUnchanged(name: String) throws {
        let ops = try Ops(threadCount: 1)
        let model = name.contains("gpt2") ? "GPT2/plain" : "Llama/grouped"
        let configuration = try openWeights(at: fixture(model)).configuration
        let adapter = try TrainableAdapter(
            LowRankAdapter(TrainingFixture.path(name)),
            of: configuration,
            ops: ops
        )
        try withTemporaryDirectory { directory in
            let path = directory.appending("adapter")
            try adapter.write(
                to: path,
                of: configuration,
                baseModel: nil,
                overwrite: false,
                ops: ops
            )
            let file = "adapter_model.safetensors"
            let expected = try TrainingFixture.tensors("\(name)/\(file)")
            let archive = try TensorArchive(contentsOf: path.appending(file))
            #expect(Set(archive.tensors.map(\.name)) == Set(expected.keys))
            for (name, values) in expected {
                #expect(try archive[name]?.floats().floats() == values, "\(name)")
            }
        }
    }
}
