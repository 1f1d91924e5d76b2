// Writing GGUF: what was written is read back, and blocks match the gguf package's.

import FileIO
import Tensors
import TestSupport
import Testing

@testable import TensorFiles

@Suite struct GGUFWriterTests {
    /// Writes tensors and opens what was written.
    private func written(
        _ tensors: [(name: String, tensor: Tensor, type: StoredType)],
        metadata: GGUFMetadata = GGUFMetadata()
    ) throws -> GGUFFile {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.gguf")
            var writer = try GGUFWriter(
                AtomicFile(path),
                metadata: metadata,
                tensors: tensors.map {
                    TensorDescription(name: $0.name, shape: $0.tensor.shape, storedType: $0.type)
                },
                ops: Ops(instructionSet: .reference, threadCount: 1)
            )
            for (_, tensor, _) in tensors { try writer.write(tensor) }
            try writer.commit()
            return try GGUFFile(contentsOf: path)
        }
    }

    private func bytes(_ tensor: StoredTensor?) throws -> [UInt8] {
        try #require(tensor).withUnsafeBytes { Array($0) }
    }

    @Test func everyTypeIsWrittenAsTheGGUFPackageWritesIt() throws {
        let fixture = try GGUFFile(contentsOf: SmallGGUF.fixture().path)
        let source = try #require(fixture.archive["f32"]).tensor()
        let types: [(String, StoredType)] = [
            ("f32", .float32), ("bf16", .bfloat16), ("q8_0", .q8_0), ("q4_0", .q4_0),
            ("q4_1", .q4_1),
        ]
        let archive = try written(types.map { ($0.0, source, $0.1) }).archive
        for (name, type) in types {
            #expect(archive[name]?.storedType == type)
            try #expect(bytes(archive[name]) == bytes(fixture.archive[name]), "\(name)")
        }
        // float16 from float32, and blocks from blocks, which nothing rounds again.
        let halves = try #require(fixture.archive["f16"])
        let blocks = try #require(fixture.archive["q4_1"])
        let again = try written([
            ("f16", halves.floats(), .float16), ("q4_1", blocks.tensor(), .q4_1),
        ]).archive
        try #expect(bytes(again["f16"]) == bytes(halves))
        try #expect(bytes(again["q4_1"]) == bytes(blocks))
    }

    @Test func metadataIsWrittenAsItWasRead() throws {
        let fixture = try GGUFFile(contentsOf: SmallGGUF.fixture().path)
        let one = try Tensor([1] as [Float], shape: [1])
        let again = try written([("one", one, .float32)], metadata: fixture.metadata).metadata
        #expect(again.keys == fixture.metadata.keys)
        for key in again.keys { #expect(again[key] == fixture.metadata[key], "\(key)") }
    }

    @Test func keysCanBeSetAndRemoved() throws {
        var metadata = GGUFMetadata()
        metadata["a"] = .uint32(1)
        metadata["b"] = .string("\u{1B}")
        metadata["a"] = .bool(false)
        metadata["c"] = .float64(2)
        metadata["c"] = nil
        let found = try written([], metadata: metadata).metadata
        #expect(found.keys == ["a", "b"])
        #expect(found["a"] == .bool(false) && found["b"] == .string("\u{1B}"))
    }

    @Test func tensorsStartWhereTheAlignmentSays() throws {
        let three = try Tensor([1, 2, 3] as [Float], shape: [3])
        for alignment in [8, 32, 64] {
            var metadata = GGUFMetadata()
            metadata["general.alignment"] = .uint32(UInt32(alignment))
            let file = try written(
                [("a", three, .float32), ("b", three, .float16)],
                metadata: metadata
            )
            for tensor in file.archive.tensors {
                #expect(tensor.byteRange.lowerBound % alignment == 0)
            }
            #expect(try file.archive["b"]?.floats().floats() == [1, 2, 3])
        }
    }

    @Test func largeTensorsComeInPieces() throws {
        // More than one piece, and not a whole number of pieces.
        let rows = 33_001
        let tensor = try Tensor(
            (0..<rows * 32).map { Float($0 % 1009 - 500) / 64 },
            shape: [rows, 32]
        )
        let ops = try Ops(instructionSet: .reference, threadCount: 1)
        let archive = try written([
            ("f", tensor, .float32), ("q", tensor, .q8_0),
            ("h", ops.copy(tensor, as: .bfloat16), .float16),
        ]).archive
        #expect(try archive["f"]?.floats().floats() == tensor.floats())
        let blocks = try ops.copy(tensor, as: .q8_0).fileBlocks()
        try #expect(bytes(archive["q"]) == blocks)
        let halves = try ops.copy(ops.copy(tensor, as: .bfloat16), as: .float32)
        #expect(try archive["h"]?.floats().floats() == halves.floats())
    }

    @Test func nothingAppearsUntilItIsComplete() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.gguf")
            _ = try GGUFWriter(
                AtomicFile(path),
                metadata: GGUFMetadata(),
                tensors: [],
                ops: Ops(instructionSet: .reference, threadCount: 1)
            )
            #expect(!FileSystem.exists(path))
        }
    }
}
