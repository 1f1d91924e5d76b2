// The files of Llama 2, written and read back, and the errors for files that are something else.

import FileIO
import Inference
import RandomNumbers
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

@Suite struct Llama2CheckpointTests {
    private let ops: Ops

    init() throws { ops = try Ops(threadCount: 1) }

    private func logits(
        _ checkpoint: some ModelWeights<Llama2Configuration>,
        _ precision: ElementType = .float32
    )
        throws -> [Float]
    {
        try Llama2Decoder(checkpoint, precision: precision, ops: ops).makeSession()
            .logits(appending: [1, 5, 2, 7])
    }

    @Test(arguments: [Llama2CFile.Version.legacy, .float32], [false, true])
    func float32FilesGiveTheSameBits(version: Llama2CFile.Version, separate: Bool) throws {
        let checkpoint = try randomLlama(smallLlama(separate: separate))
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try checkpoint.writeLlama2C(to: path, version: version, ops: ops)
            let read = try openWeights(at: path, as: Llama2Configuration.self)
            #expect(read.configuration == checkpoint.configuration)
            #expect(try logits(read) == logits(checkpoint))
        }
    }

    /// Groups of 64 run across the ends of rows of 96; groups of 4 are smaller than a block.
    @Test(arguments: [(192, 96, 64, ElementType.q8_f32), (36, 44, 4, .float32)])
    func int8GroupsAreKeptWhateverTheRows(
        channels: Int,
        hidden: Int,
        groupSize: Int,
        type: ElementType
    ) throws {
        let checkpoint = try randomLlama(smallLlama(channels: channels, hidden: hidden))
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try checkpoint.writeLlama2C(to: path, version: .int8, ops: ops)
            let file = try Llama2CFile(path)
            #expect(file.groupSize == groupSize)
            for weight in [Llama2Weight.tokenEmbedding, .wk, .w1, .w2] {
                let matrix = try file.tensor(file.configuration.weight(weight))
                #expect(matrix.elementType == type)
                let scales = try #require(file.scales(weight, layer: 0)).floats().floats()
                let values = file.stored(weight, layer: 0).withUnsafeBytes { Array($0) }
                let expected = values.enumerated().map { index, byte in
                    Float(Int8(bitPattern: byte)) * scales[index / groupSize]
                }
                #expect(try ops.copy(matrix, as: .float32).floats() == expected)
                // No value is off by more than half a step.
                let original = checkpoint.tensor(file.configuration.weight(weight)).floats()
                let isClose = zip(original, expected).enumerated().allSatisfy { index, pair in
                    abs(pair.0 - pair.1) <= scales[index / groupSize] * 0.5001
                }
                #expect(isClose)
            }
            let (float32, q8) = (
                try logits(openWeights(at: path, as: Llama2Configuration.self)),
                try logits(openWeights(at: path, as: Llama2Configuration.self), .q8_0)
            )
            let largest = largestDifference(float32, q8)
            // With integers unchanged, results differ only by the rounding of the input.
            #expect(largest <= (type == .q8_f32 ? 2e-3 : 0.1))
        }
    }

    @Test func aGroupOfZerosStaysZero() throws {
        let configuration = try smallLlama()
        var generator = MersenneTwister(seed: 3)
        let checkpoint = try MemoryWeights(randomWeights: configuration, using: &generator)
        checkpoint.tensor(configuration.weight(.wv, layer: 1)).withUnsafeBytes { values, _ in
            _ = UnsafeMutableRawBufferPointer(mutating: values)
                .initializeMemory(as: UInt8.self, repeating: 0)
        }
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try checkpoint.writeLlama2C(to: path, version: .int8, ops: ops)
            let matrix = try Llama2CFile(path).tensor(configuration.weight(.wv, layer: 1))
            #expect(try ops.copy(matrix, as: .float32).floats().allSatisfy { $0 == 0 })
        }
    }

    @Test func constantsThatLlama2CLacksAreNotSilentlyDropped() throws {
        let configuration = try Llama2Configuration(
            contextLength: 8,
            vocabularySize: 7,
            layerCount: 1,
            headCount: 2,
            keyValueHeadCount: 2,
            channels: 8,
            hiddenChannels: 8,
            hasSeparateClassifier: false,
            ropeTheta: 500_000,
            ropeScaling: .linear(factor: 2)
        )
        var generator = MersenneTwister(seed: 3)
        let checkpoint = try MemoryWeights(randomWeights: configuration, using: &generator)
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            let error = #expect(throws: ModelError.self) {
                try checkpoint.writeLlama2C(to: path, version: .legacy, ops: ops)
            }
            #expect(
                error?.description.contains(
                    "cannot store a theta of 500000.0, only 10000.0, scaled rotary positions"
                ) == true
            )
            #expect(!FileSystem.exists(path))
        }
    }

    /// The error message for a directory of such files.
    private func error(_ files: [(String, String)], opening name: String? = nil) throws -> String {
        try withTemporaryDirectory { directory in
            for (name, text) in files {
                try writeFile(directory.appending(name), bytes: Array(text.utf8))
            }
            do {
                _ = try openWeights(
                    at: name.map { directory.appending($0) } ?? directory,
                    as: Llama2Configuration.self
                )
                return "no error"
            } catch {
                return "\(error)"
            }
        }
    }

    private static let sizes = """
        "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, \
        "num_attention_heads": 2, "vocab_size": 7
        """

    @Test(arguments: [
        ([], "looked for config.json, params.json, ckpt.pt"),
        ([("config.json", "{}")], "without one of hidden_size"),
        ([("config.json", "{")], "is damaged"),
        ([("config.json", #"{"hidden_size": "8"}"#)], "'hidden_size' of its JSON"),
        ([("config.json", #"{"model_type": "bert"}"#)], "model of type 'bert'"),
        ([("config.json", "{\(sizes)}")], "looked for model.safetensors"),
        (
            [("config.json", #"{"rope_scaling": {"type": "longrope"}, \#(sizes)}"#)],
            "rotary positions are scaled ('longrope')"
        ),
        (
            [("config.json", #"{"rope_parameters": {"rope_type": "yarn"}, \#(sizes)}"#)],
            "rotary positions are scaled ('yarn')"
        ),
        (
            [("config.json", #"{"attention_bias": true, \#(sizes)}"#)],
            "has biases ('attention_bias')"
        ),
        ([("config.json", #"{"hidden_act": "gelu", \#(sizes)}"#)], "'gelu' instead of 'silu'"),
        ([("config.json", #"{"head_dim": 5, \#(sizes)}"#)], "heads have 5 channels"),
        (
            [("config.json", #"{"num_key_value_heads": 0, \#(sizes)}"#)],
            "the number of key and value heads is 0"
        ),
        ([("params.json", "{}")], "looked for consolidated.00.pth"),
    ])
    func directoriesWithoutALlamaAreNamed(files: [(String, String)], words: String) throws {
        let message = try error(files)
        #expect(message.contains(words), "\(message)")
    }

    @Test func aTextFileIsNotACheckpoint() throws {
        let files = [("story.txt", "Once upon a time, there was a little girl named Lily.")]
        let message = try error(files, opening: "story.txt")
        #expect(message.contains("it is not a llama2.c checkpoint"))
    }

    @Test func aGPT2CheckpointIsNotALlama() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("gpt2.bin")
            try smallModel().writeLLMCCheckpoint(to: path)
            #expect(throws: (any Error).self) {
                try openWeights(at: path, as: Llama2Configuration.self)
            }
        }
    }

    @Test(arguments: Llama2CFile.Version.allCases)
    func everyTruncationIsAnError(version: Llama2CFile.Version) throws {
        let checkpoint = try randomLlama(smallLlama(channels: 12, hidden: 4, context: 8))
        try withTemporaryDirectory { directory in
            let (path, cut) = (directory.appending("model.bin"), directory.appending("cut.bin"))
            try checkpoint.writeLlama2C(to: path, version: version, ops: ops)
            let bytes = try MappedFile(path).contents()
            for count in Array(0..<300) + [bytes.count / 2, bytes.count - 1] {
                try writeFile(cut, bytes: Array(bytes.prefix(count)))
                #expect(throws: (any Error).self) {
                    try openWeights(at: cut, as: Llama2Configuration.self)
                }
            }
            try writeFile(cut, bytes: bytes + [0])
            #expect(throws: (any Error).self) {
                try openWeights(at: cut, as: Llama2Configuration.self)
            }
        }
    }
}
