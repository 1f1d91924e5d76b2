import FileIO
import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct GPT2CheckpointTests {
    /// The header of ``smallConfiguration()`` in version 3.
    private static let header: [Int32] = [20_240_326, 3, 16, 10, 2, 3, 12, 128]

    private func load(_ path: FilePath) throws -> GPT2 {
        try GPT2(llmcCheckpoint: path, ops: Ops(threadCount: 1))
    }

    @Test func checkpointIsReadAsItWasWrittenAndWritesTheSameBytes() throws {
        try withTemporaryDirectory { directory in
            let (first, second) = (directory.appending("a"), directory.appending("b"))
            let model = try smallModel()
            try model.writeLLMCCheckpoint(to: first)
            let loaded = try load(first)
            #expect(loaded.configuration == model.configuration)
            #expect(loaded.parameters.flat.floats() == model.parameters.flat.floats())
            try loaded.writeLLMCCheckpoint(to: second)
            let bytes = try MappedFile(first).contents()
            #expect(try MappedFile(second).contents() == bytes)
            #expect(bytes.count == 1024 + 4 * model.configuration.parameterLayout.elementCount)

            var reader = try BinaryReader(path: first)
            let fields = try reader.readArray(of: Int32.self, count: 256)
            #expect(fields == Self.header + [Int32](repeating: 0, count: 248))
        }
    }

    @Test func weightsAreReplacedInPlaceByThoseOfAFileOfTheSameSizesOnly() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            let written = try smallModel(seed: 6)
            try written.writeLLMCCheckpoint(to: path)
            let model = try smallModel(seed: 5)
            let flat = model.parameters.flat
            try model.loadWeights(llmcCheckpoint: path)
            #expect(flat.floats() == written.parameters.flat.floats())

            let sizes = try GPT2Configuration(
                contextLength: 16,
                vocabularySize: 10,
                layerCount: 1,
                headCount: 3,
                channels: 12
            )
            let other = try smallModel(sizes)
            let before = other.parameters.flat.floats()
            let error = #expect(throws: ModelError.self) {
                try other.loadWeights(llmcCheckpoint: path)
            }
            #expect(error?.description.contains("holds 2 layers, 3 heads") == true)
            #expect(other.parameters.flat.floats() == before)
        }
    }

    @Test func passesAtBFloat16ReadTheWeightsThatWereLoaded() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            let written = try smallModel(seed: 2)
            try written.writeLLMCCheckpoint(to: path)
            let model = try smallModel(seed: 5)
            try model.setPrecision(.bfloat16)
            try model.loadWeights(llmcCheckpoint: path)
            try written.setPrecision(.bfloat16)
            let tokens = randomTokens(7)
            #expect(try wholePass(model, tokens) == wholePass(written, tokens))
        }
    }

    @Test func bfloat16CheckpointHoldsRoundedWeightsAndWritesTheSameBytes() throws {
        try withTemporaryDirectory { directory in
            let (first, second) = (directory.appending("a"), directory.appending("b"))
            let model = try smallModel()
            try model.writeLLMCCheckpoint(to: first, elementType: .bfloat16)
            let header = try GPT2CheckpointHeader(path: first)
            #expect(header.elementType == .bfloat16)
            #expect(header.configuration == model.configuration)
            let loaded = try load(first)
            let rounded = model.parameters.flat.floats()
                .map { Float(bfloat16Bits: $0.bfloat16Bits) }
            #expect(loaded.parameters.flat.floats() == rounded)
            try loaded.writeLLMCCheckpoint(to: second, elementType: .bfloat16)
            let bytes = try MappedFile(first).contents()
            #expect(try MappedFile(second).contents() == bytes)
            #expect(bytes.count == 1024 + 2 * model.configuration.parameterLayout.elementCount)
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func trainedModelExportsTheBytesItWasReadFrom() throws {
        try withTemporaryDirectory { directory in
            let original = try TestData.path("tiny-gpt2/capp_gpt_llmc_v3.bin")
            let path = directory.appending("copy.bin")
            let model = try load(original)
            #expect(model.configuration.parameterCount == 236_224)
            try model.writeLLMCCheckpoint(to: path)
            #expect(try MappedFile(path).contents() == MappedFile(original).contents())
        }
    }

    @Test func existingFileIsReplacedOnlyWhenAllowed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try writeFile(path, bytes: [1, 2, 3])
            let model = try smallModel()
            #expect(throws: FileIOError.alreadyExists(path: path)) {
                try model.writeLLMCCheckpoint(to: path, overwrite: false)
            }
            #expect(try MappedFile(path).contents() == [1, 2, 3])
            try model.writeLLMCCheckpoint(to: path)
            #expect(try GPT2CheckpointHeader(path: path).configuration == model.configuration)
            #expect(try FileSystem.names(in: directory) == ["model.bin"])
        }
    }

    /// The error that a file with this header and no tensors gives.
    private func error(_ changes: [Int: Int32]) throws -> (any Error, FilePath)? {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            var fields = Self.header
            for (index, value) in changes { fields[index] = value }
            try writeFile(path, fields: fields)
            do {
                _ = try load(path)
                return nil
            } catch {
                #expect("\(error)".contains("'\(path)'"))
                return (error, path)
            }
        }
    }

    @Test func otherMagicNumbersAreRefused() throws {
        let (error, path) = try #require(try error([0: 20_240_327]))
        #expect(
            error as? TensorFileError
                == .wrongMagic(
                    path: path,
                    format: "an llm.c model",
                    expected: 20_240_326,
                    found: 20_240_327
                )
        )
    }

    @Test(arguments: [-1, 0, 1, 2, 4, 6, .max] as [Int32])
    func otherVersionsAreRefusedWithWhatToDo(version: Int32) throws {
        let (error, path) = try #require(try error([1: version]))
        guard case .unsupportedVersion(path, _, _, version, _) = error as? TensorFileError else {
            Issue.record("\(error)")
            return
        }
        #expect("\(error)".contains("of version \(version)"))
        #expect("\(error)".contains("export it again"))
    }

    @Test(
        arguments: [
            (2, 0), (2, -1), (2, .min), (2, .max), (3, 0), (3, -10), (3, .max), (4, 0), (4, .max),
            (4, -2), (5, 0), (5, -3), (5, .max), (6, 0), (6, -12), (6, .max), (5, 5), (6, 13),
        ] as [(Int, Int32)]
    )
    func impossibleSizesAreADamagedHeader(index: Int, value: Int32) throws {
        let (error, path) = try #require(try error([index: value]))
        guard case .impossibleSizes(path, let reason) = error as? ModelError else {
            Issue.record("\(error)")
            return
        }
        #expect(reason.contains("\(value)"))
    }

    @Test(arguments: [0, -128, 10, 127, 129, 256, .max, .min] as [Int32])
    func otherPaddedVocabulariesAreRefused(padded: Int32) throws {
        let (error, path) = try #require(try error([7: padded]))
        #expect(
            error as? TensorFileError
                == .invalidHeader(
                    path: path,
                    field: "the padded vocabulary",
                    requirement: "128",
                    found: Int(padded)
                )
        )
    }

    @Test func largestSizesAreRefusedByTheFilesSizeBeforeAnythingIsAllocated() throws {
        let (error, path) = try #require(
            try error([
                2: 1 << 20, 3: 1 << 24, 4: 1 << 12, 5: 1 << 12, 6: 1 << 17, 7: 1 << 24,
            ])
        )
        guard case .wrongSize(path, let expected, 1024) = error as? TensorFileError else {
            Issue.record("\(error)")
            return
        }
        #expect(expected > 1 << 48)
    }

    @Test func missingAndTrailingBytesAreErrors() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try smallModel().writeLLMCCheckpoint(to: path)
            let bytes = try MappedFile(path).contents()
            for count in [1024, 1025, bytes.count - 4, bytes.count - 1] {
                try writeFile(path, bytes: Array(bytes.prefix(count)))
                #expect(
                    throws: TensorFileError.wrongSize(
                        path: path,
                        expected: bytes.count,
                        found: count
                    )
                ) { try load(path) }
            }
            try writeFile(path, bytes: bytes + [0])
            #expect(
                throws: TensorFileError.wrongSize(
                    path: path,
                    expected: bytes.count,
                    found: bytes.count + 1
                )
            ) { try load(path) }
            // A version 5 header on float32 tensors.
            try writeFile(path, bytes: Array(bytes[0..<4]) + [5] + Array(bytes[5...]))
            #expect(throws: TensorFileError.self) { try load(path) }
        }
    }

    @Test(arguments: [0, 1, 3, 4, 100, 1023])
    func fileThatEndsInItsHeaderIsTruncated(count: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try writeFile(path, fields: Self.header)
            let bytes = try MappedFile(path).contents()
            try writeFile(path, bytes: Array(bytes.prefix(count)))
            #expect(
                throws: FileIOError.truncated(
                    path: path,
                    offset: 0,
                    needed: 1024,
                    available: count
                )
            ) { try load(path) }
        }
    }

    @Test func missingFilesAndDirectoriesAreErrorsOfFileIO() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("none.bin")
            #expect(throws: FileIOError.missing(path: path)) { try load(path) }
            #expect(throws: FileIOError.isDirectory(path: directory)) { try load(directory) }
        }
    }
}
