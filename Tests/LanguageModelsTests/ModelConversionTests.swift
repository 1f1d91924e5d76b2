// Models written in one format after the other, and the errors when a format cannot store
// something.

import FileIO
import Foundation
import RandomNumbers
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

@Suite struct ModelConversionTests {
    private let ops: Ops

    init() throws { ops = try Ops(threadCount: 1) }

    private func convert(
        _ source: FilePath,
        to target: ModelConversion.Target,
        at path: FilePath,
        _ type: ElementType? = nil
    ) throws {
        try ModelConversion(openWeights(at: source), to: target, at: path, elementType: type)
            .write(ops: ops)
    }

    private func error(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    // MARK: There and back

    @Test(arguments: [ElementType.float32, .bfloat16])
    func anLLMCFileRoundTripsThroughADirectoryBitForBit(type: ElementType) throws {
        try withTemporaryDirectory { directory in
            let paths = ["a.bin", "hf", "b.bin"].map { directory.appending($0) }
            try smallModel().writeLLMCCheckpoint(to: paths[0], elementType: type)
            try convert(paths[0], to: .safetensors, at: paths[1])
            let written = try openWeights(at: paths[1], as: GPT2Configuration.self)
            #expect(written.format == .huggingFace(.safetensors))
            #expect(Set(written.tensors.map { $0.storedType.elementType }) == [type])
            try convert(paths[1], to: .llmc, at: paths[2])
            #expect(try MappedFile(paths[2]).contents() == MappedFile(paths[0]).contents())
        }
    }

    @Test(arguments: [1, 2, 6], [false, true])
    func aLlama2CFileRoundTripsThroughADirectoryBitForBit(heads: Int, separate: Bool) throws {
        let llama = try randomLlama(
            Llama2Configuration(
                contextLength: 40,
                vocabularySize: 13,
                layerCount: 2,
                headCount: 6,
                keyValueHeadCount: heads,
                channels: 36,
                hiddenChannels: 44,
                hasSeparateClassifier: separate
            )
        )
        try withTemporaryDirectory { directory in
            let paths = ["a.bin", "hf", "b.bin"].map { directory.appending($0) }
            try llama.writeLlama2C(to: paths[0], version: .legacy, ops: ops)
            try convert(paths[0], to: .safetensors, at: paths[1])
            try convert(paths[1], to: .llama2c(nil), at: paths[2])
            #expect(try MappedFile(paths[2]).contents() == MappedFile(paths[0]).contents())
            // Rows of wq were moved, or the test would show nothing.
            let stored = try #require(
                openWeights(at: paths[1]).tensors.first {
                    $0.name.hasSuffix("0.self_attn.q_proj.weight")
                }
            )
            let wq = llama.tensor(llama.configuration.weight(.wq))
            #expect(try stored.floats().floats() != wq.floats())
        }
    }

    /// Columns and groups that are whole blocks, and some that are not.
    @Test(arguments: [(96, 96), (192, 96), (36, 44)])
    func int8GroupsRoundTripBitForBit(channels: Int, hidden: Int) throws {
        let llama = try randomLlama(smallLlama(channels: channels, hidden: hidden))
        try withTemporaryDirectory { directory in
            let paths = ["a.bin", "b.bin"].map { directory.appending($0) }
            try llama.writeLlama2C(to: paths[0], version: .int8, ops: ops)
            try convert(paths[0], to: .llama2c(.int8), at: paths[1])
            #expect(try MappedFile(paths[1]).contents() == MappedFile(paths[0]).contents())
        }
    }

    @Test func everythingInAConfigurationRoundTrips() throws {
        let scalings: [RotaryScaling] = [
            .none, .linear(factor: 4),
            .llama3(
                factor: 32,
                lowFrequencyFactor: 1,
                highFrequencyFactor: 4,
                originalContextLength: 8192
            ),
        ]
        for scaling in scalings {
            let configuration = try Llama2Configuration(
                contextLength: 40,
                vocabularySize: 7,
                layerCount: 2,
                headCount: 4,
                keyValueHeadCount: 2,
                headSize: 6,
                channels: 8,
                hiddenChannels: 12,
                hasSeparateClassifier: scaling == .none,
                ropeTheta: 500_000,
                ropeScaling: scaling,
                normEpsilon: 1e-6
            )
            var generator = MersenneTwister(seed: 1)
            let llama = try MemoryWeights(randomWeights: configuration, using: &generator)
            try withTemporaryDirectory { directory in
                let path = directory.appending("hf")
                try ModelConversion(llama, to: .safetensors, at: path).write(ops: ops)
                let read = try openWeights(at: path, as: Llama2Configuration.self)
                #expect(read.configuration == configuration)
                for weight in configuration.weights {
                    #expect(try read.tensor(weight).floats() == llama.tensor(weight).floats())
                }
            }
        }
    }

