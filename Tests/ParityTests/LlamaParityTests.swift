// Llama 2 compared with transformers, from every kind of file. The fixtures come from
// scripts/export_llama_fixtures.py.

import FileIO
import Inference
import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing
import Tokenization

@Suite(.serialized) struct LlamaParityTests {
    /// Files, and the model in `llama.json` that they contain.
    private static let files = [
        ("grouped", "grouped"), ("grouped-meta", "grouped"), ("grouped_v1.bin", "grouped"),
        ("grouped_v2.bin", "grouped_v2"), ("tied", "tied"), ("tied/model.safetensors", "tied"),
        ("grouped/model.safetensors.index.json", "grouped"),
        ("grouped-meta/consolidated.01.pth", "grouped"),
        ("grouped-bf16", "grouped-bf16"), ("grouped-f16", "grouped-f16"),
        ("llama3", "llama3"), ("linear", "linear"),
    ]

    private func expected(_ name: String) throws -> RecordedLogits {
        try RecordedLogits.read("Llama/llama.json", name)
    }

    private func checkpoint(_ file: String) throws -> any ModelWeights<Llama2Configuration> {
        try openWeights(at: fixture("Llama/\(file)"), as: Llama2Configuration.self)
    }

    @Test(arguments: files, InstructionSet.available)
    func logitsMatchTransformers(file: (String, String), isa: InstructionSet) throws {
        let expected = try expected(file.1)
        let model = try Llama2Decoder(
            checkpoint(file.0),
            precision: .float32,
            ops: Ops(instructionSet: isa, threadCount: 1)
        )
        let difference = try expected.largestDifference(model)
        print("\(file.0) \(isa): largest difference \(difference)")
        #expect(difference <= 1e-4)
        // As a single prompt, everything is a few matrix products.
        let last = try model.makeSession().logits(appending: expected.tokens)
        let expectedLast = try #require(expected.logits.last)
        #expect(compare(last, expectedLast).largest <= 1e-4)
    }

    @Test(arguments: ["grouped", "grouped-meta"], Llama2CFile.Version.allCases)
    func writtenFilesGiveTheSameLogits(source: String, version: Llama2CFile.Version) throws {
        let ops = try Ops(threadCount: 2)
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try checkpoint(source).writeLlama2C(to: path, version: version, ops: ops)
            let written = try openWeights(at: path, as: Llama2Configuration.self)
            #expect(written.format.version == Int(version.rawValue))
            let model = try Llama2Decoder(written, ops: ops)
            let name = version == .int8 ? "grouped_v2" : "grouped"
            #expect(try expected(name).largestDifference(model) <= 1e-4)
        }
    }

    /// Copies a model of one safetensors file with a space after its header, so that no element is
    /// aligned: such a file is valid, but its pages cannot be used directly.
    private func copyMisaligned(_ name: String, to directory: FilePath) throws {
        let config = try MappedFile(fixture("Llama/\(name)/config.json")).contents()
        try writeFile(config, to: directory.appending("config.json"))
        var bytes = try MappedFile(fixture("Llama/\(name)/model.safetensors")).contents()
        let length = Int(bytes[0]) + Int(bytes[1]) << 8
        (bytes[0], bytes[1]) = (UInt8((length + 1) & 255), UInt8((length + 1) >> 8))
        bytes.insert(UInt8(ascii: " "), at: 8 + length)
        try writeFile(bytes, to: directory.appending("model.safetensors"))
    }

    private func writeFile(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
    }

    @Test(arguments: ["grouped-bf16", "grouped-f16", "tied"])
    func misalignedWeightsGiveTheSameLogits(name: String) throws {
        let ops = try Ops(threadCount: 1)
        try withTemporaryDirectory { directory in
            try copyMisaligned(name, to: directory)
            let expected = try expected(name)
            let misaligned = try openWeights(at: directory, as: Llama2Configuration.self)
            let odd = try #require(misaligned.tensors.first).byteRange.lowerBound
            #expect(odd % 2 == 1)
            let model = try Llama2Decoder(misaligned, ops: ops)
            #expect(try expected.largestDifference(model) <= 1e-4)
            // At fewer bits, weights have the same bits whether they are the file's own or copied.
            for precision in [ElementType.bfloat16, .q8_0, .q4_0] {
                let logits = try [misaligned, checkpoint(name)].map { weights in
                    let model = try Llama2Decoder(weights, precision: precision, ops: ops)
                    return try model.makeSession().logits(appending: expected.tokens)
                }
                #expect(logits[0] == logits[1], "\(precision)")
            }
        }
    }

    /// Bounds are twice the error seen from rounding to bfloat16; it was 0.027 with an embedding of
    /// q8_0, and 0.32 with q4_0.
    @Test(arguments: [(ElementType.float32, 0), (.q8_0, 0.02), (.q4_0, 0.012)])
    func aCopiedEmbeddingGivesTheLogitsOfAMappedOne(
        precision: ElementType,
        bound: Double
    ) throws {
        let ops = try Ops(threadCount: 1)
        let tokens = try expected("grouped-f16").tokens
        func logits(_ checkpoint: any ModelWeights<Llama2Configuration>) throws -> [Float] {
            try Llama2Decoder(checkpoint, precision: precision, ops: ops).makeSession()
                .logits(appending: tokens)
        }
        try withTemporaryDirectory { directory in
            // The same weights in float32, whose embedding can be used directly.
            let path = directory.appending("model.bin")
            let halves = try checkpoint("grouped-f16")
            try halves.writeLlama2C(to: path, version: .float32, ops: ops)
            let mapped = try logits(openWeights(at: path, as: Llama2Configuration.self))
            let difference = try compare(logits(halves), mapped)
            print("\(precision): relative difference \(difference.relative)")
            #expect(difference.relative <= bound)
        }
    }

    /// The error message for opening some of Meta's files.
    private func error(_ files: [(source: Int, name: Int)]) throws -> String {
        try withTemporaryDirectory { directory in
            func copy(_ source: String, _ name: String) throws {
                let bytes = try MappedFile(fixture("Llama/grouped-meta/\(source)")).contents()
                try writeFile(bytes, to: directory.appending(name))
            }
            try copy("params.json", "params.json")
            for file in files {
                try copy("consolidated.0\(file.source).pth", "consolidated.0\(file.name).pth")
            }
            let error = #expect(throws: TensorFileError.self) {
                try openWeights(at: directory, as: Llama2Configuration.self)
            }
            return "\(try #require(error))"
        }
    }

    @Test(
        arguments: [
            (
                [(0, 0)],
                "has no 'consolidated.01.pth', although consolidated.00.pth is one of 2 files"
            ),
            (
                [(0, 0), (1, 2)],
                "has no 'consolidated.01.pth', although there is a consolidated.02.pth"
            ),
            ([(0, 0), (1, 1), (1, 2)], "consolidated.00.pth is one of 2 files, but there are 3"),
            ([(1, 1)], "looked for consolidated.00.pth"),
        ] as [([(Int, Int)], String)]
    )
    func anIncompleteDownloadOfMetasIsNamed(files: [(Int, Int)], words: String) throws {
        let message = try error(files.map { (source: $0.0, name: $0.1) })
        #expect(message.contains(words), "\(message)")
    }

    @Test(arguments: [(Llama2CFile.Version.float32, "grouped_v1.bin"), (.int8, "grouped_v2.bin")])
    func writtenFilesMatchTheReferenceByteForByte(
        version: Llama2CFile.Version,
        reference: String
    ) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try checkpoint("grouped").writeLlama2C(
                to: path,
                version: version,
                ops: Ops(threadCount: 1)
            )
            let bytes = try MappedFile(path).contents()
            #expect(try bytes == MappedFile(fixture("Llama/\(reference)")).contents())
        }
    }
}

