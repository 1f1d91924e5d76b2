// GPT-2 compared with transformers and nanoGPT, from every kind of file that others write. The
// fixtures come from scripts/export_gpt2_fixtures.py.

import FileIO
import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct GPT2ParityTests {
    private func expected(_ name: String) throws -> RecordedLogits {
        try RecordedLogits.read("GPT2/gpt2.json", name)
    }

    /// Files, and the model in `gpt2.json` that they contain.
    private static let files = [
        ("plain", "gpt2"), ("sharded", "gpt2"), ("pickled", "gpt2"), ("halves", "halves"),
        ("nanogpt.pt", "nanogpt"), ("nanogpt-nobias.pt", "nobias"),
        ("plain/config.json", "gpt2"), ("plain/model.safetensors", "gpt2"),
        ("sharded/model-00002-of-00003.safetensors", "gpt2"),
        ("sharded/model.safetensors.index.json", "gpt2"),
        ("pickled/pytorch_model.bin.index.json", "gpt2"),
    ]

    @Test(arguments: files)
    func logitsMatchTheProgramsThatWroteTheFiles(file: (String, String)) throws {
        let weights = try openWeights(at: fixture("GPT2/\(file.0)"))
        let model = try weights.makeModel(precision: .float32, ops: Ops(threadCount: 1))
        let difference = try expected(file.1).largestDifference(model)
        print("\(file.0): largest difference \(difference)")
        #expect(difference <= 1e-4)
    }

    /// nanoGPT's weights with Hugging Face's name for its activation, as `convert` writes them.
    @Test func theExactFormOfGELUIsKeptForHuggingFace() throws {
        try withTemporaryDirectory { directory in
            let (ops, path) = (try Ops(threadCount: 1), directory.appending("hf"))
            let nanoGPT = try openWeights(at: fixture("GPT2/nanogpt.pt"))
            let conversion = try ModelConversion(nanoGPT, to: .safetensors, at: path)
            try conversion.write(ops: ops)
            let written = try openWeights(at: path, as: GPT2Configuration.self)
            #expect(written.configuration.activation == .exact)
            #expect(conversion.remark == nil)
            let model = try written.makeModel(precision: .float32, ops: ops)
            #expect(try expected("nanogpt").largestDifference(model) <= 1e-4)
            // The other form would be a different model.
            #expect(try expected("gpt2").largestDifference(model) > 5e-4)

            for target in [ModelConversion.Target.llmc, .gguf] {
                let path = directory.appending("\(target)")
                let conversion = try ModelConversion(nanoGPT, to: target, at: path)
                #expect(conversion.remark?.contains("GELU's tanh form") == true)
                try conversion.write(ops: ops)
                let other = try openWeights(at: path, as: GPT2Configuration.self)
                #expect(other.configuration.activation == .tanh)
                let model = try other.makeModel(precision: .float32, ops: ops)
                #expect(try expected("gpt2").largestDifference(model) <= 1e-4)
            }
        }
    }

    /// At its own precision a file's matrices are transposed, and otherwise left alone.
    @Test func matricesKeepTheTypeOfTheirFile() throws {
        for (file, type) in [("halves", ElementType.bfloat16), ("plain", .float32)] {
            let weights = try openWeights(
                at: fixture("GPT2/\(file)"),
                as: GPT2Configuration.self
            )
            let configuration = weights.configuration
            for kind in [GPT2Weight.wte, .qkvw, .fcprojw] {
                let tensor = try weights.tensor(configuration.weight(kind, layer: 1))
                #expect(tensor.elementType == type)
                #expect(tensor.shape == kind.shape(in: configuration))
            }
        }
    }

    /// The vocabulary is padded for training, and every weight is in its place.
    @Test func aModelToBeTrainedHasTheWeightsOfItsFiles() throws {
        let ops = try Ops(threadCount: 1)
        let weights = try openWeights(at: fixture("GPT2/sharded"), as: GPT2Configuration.self)
        let model = try GPT2(weights, ops: ops)
        let wte = model.parameters["wte"]
        #expect(wte.shape == [128, 18])
        #expect(ops.floats(wte[43..<128]).allSatisfy { $0 == 0 })
        let decoder = try GPT2Decoder(model)
        #expect(try expected("gpt2").largestDifference(decoder) <= 1e-4)
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func aRealGPT2IsTheSameModelFromEitherFormat() throws {
        let ops = try Ops(threadCount: 1)
        let (foreign, llmc) = try (
            openWeights(at: TestData.path("tiny-gpt2"), as: GPT2Configuration.self),
            openWeights(
                at: TestData.path("tiny-gpt2/capp_gpt_llmc_v3.bin"),
                as: GPT2Configuration.self
            )
        )
        #expect(foreign.configuration == llmc.configuration)
        let models = try (GPT2(foreign, ops: ops), GPT2(llmc, ops: ops))
        let (a, b) = (models.0.parameters, models.1.parameters)
        #expect(ops.floats(a.flat) == ops.floats(b.flat))
    }
}