    @Test func aGivenTypeIsTheNearestOfEveryWeight() throws {
        let model = try smallModel()
        try withTemporaryDirectory { directory in
            for type in [ElementType.bfloat16, .float16] {
                let path = directory.appending(type.rawValue)
                let conversion = try ModelConversion(
                    model,
                    to: .safetensors,
                    at: path,
                    elementType: type
                )
                #expect(conversion.elementType == type)
                try conversion.write(ops: ops)
                let read = try openWeights(at: path, as: GPT2Configuration.self)
                #expect(Set(read.tensors.map { $0.storedType.elementType }) == [type])
                for weight in model.configuration.weights {
                    let expected = ops.floats(model.tensor(weight)).map {
                        type == .bfloat16
                            ? Float(bfloat16Bits: $0.bfloat16Bits)
                            : Float(float16Bits: $0.float16Bits)
                    }
                    #expect(try ops.copy(read.tensor(weight), as: .float32).floats() == expected)
                }
            }
        }
    }

    @Test func aModelThatIsTooLargeIsDividedAmongFiles() throws {
        let model = try smallModel()
        try withTemporaryDirectory { directory in
            let path = directory.appending("hf")
            let writer = try HuggingFaceWriter(
                model,
                path,
                nil,
                ModelTokens(),
                { _ in },
                largestFile: 2000
            )
            try writer.write(false, ops) { _, _ in }
            let names = try FileSystem.names(in: path).map(\.string)
            let files = names.filter { $0.hasSuffix(".safetensors") }
            #expect(files.count > 2)
            #expect(files.contains("model-00001-of-000\(files.count).safetensors"))
            #expect(names.contains("model.safetensors.index.json"))
            let read = try openWeights(at: path, as: GPT2Configuration.self)
            for weight in model.configuration.weights {
                #expect(try read.tensor(weight).floats() == ops.floats(model.tensor(weight)))
            }
            // After a single file replaces them, none of these are left.
            try ModelConversion(model, to: .safetensors, at: path)
                .write(overwrite: true, ops: ops)
            let left = try FileSystem.names(in: path).map(\.string)
            #expect(left == ["config.json", "model.safetensors"])
        }
    }

    // MARK: What has no place

