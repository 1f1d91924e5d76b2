// What an adapter's directory says and its effect: how its product is scaled, and what is refused.
// ParityTests compares whole models with adapters with PEFT.

import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

@Suite struct LowRankAdapterTests {
    private typealias Named = (name: String, shape: [Int])

    private static let (qkv, fc) = ("transformer.h.0.attn.c_attn", "transformer.h.1.mlp.c_fc")

    /// The two matrices of a layer under PEFT's names.
    private static func pair(_ layer: String, _ a: [Int], _ b: [Int]) -> [Named] {
        [
            ("base_model.model.\(layer).lora_A.weight", a),
            ("base_model.model.\(layer).lora_B.weight", b),
        ]
    }

    /// The matrices of two layers of the small model.
    private static func pairs(_ C: Int) -> [Named] {
        pair(qkv, [2, C], [3 * C, 2]) + pair(fc, [1, C], [4 * C, 1])
    }

    private static let plain = #""peft_type": "LORA", "lora_alpha": 6"#

    /// Opens a directory with this configuration and these tensors, which count up from 0.
    private func open(_ settings: String, _ tensors: [Named]) throws -> LowRankAdapter {
        try withTemporaryDirectory { directory in
            try writeFile(
                directory.appending("adapter_config.json"),
                bytes: Array("{\(settings)}".utf8)
            )
            try writeFile(
                directory.appending("adapter_model.safetensors"),
                bytes: safetensors(tensors)
            )
            return try LowRankAdapter(directory)
        }
    }

