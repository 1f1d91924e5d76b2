// Adapters in training: how a new one begins, and that what is written can be read by PEFT's rules.
// scripts/check_adapter.py reads it with PEFT itself.

import FileIO
import Foundation
import RandomNumbers
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

@Suite struct TrainableAdapterTests {
    private static func gpt2() throws -> GPT2Configuration {
        try GPT2Configuration(
            contextLength: 8,
            vocabularySize: 11,
            layerCount: 2,
            headCount: 2,
            channels: 8
        )
    }

    private static func llama() throws -> Llama2Configuration {
        try Llama2Configuration(
            contextLength: 8,
            vocabularySize: 11,
            layerCount: 2,
            headCount: 2,
            keyValueHeadCount: 1,
            channels: 16,
            hiddenChannels: 12,
            hasSeparateClassifier: true
        )
    }

    private static func configurations() throws -> [any ModelConfiguration] {
        [try gpt2(), try llama()]
    }

    /// An adapter without a matrix of zeros.
    private static func adapter(_ shape: LowRankShape, _ ops: Ops) throws -> TrainableAdapter {
        var generator = MersenneTwister(seed: 3)
        let adapter = try TrainableAdapter(shape, using: &generator, ops: ops)
        ops.fill(adapter.parameters.flat) { generator.fillNormal(&$0) }
        return adapter
    }

    /// Writes it into a directory.
    private static func write(
        _ adapter: TrainableAdapter,
        of configuration: any ModelConfiguration,
        in directory: FilePath
    ) throws -> FilePath {
        let path = directory.appending("adapter")
        try adapter.write(
            to: path,
            of: configuration,
            baseModel: nil,
            overwrite: false,
            ops: Ops(threadCount: 1)
        )
        return path
    }