    @Test func whatAFormatCannotHoldIsNamedBeforeAnythingIsWritten() throws {
        let gpt2 = try smallModel()
        let llama = try randomLlama(smallLlama())
        let scaled = try MemoryWeights(
            Llama2Configuration(
                contextLength: 8,
                vocabularySize: 7,
                layerCount: 1,
                headCount: 2,
                keyValueHeadCount: 2,
                channels: 8,
                hiddenChannels: 8,
                hasSeparateClassifier: false,
                ropeTheta: 500_000,
                ropeScaling: .perPair(divisors: [1, 3]),
                normEpsilon: 1e-6
            )
        ) { try Tensor(zeros: $0.shape) }
        try withTemporaryDirectory { directory in
            let path = directory.appending("out")
            func message(
                _ weights: any ModelWeights,
                _ target: ModelConversion.Target,
                _ type: ElementType? = nil
            ) -> String {
                error {
                    try ModelConversion(weights, to: target, at: path, elementType: type)
                        .write(ops: ops)
                }
            }
            #expect(message(gpt2, .llama2c(nil)).contains("hold a llama2, and the model is a gpt2"))
            #expect(message(llama, .llmc).contains("hold a gpt2, and the model is a llama2"))
            let differences = message(scaled, .llama2c(nil))
            for words in ["a theta of 500000.0", "('rope_freqs')", "an epsilon of 1e-06"] {
                #expect(differences.contains(words))
            }
            #expect(message(scaled, .safetensors).contains("a divisor for each pair"))
            #expect(message(gpt2, .llmc, .float16).contains("llm.c cannot store float16"))
            #expect(
                message(gpt2, .safetensors, .q8_0).contains("safetensors cannot store q8_0")
            )
            for (version, type) in [
                (Llama2CFile.Version.legacy, ElementType.q8_0), (.int8, .float32),
                (.float32, .bfloat16),
            ] {
                #expect(
                    message(llama, .llama2c(version), type).contains("cannot store \(type)")
                )
            }
            #expect(message(llama, .llama2c(nil), .q4_0).contains("cannot store q4_0"))
            try #expect(FileSystem.names(in: directory).isEmpty)
        }
    }

    @Test func existingFilesAreReplacedOnlyWhenAllowed() throws {
        let model = try smallModel()
        try withTemporaryDirectory { directory in
            let (file, folder) = (directory.appending("a.bin"), directory.appending("hf"))
            try FileSystem.createDirectory(folder)
            // An empty directory is not in the way.
            try ModelConversion(model, to: .safetensors, at: folder).write(ops: ops)
            try writeFile(folder.appending("notes.txt"), bytes: [1])
            try ModelConversion(model, to: .llmc, at: file).write(ops: ops)
            for (target, path) in [(ModelConversion.Target.llmc, file), (.safetensors, folder)] {
                let conversion = try ModelConversion(model, to: target, at: path)
                #expect(throws: FileIOError.self) { try conversion.write(ops: ops) }
                try conversion.write(overwrite: true, ops: ops)
            }
            // Files that do not belong to a model stay.
            #expect(FileSystem.exists(folder.appending("notes.txt")))
            let conversion = try ModelConversion(model, to: .safetensors, at: file)
            #expect(throws: FileIOError.self) { try conversion.write(overwrite: true, ops: ops) }
            try #expect(FileSystem.names(in: directory).map(\.string) == ["a.bin", "hf"])
        }
    }

    @Test func aLinkToADirectoryIsFollowed() throws {
        try withTemporaryDirectory { directory in
            let (folder, link) = (directory.appending("hf"), directory.appending("link"))
            try FileSystem.createDirectory(folder)
            try FileManager.default.createSymbolicLink(
                atPath: link.string,
                withDestinationPath: folder.string
            )
            try ModelConversion(smallModel(), to: .safetensors, at: link).write(ops: ops)
            #expect(FileSystem.isSymbolicLink(link))
            try #expect(
                FileSystem.names(in: folder).map(\.string) == ["config.json", "model.safetensors"]
            )
            try #expect(FileSystem.names(in: directory).map(\.string) == ["hf", "link"])
        }
    }

    @Test func aConversionThatIsStoppedLeavesNothing() throws {
        struct Stop: Error {}
        let (model, llama) = try (smallModel(), randomLlama(smallLlama()))
        try withTemporaryDirectory { directory in
            let path = directory.appending("out")
            let conversions = try [
                ModelConversion(model, to: .llmc, at: path),
                ModelConversion(llama, to: .llama2c(.int8), at: path),
                ModelConversion(model, to: .safetensors, at: path),
            ]
            for conversion in conversions {
                #expect(throws: Stop.self) {
                    try conversion.write(ops: ops) { done, total in
                        if done > total / 2 { throw Stop() }
                    }
                }
            }
            try #expect(FileSystem.names(in: directory).isEmpty)
            var last = (0, 0)
            try conversions[2].write(ops: ops) { last = ($0, $1) }
            #expect(
                last == (model.configuration.parameterCount, model.configuration.parameterCount)
            )
        }
    }

    @Test func companionsAppearWithTheModel() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("hf")
            try ModelConversion(
                smallModel(),
                to: .safetensors,
                at: path,
                tokens: ModelTokens(beginOfText: 1, endOfText: [2, 3], padding: 4)
            ) { folder in
                try writeFile(folder.appending("tokenizer.json"), bytes: Array("{}".utf8))
            }
            .write(ops: ops)
            #expect(FileSystem.exists(path.appending("tokenizer.json")))
            let bytes = try MappedFile(path.appending("config.json")).contents()
            let text = String(decoding: bytes, as: UTF8.self)
            for line in [
                #""bos_token_id": 1,"#, #""eos_token_id": [2, 3],"#, #""pad_token_id": 4,"#,
            ] {
                #expect(text.contains(line))
            }
        }
    }

    // MARK: Real models

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func aRealGPT2BecomesTheKnownLLMCFile() throws {
        let data = try TestData.path("tiny-gpt2")
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try convert(data, to: .llmc, at: path)
            let expected = data.appending("capp_gpt_llmc_v3.bin")
            #expect(try MappedFile(path).contents() == MappedFile(expected).contents())
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func aRealLlama2CFileRoundTripsExceptForRoundingInItsTables() throws {
        let original = try TestData.path("llama2/stories260K.bin")
        try withTemporaryDirectory { directory in
            let paths = ["hf", "b.bin"].map { directory.appending($0) }
            try convert(original, to: .safetensors, at: paths[0])
            try convert(paths[0], to: .llama2c(.legacy), at: paths[1])
            let (a, b) = try (MappedFile(original).contents(), MappedFile(paths[1]).contents())
            #expect(a.count == b.count)
            // The tables come last in this file, whose embedding is its classifier.
            let tables = a.count - 2 * 4 * 512 * 4
            #expect(a[..<tables] == b[..<tables])
            let largest = stride(from: tables, to: a.count, by: 4).map { offset in
                let bits = [a, b].map { bytes in
                    bytes[offset..<offset + 4].reversed().reduce(Int32(0)) { $0 << 8 | Int32($1) }
                }
                // Neighboring floats are neighboring integers, separately for each sign.
                return abs(Int(bits[0]) - Int(bits[1]))
            }
            .max()
            #expect(largest ?? .max <= 1)
        }
    }
}
