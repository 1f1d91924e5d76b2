// Models of both families as GGUF files: written, read back, and refused if they compute something
// that ours do not.

import FileIO
import Inference
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

@Suite struct GGUFModelTests {
    private let ops: Ops

    init() throws { ops = try Ops(instructionSet: .reference, threadCount: 1) }

    /// Writes a model and calls `body` with the path.
    private func withGGUF<Result>(
        _ model: some ModelWeights,
        storing type: StoredType? = nil,
        metadata: GGUFMetadata = GGUFMetadata(),
        _ body: (FilePath) throws -> Result
    ) throws -> Result {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.gguf")
            try model.writeGGUF(
                to: AtomicFile(path),
                storing: type,
                name: "small",
                metadata: metadata,
                ops: ops
            )
            return try body(path)
        }
    }

    /// Expects every weight of two models to be the same.
    private func expectSameWeights<Configuration: ModelConfiguration>(
        _ a: some ModelWeights<Configuration>,
        _ b: some ModelWeights<Configuration>
    ) throws {
        for weight in a.configuration.weights {
            let same =
                try ops.convert(a.tensor(weight), to: .float32).floats()
                == ops.convert(b.tensor(weight), to: .float32).floats()
            #expect(same, "\(weight)")
        }
    }

    // MARK: There and back

    @Test func aGPT2RoundTripsWithoutItsPadding() throws {
        let model = try smallModel()
        try withGGUF(model) { path in
            let read = try openWeights(at: path, as: GPT2Configuration.self)
            #expect(read.format == .gguf)
            #expect(read.configuration == model.configuration)
            try expectSameWeights(model, read)
            let embedding = try TensorArchive(contentsOf: path)["token_embd.weight"]
            #expect(embedding?.shape == [10, 12])
        }
    }

    @Test func aSizeThatNoProductCanHoldIsRefused() throws {
        for size in [GGUFValue.uint64(1 << 62), .int64(-1 << 62), .uint32(0)] {
            var metadata = GGUFMetadata()
            metadata["gpt2.embedding_length"] = size
            for hidden in [GGUFValue.uint64(1 << 62), nil] {
                metadata["gpt2.feed_forward_length"] = hidden
                try withGGUF(smallModel(), metadata: metadata) { path in
                    _ = #expect(throws: (any Error).self) { try openWeights(at: path) }
                }
            }
        }
    }

    private static let llamas: [@Sendable () throws -> Llama2Configuration] = [
        { try smallLlama(separate: false) },
        { try smallLlama(separate: true) },
        { try scaledLlama(.linear(factor: 4)) },
        {
            try scaledLlama(
                .llama3(
                    factor: 8,
                    lowFrequencyFactor: 1,
                    highFrequencyFactor: 4,
                    originalContextLength: 8192
                )
            )
        },
        { try scaledLlama(.perPair(divisors: [1, 2, 5, 4, 3, 9, 8, 7])) },
    ]

    /// Grouped heads with a size other than channels / heads.
    private static func scaledLlama(
        _ scaling: RotaryScaling,
        hiddenChannels: Int = 40,
        separate: Bool = true
    ) throws -> Llama2Configuration {
        try Llama2Configuration(
            contextLength: 32,
            vocabularySize: 11,
            layerCount: 2,
            headCount: 4,
            keyValueHeadCount: 2,
            headSize: 16,
            channels: 32,
            hiddenChannels: hiddenChannels,
            hasSeparateClassifier: separate,
            ropeTheta: 500_000,
            ropeScaling: scaling,
            normEpsilon: 1e-6
        )
    }

    @Test(arguments: llamas.indices)
    func aLlamaRoundTripsCompletely(index: Int) throws {
        let model = try randomLlama(Self.llamas[index]())
        try withGGUF(model) { path in
            let read = try openWeights(at: path, as: Llama2Configuration.self)
            #expect(read.configuration == model.configuration)
            try expectSameWeights(model, read)
            let output = try TensorArchive(contentsOf: path)["output.weight"]
            #expect((output != nil) == model.configuration.hasSeparateClassifier)
        }
    }

    @Test(arguments: [false, true])
    func aLlama2CFileRoundTripsByteForByte(separate: Bool) throws {
        try withTemporaryDirectory { directory in
            let (path, again) = (directory.appending("a.bin"), directory.appending("b.bin"))
            try randomLlama(smallLlama(separate: separate))
                .writeLlama2C(to: path, version: .legacy, ops: ops)
            let original = try openWeights(at: path, as: Llama2Configuration.self)
            try withGGUF(original, storing: .float32) { gguf in
                try openWeights(at: gguf, as: Llama2Configuration.self)
                    .writeLlama2C(to: again, version: .legacy, ops: ops)
            }
            #expect(try MappedFile(path).contents() == MappedFile(again).contents())
        }
    }

    // MARK: Types

    @Test(arguments: [
        (StoredType.float32, UInt32(0)), (.float16, 1), (.bfloat16, 32), (.q8_0, 7), (.q4_0, 2),
        (.q4_1, 3),
    ])
    func matricesHaveTheRequestedTypeAndOthersAreFloat32(
        type: StoredType,
        number: UInt32
    ) throws {
        let model = try randomLlama(Self.scaledLlama(.none))
        try withGGUF(model, storing: type) { path in
            let file = try GGUFFile(contentsOf: path)
            #expect(file.metadata["general.file_type"] == .uint32(number))
            #expect(
                (file.metadata["general.quantization_version"] != nil) == type.isBlocked
            )
            for tensor in file.archive.tensors {
                let isNorm = tensor.name.contains("norm")
                // Rows of 40 are not whole blocks.
                let isOdd = type.isBlocked && (tensor.shape.last ?? 0) % 32 != 0
                let expected = isNorm ? .float32 : isOdd ? .float16 : type
                #expect(tensor.storedType == expected, "\(tensor.name)")
            }
        }
    }

    @Test func blocksStayUnchangedIfNoTypeIsRequested() throws {
        let model = try randomLlama(Self.scaledLlama(.none))
        try withGGUF(model, storing: .q4_1) { path in
            let first = try openWeights(at: path, as: Llama2Configuration.self)
            try withGGUF(first) { again in
                let bytes = try [path, again].map { try MappedFile($0).contents() }
                #expect(bytes[0] == bytes[1])
            }
            #expect(try first.elementType(of: first.configuration.weight(.wq)) == .q4_1)
            #expect(try first.tensor(first.configuration.weight(.wq)).elementType == .q4_1)
        }
    }

    @Test func aFileGivesTheModelThatItsWeightsGiveInMemory() throws {
        let model = try randomLlama(
            Self.scaledLlama(.linear(factor: 2), hiddenChannels: 64, separate: false)
        )
        func logits(_ weights: some ModelWeights, _ precision: ElementType?) throws -> [Float] {
            try weights.makeModel(precision: precision, ops: ops)
                .makeSession().logits(appending: [1, 5, 2, 7])
        }
        try withGGUF(model, storing: .q8_0) { path in
            let read = try openWeights(at: path, as: Llama2Configuration.self)
            #expect(try logits(read, nil) == logits(model, .q8_0))
        }
    }

    // MARK: Metadata

    @Test func keysOfATokenizerAreCopiedAndMustFit() throws {
        let model = try smallModel()
        var metadata = GGUFMetadata()
        metadata["tokenizer.ggml.model"] = .string("gpt2")
        metadata["tokenizer.ggml.tokens"] = .array(GGUFArray((0..<10).map { "\($0)" }))
        try withGGUF(model, metadata: metadata) { path in
            let found = try #require(openWeights(at: path) as? any GGUFModel).metadata
            #expect(found["tokenizer.ggml.tokens"] == metadata["tokenizer.ggml.tokens"])
            #expect(found["general.name"] == .string("small"))
            #expect(found["gpt2.vocab_size"] == .uint32(10))
        }
        metadata["tokenizer.ggml.tokens"] = .array(GGUFArray(["a"]))
        let error = #expect(throws: ModelError.self) {
            try withGGUF(model, metadata: metadata) { _ in }
        }
        #expect(error?.description.contains("a vocabulary of 1 tokens, but one of 10") == true)
    }

    @Test func progressCountsEveryByteOfTheWeights() throws {
        let model = try smallModel()
        try withTemporaryDirectory { directory in
            var reports: [(Int, Int)] = []
            try model.writeGGUF(
                to: AtomicFile(directory.appending("model.gguf")),
                storing: .float32,
                name: "small",
                ops: ops
            ) { reports.append(($0, $1)) }
            let bytes = model.configuration.parameterCount * 4
            #expect(reports.first?.0 == 0)
            #expect(reports.last.map { $0 == (bytes, bytes) } == true)
            #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.0 <= $1.0 })
        }
    }

    // MARK: What is refused

    private static let others: [(key: String, value: GGUFValue?, message: String)] = [
        ("general.architecture", .string("qwen2"), "has the architecture 'qwen2'"),
        ("general.architecture", nil, "'general.architecture' of its metadata should be there"),
        ("general.architecture", .uint8(1), "should be a string"),
        ("llama.block_count", nil, "'llama.block_count' of its metadata should be there"),
        ("llama.block_count", .float32(2), "should be a whole number"),
        ("llama.block_count", .uint32(0), "the number of layers is 0"),
        ("llama.block_count", .uint32(3), "has no tensor 'blk.2."),
        ("llama.block_count", .uint32(1), "it has a tensor 'blk.1."),
        ("llama.attention.head_count", .uint32(0), "the number of heads is 0"),
        ("llama.attention.head_count", .uint64(.max), "should be a whole number"),
        ("llama.embedding_length", .uint32(64), "has the shape"),
        ("llama.expert_count", .uint32(8), "among 8 experts"),
        ("llama.rope.dimension_count", .uint32(4), "turn only 4 of the 16 channels"),
        ("llama.rope.scaling.type", .string("yarn"), "are scaled ('yarn')"),
        ("llama.attention.value_length", .uint32(8), "its values have 8 channels per head"),
        ("llama.rope.freq_base", .float32(-1), "theta is -1.0"),
        ("llama.rope.freq_base", .float32(.nan), "theta is nan"),
    ]

    @Test(arguments: others.indices)
    func modelsThatComputeSomethingElseAreRefused(index: Int) throws {
        let (key, value, message) = Self.others[index]
        let model = try randomLlama(Self.scaledLlama(.none))
        try withGGUF(model) { path in
            let file = try GGUFFile(contentsOf: path)
            var metadata = file.metadata
            metadata[key] = value
            var writer = try GGUFWriter(
                AtomicFile(path),
                metadata: metadata,
                tensors: file.archive.tensors.map {
                    TensorDescription(name: $0.name, shape: $0.shape, storedType: $0.storedType)
                },
                ops: ops
            )
            for tensor in file.archive.tensors { try writer.write(tensor.tensor()) }
            try writer.commit()
            let error = #expect(throws: (any Error).self) { try openWeights(at: path) }
            let sentence = error.map { "\($0)" } ?? ""
            #expect(sentence.contains(message), "\(sentence)")
        }
    }

    /// A GPT-2 with a head separate from its embedding.
    private func openGPT2(head: (Tensor) throws -> Tensor) throws {
        let model = try smallModel()
        try withGGUF(model, storing: .float32) { path in
            let file = try GGUFFile(contentsOf: path)
            let embedding = try #require(file.archive["token_embd.weight"]).tensor()
            let tensors =
                try file.archive.tensors.map { ($0.name, try $0.tensor()) }
                + [("output.weight", head(embedding))]
            var writer = try GGUFWriter(
                AtomicFile(path),
                metadata: file.metadata,
                tensors: tensors.map {
                    TensorDescription(name: $0.0, shape: $0.1.shape, storedType: .float32)
                },
                ops: ops
            )
            for (_, tensor) in tensors { try writer.write(tensor) }
            try writer.commit()
            _ = try openWeights(at: path)
        }
    }

    @Test func aHeadThatRepeatsTheEmbeddingIsIgnoredAndAnotherRefused() throws {
        try openGPT2 { $0 }
        try openGPT2 { try Tensor($0.floats().map { $0 * 1.05 }, shape: $0.shape) }
        let error = #expect(throws: TensorFileError.self) {
            try openGPT2 { try Tensor($0.floats().reversed(), shape: $0.shape) }
        }
        #expect(error?.description.contains("weights of its own") == true)
    }
}