    /// Its configuration, once it is written.
    private static func settings(_ path: FilePath) throws -> [String: Any] {
        let bytes = try MappedFile(path.appending("adapter_config.json")).contents()
        return try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        )
    }

    /// What the passes read of a model that is frozen.
    @Test func weightsAreCountedInTheTypesThatPassesRead() throws {
        let ops = try Ops(threadCount: 1)
        for configuration in try Self.configurations() {
            var generator = MersenneTwister(seed: 1)
            let model = try configuration.makeTrainableModel(using: &generator, ops: ops)
            let matrices = configuration.weights.filter(\.role.isMatrix).reduce(0) { $0 + $1.count }
            let all = configuration.parameterCount
            #expect(try AdaptedModel.weightByteCount(model, precision: .float32) == 4 * all)
            #expect(
                try AdaptedModel.weightByteCount(model, precision: .bfloat16)
                    == 4 * all - 2 * matrices
            )
        }
    }

    @Test func aNewAdapterIsRandomWithinTheBoundAndChangesNothing() throws {
        let ops = try Ops(threadCount: 1)
        let shape = LowRankShape(try Self.llama(), parts: [.attention, .mlp], rank: 3, alpha: 6)
        #expect(shape.layers.count == 2 * 7)
        var generators = (MersenneTwister(seed: 1), MersenneTwister(seed: 1))
        let adapter = try TrainableAdapter(shape, using: &generators.0, ops: ops)
        let again = try TrainableAdapter(shape, using: &generators.1, ops: ops)
        #expect(ops.floats(adapter.parameters.flat) == ops.floats(again.parameters.flat))
        for layer in shape.layers {
            let pair = try #require(adapter.pair(layer.weight))
            #expect(pair.scale == 2)
            let bound = 1 / Float(layer.weight.shape[1]).squareRoot()
            let a = ops.floats(pair.a)
            #expect(a.allSatisfy { abs($0) <= bound } && Set(a).count > a.count / 2)
            #expect(a.contains { abs($0) > bound * 0.8 })
            #expect(ops.floats(pair.b).allSatisfy { $0 == 0 })
        }
        #expect(shape.parameterLayout.specifications.allSatisfy { !$0.decays })
    }

    @Test func onlyTheChosenPartsAreAdapted() throws {
        let names: [(any ModelConfiguration, attention: Set<String>, mlp: Set<String>)] = [
            (try Self.gpt2(), ["qkvw", "attprojw"], ["fcw", "fcprojw"]),
            (try Self.llama(), ["wq", "wk", "wv", "wo"], ["w1", "w2", "w3"]),
        ]
        for (configuration, attention, mlp) in names {
            for (part, names) in [(ModelWeight.Part.attention, attention), (.mlp, mlp)] {
                let shape = LowRankShape(configuration, parts: [part], rank: 1, alpha: 1)
                #expect(Set(shape.layers.map(\.weight.name)) == names)
                #expect(shape.layers.count == 2 * names.count)
            }
        }
    }

    /// Bit for bit, with rows of wq and wk reordered and back.
    @Test func whatIsWrittenIsReadBack() throws {
        let ops = try Ops(threadCount: 1)
        for configuration in try Self.configurations() {
            let shape = LowRankShape(configuration, parts: [.attention, .mlp], rank: 2, alpha: 5)
            let adapter = try Self.adapter(shape, ops)
            try withTemporaryDirectory { directory in
                let path = directory.appending("adapter")
                try adapter.write(
                    to: path,
                    of: configuration,
                    baseModel: "some \"model\"",
                    overwrite: false,
                    ops: ops
                )
                let found = try TrainableAdapter(LowRankAdapter(path), of: configuration, ops: ops)
                #expect(found.shape == shape)
                #expect(ops.floats(found.parameters.flat) == ops.floats(adapter.parameters.flat))
                #expect(
                    try Self.settings(path)["base_model_name_or_path"] as? String
                        == "some \"model\""
                )
                let error = #expect(throws: FileIOError.self) {
                    try adapter.write(
                        to: path,
                        of: configuration,
                        baseModel: nil,
                        overwrite: false,
                        ops: ops
                    )
                }
                #expect(error == .alreadyExists(path: path))
                try adapter.write(
                    to: path,
                    of: configuration,
                    baseModel: nil,
                    overwrite: true,
                    ops: ops
                )
                #expect(try Self.settings(path)["base_model_name_or_path"] is NSNull)
            }
        }
    }

    /// The rows of B of wq are those of Hugging Face's q_proj: of a head, those that turn first.
    @Test func rowsAreWrittenInHuggingFacesOrder() throws {
        let ops = try Ops(threadCount: 1)
        let configuration = try Self.llama()
        let shape = LowRankShape(configuration, parts: [.attention], rank: 1, alpha: 1)
        var generator = MersenneTwister(seed: 1)
        let adapter = try TrainableAdapter(shape, using: &generator, ops: ops)
        for kind in [Llama2Weight.wq, .wv] {
            let pair = try #require(adapter.pair(configuration.weight(kind, layer: 1)))
            ops.fill(pair.b) { rows in
                for index in rows.indices { rows[index] = Float(index) }
            }
        }
        try withTemporaryDirectory { directory in
            let path = try Self.write(adapter, of: configuration, in: directory)
            let archive = try TensorArchive(
                contentsOf: path.appending("adapter_model.safetensors")
            )
            func rows(_ name: String) throws -> [Float] {
                let layer = "base_model.model.model.layers.1.self_attn.\(name)"
                return try #require(archive["\(layer).lora_B.weight"]).floats().floats()
            }
            #expect(try rows("q_proj") == [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15])
            #expect(try rows("v_proj") == (0..<8).map { Float($0) })
        }
    }

    @Test func modulesAreNamedAsBrieflyAsPossible() throws {
        let ops = try Ops(threadCount: 1)
        let (gpt2, llama) = (try Self.gpt2(), try Self.llama())
        func targets(_ configuration: any ModelConfiguration, _ shape: LowRankShape) throws
            -> [String]
        {
            try withTemporaryDirectory { directory in
                let path = try Self.write(
                    Self.adapter(shape, ops),
                    of: configuration,
                    in: directory
                )
                let settings = try Self.settings(path)
                #expect(settings["fan_in_fan_out"] as? Bool == (configuration is GPT2Configuration))
                #expect(settings["peft_type"] as? String == "LORA")
                #expect(settings["task_type"] as? String == "CAUSAL_LM")
                return try #require(settings["target_modules"] as? [String])
            }
        }
        func shape(_ configuration: any ModelConfiguration, _ parts: Set<ModelWeight.Part>)
            -> LowRankShape
        { LowRankShape(configuration, parts: parts, rank: 2, alpha: 2) }
        #expect(try targets(gpt2, shape(gpt2, [.attention])) == ["c_attn", "attn.c_proj"])
        let all = shape(gpt2, [.attention, .mlp])
        #expect(try targets(gpt2, all) == ["c_attn", "c_proj", "c_fc"])
        let projections = ["q_proj", "k_proj", "v_proj", "o_proj"]
        #expect(try targets(llama, shape(llama, [.attention])) == projections)
        // Of one block only.
        let query = LowRankShape([shape(llama, [.attention]).layers[4]], usesRootOfRank: false)
        #expect(try targets(llama, query) == ["model.layers.1.self_attn.q_proj"])
    }

    /// Ranks and alphas of their own, divided by the root of the rank.
    @Test func layersKeepTheirOwnRanksAndAlphas() throws {
        let ops = try Ops(threadCount: 1)
        let configuration = try Self.gpt2()
        let layers = LowRankShape(configuration, parts: [.attention, .mlp], rank: 2, alpha: 3)
            .layers.enumerated().map { index, layer in
                LowRankShape.Layer(
                    weight: layer.weight,
                    rank: index == 1 ? 4 : layer.rank,
                    alpha: index == 2 ? 0.1 : layer.alpha
                )
            }
        let shape = LowRankShape(layers, usesRootOfRank: true)
        try withTemporaryDirectory { directory in
            let path = try Self.write(Self.adapter(shape, ops), of: configuration, in: directory)
            let settings = try Self.settings(path)
            #expect(settings["r"] as? Int == 2)
            #expect(settings["lora_alpha"] as? Int == 3)
            #expect(
                settings["rank_pattern"] as? [String: Int] == ["transformer.h.0.attn.c_proj": 4]
            )
            let found = try TrainableAdapter(LowRankAdapter(path), of: configuration, ops: ops)
            #expect(found.shape == shape)
        }
    }

    @Test func anAdapterOfMoreThanLinearLayersIsNotTrained() throws {
        let ops = try Ops(threadCount: 1)
        let configuration = try Self.llama()
        let (C, V) = (configuration.channels, configuration.vocabularySize)
        let head = "base_model.model.lm_head"
        let embedding = "base_model.model.model.embed_tokens"
        let cases: [([(name: String, shape: [Int])], String)] = [
            (
                [("\(head).lora_A.weight", [2, C]), ("\(head).lora_B.weight", [V, 2])],
                "it changes 'lm_head', which is not a linear layer within the model's blocks"
            ),
            ([("\(embedding).weight", [V, C])], "it replaces 'model.embed_tokens' as a whole"),
            ([], "it changes no layer"),
            (
                [
                    ("base_model.model.model.layers.0.mlp.up_proj.lora_A.weight", [2, C + 1]),
                    ("base_model.model.model.layers.0.mlp.up_proj.lora_B.weight", [12, 2]),
                ],
                "has the shape [2, \(C + 1)], and the model's layer needs [2, \(C)]"
            ),
        ]
        for (tensors, words) in cases {
            try withTemporaryDirectory { directory in
                try writeFile(
                    directory.appending("adapter_config.json"),
                    bytes: Array(#"{"peft_type": "LORA", "lora_alpha": 6}"#.utf8)
                )
                try writeFile(
                    directory.appending("adapter_model.safetensors"),
                    bytes: safetensors(tensors)
                )
                let adapter = try LowRankAdapter(directory)
                let error = #expect(throws: TensorFileError.self) {
                    try TrainableAdapter(adapter, of: configuration, ops: ops)
                }
                #expect(error?.description.contains(words) == true)
            }
        }
    }
}