    private func error(_ settings: String = plain, _ tensors: [Named]) -> String {
        do {
            let model = try smallModel()
            _ = try model.merging(open(settings, tensors), ops: model.ops)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    /// Settings, and the resulting scale of the products of the two layers.
    private static let scales: [(String, Float, Float)] = [
        ("", 3, 6),
        (#", "use_rslora": true"#, 6 / Float(2).squareRoot(), 6),
        (#", "alpha_pattern": {"c_attn": 4}"#, 2, 6),
        (#", "alpha_pattern": {"h.0.attn.c_attn": 4, "mlp.c_fc": 0.5}"#, 2, 0.5),
        // A name must end with a whole word.
        (#", "alpha_pattern": {"attn": 4, "fc": 4}, "rank_pattern": {"c_fc": 1}"#, 3, 6),
        (#", "bias": "none", "use_dora": false, "init_lora_weights": "gaussian""#, 3, 6),
        (#", "modules_to_save": null, "layer_replication": null"#, 3, 6),
    ]

    /// What is added to each element is scale x the sum over r of B (out, r) A (r, in).
    @Test(arguments: scales)
    func theProductIsScaledAsTheConfigurationSays(
        settings: String,
        scale: Float,
        scaleOfC_fc: Float
    ) throws {
        let model = try smallModel()
        let (C, ops, configuration) = (model.configuration.channels, model.ops, model.configuration)
        let adapter = try open(Self.plain + settings, Self.pairs(C))
        let merged = try #require(
            model.merging(adapter, ops: ops) as? any ModelWeights<GPT2Configuration>
        )
        for weight in configuration.weights {
            let (before, after) = (ops.floats(model.tensor(weight)), try merged.tensor(weight))
            let rank: Int
            let ownScale: Float
            switch weight {
            case configuration.weight(.qkvw, layer: 0): (rank, ownScale) = (2, scale)
            case configuration.weight(.fcw, layer: 1): (rank, ownScale) = (1, scaleOfC_fc)
            default:
                #expect(ops.floats(after) == before)
                continue
            }
            for (index, found) in ops.floats(after).enumerated() {
                let (out, inp) = (index / C, index % C)
                let product = (0..<rank).reduce(Float(0)) {
                    $0 + Float(out * rank + $1) * Float($1 * C + inp)
                }
                let expected = before[index] + ownScale * product
                #expect(abs(found - expected) <= 1e-5 * max(1, abs(expected)))
            }
        }
    }

    /// As PEFT does for the embedding that it saves with an adapter of the head.
    @Test func aWeightSavedWithTheMatricesReplacesTheModels() throws {
        let model = try smallModel()
        let (C, V) = (model.configuration.channels, model.configuration.vocabularySize)
        for name in ["wte.weight", "wte.base_layer.weight"] {
            let saved: Named = ("base_model.model.transformer.\(name)", [V, C])
            let merged = try model.merging(
                open(Self.plain, Self.pairs(C) + [saved]),
                ops: model.ops
            )
            let wte = model.configuration.weight(.wte)
            #expect(try merged.tensor(wte).floats() == (0..<V * C).map { Float($0) })
        }
        let larger: Named = ("base_model.model.transformer.wte.weight", [V + 1, C])
        #expect(error(Self.plain, Self.pairs(C) + [larger]).contains("has the shape [\(V + 1), "))
    }

    @Test(arguments: [
        (#""peft_type": "IA3", "lora_alpha": 6"#, "of type 'IA3', not LORA"),
        (#""peft_type": "LORA""#, "without 'lora_alpha'"),
        (#""lora_alpha": 6"#, "without 'peft_type'"),
        (#""peft_type": 3, "lora_alpha": 6"#, "'peft_type' of its JSON"),
        (#""peft_type": "LORA", "lora_alpha": NaN"#, "'lora_alpha' of its JSON"),
        (#""peft_type": "LORA", "lora_alpha": 1e60"#, "its JSON should be"),
        (#""peft_type": "LORA", "lora_alpha": 6, "use_dora": true"#, "it is a DoRA"),
        (#""peft_type": "LORA", "lora_alpha": 6, "use_qalora": true"#, "it is a QALoRA"),
        (#""peft_type": "LORA", "lora_alpha": 6, "use_bdlora": {"a": 1}"#, "it is a BD-LoRA"),
        (
            #""peft_type": "LORA", "lora_alpha": 6, "alora_invocation_tokens": [1]"#,
            "acts on part of a text"
        ),
        (
            #""peft_type": "LORA", "lora_alpha": 6, "layer_replication": [[0, 1]]"#,
            "repeats layers"
        ),
        (
            #""peft_type": "LORA", "lora_alpha": 6, "init_lora_weights": "pissa""#,
            "changed the model's own weights (init_lora_weights is 'pissa')"
        ),
        (#""peft_type": "LORA", "lora_alpha": 6, "bias": "all""#, "with bias 'all'"),
        (
            #""peft_type": "LORA", "lora_alpha": 6, "modules_to_save": ["lm_head"]"#,
            "replaces whole modules"
        ),
        (
            #""peft_type": "LORA", "lora_alpha": 6, "alpha_pattern": {"h\\.[01].*": 2}"#,
            "is a regular expression"
        ),
        (
            #""peft_type": "LORA", "lora_alpha": 6, "#
                + #""alpha_pattern": {"c_attn": 2, "attn.c_attn": 3}"#,
            "'attn.c_attn' and 'c_attn' of its alpha_pattern both match"
        ),
        (#""peft_type": "LORA\u001b[31m", "lora_alpha": 6"#, "type 'LORA\\u{1b}[31m'"),
        (#""peft_type": "LORA", "lora_alpha": 6"# + "\0", "its JSON"),
    ])
    func aConfigurationOfAnotherKindIsRefusedByName(settings: String, words: String) throws {
        let C = try smallModel().configuration.channels
        let message = error(settings, Self.pairs(C))
        #expect(message.contains(words), "\(message)")
    }

    @Test func tensorsThatDoNotBelongTogetherAreNamed() throws {
        let C = try smallModel().configuration.channels
        let pairs = Self.pairs(C)
        let name = "base_model.model.\(Self.qkv)"
        let cases: [([Named], String)] = [
            (Array(pairs.dropFirst()), "has no tensor '\(name).lora_A.weight'"),
            ([pairs[0]] + pairs[2...], "has no tensor '\(name).lora_B.weight'"),
            (Self.pair(Self.qkv, [2, C], [3 * C, 3]), "should be (out, 2), but is"),
            (Self.pair(Self.qkv, [2 * C], [3 * C, 2]), "should be (r, in), but is"),
            (Self.pair(Self.qkv, [0, C], [3 * C, 0]), "should be (r, in), but is"),
            (Self.pair(Self.qkv, [], [3 * C, 0]), "should be (r, in), but is"),
            // Consistent with each other, but not with the model; each of the two is reported by
            // name.
            (
                Self.pair(Self.qkv, [2, C + 1], [3 * C, 2]),
                "lora_A.weight' has the shape [2, \(C + 1)], and the model's layer needs [2, \(C)]"
            ),
            (
                Self.pair(Self.qkv, [2, C], [C, 2]),
                "lora_B.weight' has the shape [\(C), 2], and the model's layer needs [\(3 * C), 2]"
            ),
            (
                Self.pair("transformer.h.9.attn.c_attn", [2, C], [3 * C, 2]),
                "it changes 'transformer.h.9.attn.c_attn', which is not a linear layer of the model"
            ),
            (
                Self.pair("transformer.h.0.ln_1", [2, C], [C, 2]),
                "it changes 'transformer.h.0.ln_1', which is not a linear layer of the model"
            ),
            (
                pairs + [("base_model.model.\(Self.qkv).lora_magnitude_vector", [3 * C])],
                "lora_magnitude_vector' is not part of a linear layer's LoRA"
            ),
            (
                pairs + [("base_model.model.transformer.wte.lora_embedding_A", [2, C])],
                "lora_embedding_A' is not part of a linear layer's LoRA"
            ),
            (
                pairs + [("\(Self.qkv).weight", [C, 3 * C])],
                "'\(Self.qkv).weight' is not part of a linear layer's LoRA"
            ),
        ]
        for (tensors, words) in cases {
            let message = error(Self.plain, tensors)
            #expect(message.contains(words), "\(message)")
        }
    }

    @Test func aDirectoryWithoutTheTwoFilesIsNotAnAdapter() throws {
        try withTemporaryDirectory { directory in
            let error = #expect(throws: TensorFileError.self) { try LowRankAdapter(directory) }
            let names = "adapter_config.json, adapter_model.safetensors"
            #expect(error?.description.contains("looked for \(names)") == true)
        }
    }

    /// Damaged in some hundred ways, it is opened or refused, and nothing worse happens.
    @Test(.timeLimit(.minutes(1))) func damagedAdaptersAreReadOrRefused() throws {
        let model = try smallModel()
        try withTemporaryDirectory { directory in
            let (config, tensors) = (
                directory.appending("adapter_config.json"),
                directory.appending("adapter_model.safetensors")
            )
            let configBytes = Array("{\(Self.plain), \"alpha_pattern\": {\"c_fc\": 2}}".utf8)
            let tensorBytes = safetensors(Self.pairs(model.configuration.channels))
            var mutations = (
                Mutations(of: configBytes, seed: 1), Mutations(of: tensorBytes, seed: 2)
            )
            for round in 0..<500 {
                let isConfig = round % 2 == 0
                try writeFile(config, bytes: isConfig ? mutations.0.next() : configBytes)
                try writeFile(tensors, bytes: isConfig ? tensorBytes : mutations.1.next())
                guard let adapter = try? LowRankAdapter(directory),
                    let merged = try? model.merging(adapter, ops: model.ops)
                else { continue }
                for weight in merged.configuration.weights { _ = try? merged.tensor(weight) }
            }
        }
    }
}
