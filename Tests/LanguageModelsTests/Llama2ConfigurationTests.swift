import FileIO
import TestSupport
import Testing

@testable import LanguageModels

@Suite struct Llama2ConfigurationTests {
    private func read(_ json: String, vocabularySize: Int = 32_000) throws -> Llama2Configuration {
        try withTemporaryDirectory { directory in
            let path = directory.appending("params.json")
            let file = try AtomicFile(path)
            try file.write(Array(json.utf8))
            try file.commit()
            return try Llama2Configuration(paramsFile: path, vocabularySize: vocabularySize)
        }
    }

    @Test(
        arguments: [
            // Llama 2 7B, 13B, 34B (Code Llama), 70B, and llama2.c's 15M and 110M.
            (4096, nil, 256, 11008), (5120, nil, 256, 13824), (8192, 1.0, 256, 22016),
            (8192, 1.3, 4096, 28672), (288, nil, 32, 768), (768, nil, 32, 2048),
        ] as [(Int, Double?, Int, Int)]
    )
    func hiddenChannelsFollowTheRuleOfTheFamily(
        channels: Int,
        multiplier: Double?,
        multiple: Int,
        hidden: Int
    ) throws {
        try #expect(
            Llama2Configuration.hiddenChannels(
                channels: channels,
                multiplier: multiplier,
                multiple: multiple
            ) == hidden
        )
    }

    @Test func metasParametersAreRead() throws {
        let large = try read(
            """
            {"dim": 8192, "multiple_of": 4096, "ffn_dim_multiplier": 1.3, "n_heads": 64,
             "n_kv_heads": 8, "n_layers": 80, "norm_eps": 1e-06, "vocab_size": -1}
            """
        )
        #expect(large.channels == 8192)
        #expect(large.hiddenChannels == 28672)
        #expect(large.layerCount == 80)
        #expect(large.headCount == 64)
        #expect(large.keyValueHeadCount == 8)
        #expect(large.vocabularySize == 32_000)
        #expect(large.contextLength == 4096)
        #expect(large.normEpsilon == 1e-6)
        #expect(large.ropeTheta == 10_000)
        #expect(large.hasSeparateClassifier)
        let small = try read(
            "{\"dim\": 4096, \"n_heads\": 32, \"n_layers\": 32, \"rope_theta\": 1000000.0, "
                + "\"vocab_size\": 32016, \"max_seq_len\": 16384, \"use_scaled_rope\": false, "
                + "\"other\": [1]}",
            vocabularySize: 32_016
        )
        #expect(small.keyValueHeadCount == 32)
        #expect(small.hiddenChannels == 11008)
        #expect(small.normEpsilon == 1e-5)
        #expect(small.ropeTheta == 1_000_000)
        #expect(small.contextLength == 16_384)
    }

    /// The configuration from Hugging Face's file with these entries in addition to its sizes.
    private func readHuggingFace(_ more: String) throws -> Llama2Configuration {
        try withTemporaryDirectory { directory in
            let path = directory.appending("config.json")
            let file = try AtomicFile(path)
            let sizes = """
                "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, \
                "num_attention_heads": 2, "vocab_size": 7, "max_position_embeddings": 32
                """
            try file.write(Array("{\(sizes), \(more)}".utf8))
            try file.commit()
            return try Llama2Configuration(huggingFaceFile: path)
        }
    }

    @Test(arguments: [
        #""rope_scaling": null"#,
        #""rope_scaling": {"type": "default"}"#,
        #""rope_scaling": {"factor": 1.0, "type": "linear"}"#,
        #""rope_scaling": {"factor": 1, "rope_type": "dynamic"}"#,
        #""rope_scaling": {"factor": 1.0, "rope_type": "yarn", "attention_factor": null}"#,
        #""rope_parameters": {"factor": 1.0, "rope_theta": 10000.0, "rope_type": "linear"}"#,
        #""rope_parameters": {"factor": 1.0, "rope_type": "llama3", "low_freq_factor": 1.0}"#,
    ])
    func scalingThatChangesNoRotaryPositionIsAccepted(more: String) throws {
        let configuration = try readHuggingFace(more)
        #expect(configuration.ropeTheta == 10_000)
        #expect(configuration.ropeScaling == .none)
    }

    @Test(
        arguments: [
            (#""rope_scaling": {"factor": 2.0, "type": "linear"}"#, .linear(factor: 2), 10_000),
            (
                #""rope_theta": 7, "rope_scaling": {"factor": 2, "rope_type": "linear"}"#,
                .linear(factor: 2), 7
            ),
            (
                #""rope_parameters": {"rope_theta": 8, "factor": 1.5, "rope_type": "linear"}"#,
                .linear(factor: 1.5), 8
            ),
            // An empty object says nothing, and one that says something takes precedence over the
            // newer key.
            (
                #""rope_scaling": {}, "rope_parameters": {"factor": 3, "rope_type": "linear"}"#,
                .linear(factor: 3), 10_000
            ),
            (
                #""rope_scaling": {"factor": 4, "type": "linear"}, "#
                    + #""rope_parameters": {"rope_theta": 9, "rope_type": "default"}"#,
                .linear(factor: 4), 10_000
            ),
            (
                #""rope_parameters": {"factor": 8, "rope_type": "llama3", "low_freq_factor": 1, "#
                    + #""high_freq_factor": 4, "original_max_position_embeddings": 16}"#,
                .llama3(
                    factor: 8,
                    lowFrequencyFactor: 1,
                    highFrequencyFactor: 4,
                    originalContextLength: 16
                ),
                10_000
            ),
            // The default is the model's own context.
            (
                #""rope_scaling": {"factor": 8, "rope_type": "llama3", "low_freq_factor": 1, "#
                    + #""high_freq_factor": 4}"#,
                .llama3(
                    factor: 8,
                    lowFrequencyFactor: 1,
                    highFrequencyFactor: 4,
                    originalContextLength: 32
                ),
                10_000
            ),
        ] as [(String, RotaryScaling, Float)]
    )
    func scaledRotaryPositionsAreRead(
        more: String,
        scaling: RotaryScaling,
        theta: Float
    ) throws {
        let configuration = try readHuggingFace(more)
        #expect(configuration.ropeScaling == scaling)
        #expect(configuration.ropeTheta == theta)
    }

    @Test func headsMayHaveAWidthOfTheirOwn() throws {
        let configuration = try readHuggingFace(#""head_dim": 6, "num_key_value_heads": 1"#)
        #expect(configuration.headSize == 6)
        #expect(configuration.keyValueChannels == 6)
        #expect(Llama2Weight.wq.shape(in: configuration) == [12, 8])
        #expect(Llama2Weight.wo.shape(in: configuration) == [8, 12])
        #expect(configuration.differencesFromLlama2C.first?.hasPrefix("heads of 6") == true)
    }

    @Test(arguments: [
        (#""attention_bias": true"#, "'attention_bias'"),
        (#""mlp_bias": true"#, "'mlp_bias'"),
        (#""hidden_act": "gelu""#, "its activation is 'gelu'"),
        (#""model_type": "mistral""#, "a model of type 'mistral'"),
        (#""partial_rotary_factor": 0.5"#, "'partial_rotary_factor'"),
        (#""rope_scaling": {"type": "linear"}"#, "'factor' of its rotary"),
        (#""rope_scaling": {"type": "linear", "factor": 0}"#, "are divided by 0.0"),
        (#""rope_scaling": {"type": "llama3", "factor": 2}"#, "'low_freq_factor' of its"),
        (
            #""rope_scaling": {"type": "llama3", "factor": 2, "low_freq_factor": 4, "#
                + #""high_freq_factor": 4}"#,
            "frequency factors of 4.0 and 4.0"
        ),
        (#""head_dim": 3"#, "heads have 3 channels, which must be pairs"),
        (#""head_dim": 1000000"#, "heads have 1000000 channels"),
        (#""head_dim": 0"#, "heads have 0 channels"),
    ])
    func whatLlamasDoNotHaveIsRefusedByName(more: String, message: String) {
        let error = #expect(throws: (any Error).self) { try readHuggingFace(more) }
        #expect(error.map { "\($0)" }?.contains(message) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        (#""rope_scaling": {"factor": 1.0, "type": "longrope"}"#, "('longrope')"),
        (#""rope_scaling": {"factor": 1, "type": "yarn", "attention_factor": 1.1}"#, "('yarn')"),
        (
            #""rope_scaling": {"factor": 1, "type": "yarn", "#
                + #""original_max_position_embeddings": 8}"#,
            "('yarn')"
        ),
        (#""rope_parameters": {"factor": 4, "rope_type": "longrope"}"#, "('longrope')"),
    ])
    func otherScalingsAreRefused(more: String, kind: String) {
        let error = #expect(throws: (any Error).self) { try readHuggingFace(more) }
        #expect(error.map { "\($0)" }?.contains("are scaled \(kind)") == true)
    }

    @Test func configurationsMayBePythonsJSON() throws {
        let more =
            #""x": NaN, "y": [-Infinity], "name": "\ud800", "z": 123456789012345678901234567890"#
        #expect(try readHuggingFace(more).channels == 8)
        let error = #expect(throws: (any Error).self) { try readHuggingFace(#""rope_theta": NaN"#) }
        #expect(error.map { "\($0)" }?.contains("'rope_theta' of its JSON") == true)
    }

    @Test(arguments: [
        ("{}", "'dim'"),
        ("[]", "wrong type"),
        ("", "damaged"),
        ("{\"dim\": \"x\", \"n_heads\": 1, \"n_layers\": 1}", "'dim' of its JSON"),
        (
            "{\"dim\": 0, \"n_heads\": 1, \"n_layers\": 1}",
            "the number of channels is 0 and must be"
        ),
        ("{\"dim\": 9000000000000000000, \"n_heads\": 1, \"n_layers\": 1}", "channels"),
        (
            "{\"dim\": 64, \"n_heads\": 0, \"n_layers\": 1}",
            "that cannot exist: the number of heads is 0"
        ),
        ("{\"dim\": 64, \"n_heads\": 64, \"n_layers\": 1}", "in pairs"),
        ("{\"dim\": 64, \"n_heads\": 8, \"n_kv_heads\": 3, \"n_layers\": 1}", "cannot share 3"),
        (
            "{\"dim\": 64, \"n_heads\": 8, \"n_layers\": 1, \"multiple_of\": 0}",
            "the multiple of hidden channels is 0 and must be"
        ),
        ("{\"dim\": 64, \"n_heads\": 8, \"n_layers\": 1, \"norm_eps\": 0}", "epsilon is 0.0"),
        ("{\"dim\": 64, \"n_heads\": 8, \"n_layers\": 1, \"rope_theta\": -1}", "theta is -1.0"),
        (
            "{\"dim\": 64, \"n_heads\": 8, \"n_layers\": 1, \"ffn_dim_multiplier\": 1e300}",
            "the factor of the hidden channels"
        ),
        (
            "{\"dim\": 64, \"n_heads\": 8, \"n_layers\": 1, \"ffn_dim_multiplier\": -1}",
            "the factor of the hidden channels"
        ),
        (
            "{\"dim\": 64, \"n_heads\": 8, \"n_layers\": 1, \"use_scaled_rope\": true}",
            "its rotary positions are scaled"
        ),
        (
            "{\"dim\": 64, \"n_heads\": 8, \"n_layers\": 1, \"vocab_size\": 512}",
            "holds a vocabulary of 512, but one of 32000 is needed"
        ),
    ])
    func impossibleParametersAreRefused(json: String, message: String) {
        let error = #expect(throws: (any Error).self) { try read(json) }
        #expect(error.map { "\($0)" }?.contains(message) == true, "\(String(describing: error))")
    }
}
