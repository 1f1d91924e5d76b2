// LoRA adapters merged into models, compared with PEFT's logits. The fixtures come from
// scripts/export_adapter_fixtures.py.

import FileIO
import Inference
import LanguageModels
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct AdapterParityTests {
    /// What PEFT computed with an adapter, and the model without it.
    private func expected(_ name: String) throws -> (logits: RecordedLogits, base: FilePath) {
        let logits = try RecordedLogits.read("Adapters/adapters.json", name)
        return (logits, fixture(try #require(logits.model)))
    }

    private func largestDifference(
        _ weights: any ModelWeights,
        _ expected: RecordedLogits,
        _ ops: Ops
    ) throws -> Float {
        try expected.largestDifference(weights.makeModel(precision: .float32, ops: ops))
    }

    @Test(arguments: ["gpt2", "gpt2-ranks", "llama", "llama-ranks"])
    func logitsWithAnAdapterMatchPEFT(name: String) throws {
        let ops = try Ops(threadCount: 1)
        let (expected, path) = try expected(name)
        let base = try openWeights(at: path)
        let adapter = try LowRankAdapter(fixture("Adapters/\(name)"))
        let difference = try largestDifference(base.merging(adapter, ops: ops), expected, ops)
        print("\(name): largest difference \(difference)")
        #expect(difference <= 1e-4)
        // Without it, the model predicts something else.
        #expect(try largestDifference(base, expected, ops) > 0.1)
    }

    /// A merged model can be converted to every format that can hold it.
    @Test(arguments: ["gpt2-ranks", "llama"])
    func aMergedModelIsConvertedLikeAnyOther(name: String) throws {
        let ops = try Ops(threadCount: 1)
        let (expected, base) = try expected(name)
        let adapter = try LowRankAdapter(fixture("Adapters/\(name)"))
        let merged = try openWeights(at: base).merging(adapter, ops: ops)
        let own: ModelConversion.Target = name.hasPrefix("gpt2") ? .llmc : .llama2c(nil)
        try withTemporaryDirectory { directory in
            for (index, target) in [own, .safetensors, .gguf].enumerated() {
                let path = directory.appending("\(index)")
                try ModelConversion(merged, to: target, at: path).write(ops: ops)
                let difference = try largestDifference(openWeights(at: path), expected, ops)
                #expect(difference <= 1e-4, "\(target)")
            }
        }
    }

    /// Like PEFT's own merging; blocks would be rounded once more, so they become float32.
    @Test func aMergedMatrixKeepsTheTypeOfItsFile() throws {
        let ops = try Ops(threadCount: 1)
        let adapter = try LowRankAdapter(fixture("Adapters/gpt2"))
        let base = try openWeights(at: fixture("GPT2/halves"))
        let merged = try base.merging(adapter, ops: ops)
        for weight in merged.configuration.weights {
            let type = try merged.tensor(weight).elementType
            #expect(try type == base.elementType(of: weight))
            #expect(try type == merged.elementType(of: weight))
        }
    }

    @Test func anAdapterOfAnotherModelIsRefused() throws {
        let ops = try Ops(threadCount: 1)
        for (name, model, words) in [
            ("gpt2", "Llama/grouped", "which is not a linear layer of the model"),
            ("llama", "GPT2/plain", "which is not a linear layer of the model"),
            ("llama-ranks", "Llama/grouped", "and the model's layer needs ["),
        ] {
            let adapter = try LowRankAdapter(fixture("Adapters/\(name)"))
            let base = try openWeights(at: fixture(model))
            #expect {
                try base.merging(adapter, ops: ops)
            } throws: { error in
                "\(error)".contains(words)
                    && "\(error)".contains("use the adapter with the model it was trained on")
            }
        }
    }
}