@Suite(
    .serialized,
    .enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason))
) struct StoriesParityTests {
    /// What llama2.c writes, greedily, in 200 steps.
    private static let story = """
        Once upon a time, there was a little girl named Lily. She loved to play outside in the \
        park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.
        Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. \
        She said, "I want to play with your ball, but I can't find it."
        Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. I didn't know what \
        to do."
        Lily didn't want to help her mom, so she
        """

    private func story(_ path: FilePath, _ precision: ElementType, _ ops: Ops) throws -> String {
        let model = try Llama2Decoder(
            openWeights(at: path, as: Llama2Configuration.self),
            precision: precision,
            ops: ops
        )
        let tokenizer = try SentencePieceTokenizer(
            contentsOf: TestData.path("llama2/tok512.bin"),
            vocabularySize: model.vocabularySize
        )
        let generator = try TokenGenerator(
            model,
            prompt: try tokenizer.promptTokens(of: ""),
            sampler: Sampler(.greedy, seed: 0),
            limits: GenerationLimits(maxTokens: 200, endTokens: Set(tokenizer.endsOfText))
        )
        while try generator.next() != nil {}
        #expect(generator.tokens.count == 200)
        return try tokenizer.decode(tokenizer.promptTokens(of: "") + generator.tokens)
    }

    @Test(arguments: InstructionSet.available)
    func stories260KTellsTheStoryOfTheReference(isa: InstructionSet) throws {
        let path = try TestData.path("llama2/stories260K.bin")
        let ops = try Ops(instructionSet: isa, threadCount: 1)
        #expect(try story(path, .float32, ops) == Self.story)
    }

    @Test func theStorySurvivesEveryVersionOfTheFile() throws {
        let ops = try Ops(threadCount: 2)
        let checkpoint = try openWeights(
            at: TestData.path("llama2/stories260K.bin"),
            as: Llama2Configuration.self
        )
        try withTemporaryDirectory { directory in
            for version in [Llama2CFile.Version.legacy, .float32] {
                let path = directory.appending("v\(version.rawValue).bin")
                try checkpoint.writeLlama2C(to: path, version: version, ops: ops)
                #expect(try story(path, .float32, ops) == Self.story)
            }
            // Eight bits per weight change the story, but not its beginning.
            let path = directory.appending("v2.bin")
            try checkpoint.writeLlama2C(to: path, version: .int8, ops: ops)
            for precision in [ElementType.float32, .q8_0] {
                #expect(try story(path, precision, ops).hasPrefix("Once upon a time, there was"))
            }
            let original = try MappedFile(TestData.path("llama2/stories260K.bin")).contents()
            let copy = try MappedFile(directory.appending("v0.bin")).contents()
            #expect(original.count == copy.count)
        }
    }
}
