// Reading GGUF: a file from the gguf package, bit for bit, and files that contradict themselves.

import FileIO
import Tensors
import Testing

@testable import TensorFiles

@Suite struct GGUFFileTests: OpensSmallFiles {
    private typealias Small = SmallGGUF

    // MARK: What the gguf package writes

    @Test func keysOfEveryTypeAreRead() throws {
        let metadata = try GGUFFile(contentsOf: Small.fixture().path).metadata
        #expect(metadata.keys.prefix(2) == ["general.architecture", "small.uint8"])
        let expected: [String: GGUFValue] = [
            "general.architecture": .string("small"), "small.uint8": .uint8(200),
            "small.int8": .int8(-100), "small.uint16": .uint16(60_000),
            "small.int16": .int16(-30_000), "small.uint32": .uint32(4_000_000_000),
            "small.int32": .int32(-2_000_000_000), "small.float32": .float32(0.1),
            "small.bool": .bool(true), "small.string": .string("na\u{EF}ve \u{6F22}"),
            "small.uint64": .uint64(1 << 63), "small.int64": .int64(-(1 << 62)),
            "small.float64": .float64(0.1), "small.strings": .array(GGUFArray(["a", "", "漢"])),
            "small.integers": .array(GGUFArray([3, -1, 2] as [Int32])),
            "small.floats": .array(GGUFArray([0.5, -0.25] as [Float])),
        ]
        for (key, value) in expected { #expect(metadata[key] == value, "\(key)") }
        #expect(metadata.keys.count == expected.count)
    }

    @Test func keysAreReadByType() throws {
        let metadata = try GGUFFile(contentsOf: Small.fixture().path).metadata
        #expect(try metadata.string("general.architecture") == "small")
        #expect(try metadata.integer("small.int16") == -30_000)
        #expect(try metadata.number("small.uint8") == 200)
        #expect(try metadata.bool("small.bool") == true)
        #expect(try metadata.byteStrings("small.strings") == [[0x61], [], Array("漢".utf8)])
        #expect(try metadata.integers("small.integers") == [3, -1, 2])
        #expect(try metadata.floats("small.floats") == [0.5, -0.25])
        #expect(try metadata.string("none") == nil && metadata.integers("none") == nil)
        func complaint(_ body: () throws -> Void) -> String {
            "\(#expect(throws: TensorFileError.self) { try body() }.map { "\($0)" } ?? "")"
        }
        #expect(
            complaint { _ = try metadata.integer("small.string") }.contains(
                "'small.string' of its metadata should be a whole number, but is of type string"
            )
        )
        #expect(complaint { _ = try metadata.integer("small.uint64") }.contains("whole number"))
        #expect(complaint { _ = try metadata.string("small.bool") }.contains("a string"))
        #expect(complaint { _ = try metadata.byteStrings("small.floats") }.contains("of strings"))
        #expect(complaint { _ = try metadata.integers("small.floats") }.contains("whole numbers"))
    }

    private func digest(_ tensor: Tensor) -> String {
        var digest = SHA256()
        tensor.withUnsafeBytes { values, _ in digest.update(values) }
        return digest.hexadecimal()
    }

    @Test func tensorsOfEveryTypeMatchTheGGUFPackage() throws {
        let (path, expected) = try Small.fixture()
        let archive = try TensorArchive(contentsOf: path)
        #expect(archive.container == .gguf)
        #expect(Set(archive.tensors.map(\.name)) == Set(expected.keys))
        for (name, expected) in expected {
            let stored = try archive.tensor(name, shape: expected.shape)
            #expect(stored.storedType.rawValue == expected.type, "\(name)")
            try #expect(digest(stored.floats()) == expected.sha256, "\(name)")
        }
    }

    @Test func blocksInMemoryKeepTheirValuesAndAreWrittenBackUnchanged() throws {
        let ops = try Ops(instructionSet: .reference, threadCount: 1)
        let archive = try TensorArchive(contentsOf: Small.fixture().path)
        for (name, type) in [("q8_0", ElementType.q8_0), ("q4_0", .q4_0), ("q4_1", .q4_1)] {
            let stored = try #require(archive[name])
            let tensor = try stored.tensor()
            #expect(tensor.elementType == type && tensor.shape == [3, 64])
            try #expect(digest(ops.copy(tensor, as: .float32)) == digest(stored.floats()))
            #expect(stored.withUnsafeBytes { Array($0) } == tensor.fileBlocks(), "\(name)")
        }
        #expect(try #require(archive["f16"]).tensor().elementType == .float16)
        let q6K = try #require(archive["q6_k"])
        let kept = try q6K.tensor()
        #expect(kept.elementType == .q8_0)
        #expect(try kept.fileBlocks() == ops.copy(q6K.floats(), as: .q8_0).fileBlocks())
    }

    // MARK: Files made here

    @Test func versionTwoIsReadToo() throws {
        let archive = try open(Small.with { $0.version = 2 })
        try #expect(floats(archive["a"]) == [1, 2])
        try #expect(floats(archive["b"]) == [Float](repeating: 1.5, count: 32))
    }

    @Test func axesComeInnermostFirst() throws {
        let archive = try open(
            Small.with { $0.tensors = [Small.tensor("a", [32, 1], 8, at: 32)] }
        )
        #expect(archive["a"]?.shape == [1, 32])
    }

    @Test func anotherAlignmentIsHonored() throws {
        let bytes = Small.with {
            $0.alignment = 8
            $0.keys = [
                Small.key("general.alignment", 4, SmallTensorFiles.littleEndian(UInt32(8)))
            ]
            $0.tensors = [Small.tensor("a", [2], 0, at: 0), Small.tensor("b", [6], 0, at: 8)]
        }
        try #expect(floats(open(bytes)["b"]) == [Float](repeating: 0, count: 6))
    }

    @Test func everyTruncationIsAnError() throws {
        let bytes = SmallGGUF().bytes
        for count in bytes.indices {
            #expect(error(opening: Array(bytes[..<count])) != "no error", "\(count)")
        }
        // What comes after the last tensor is not part of it.
        _ = try open(bytes + [0])
    }

    private static let hostile: [(message: String, change: @Sendable (inout SmallGGUF) -> Void)] = [
        ("of version 1,", { $0.version = 1 }),
        ("of version 4,", { $0.version = 4 }),
        ("for big-endian machines of version 3", { $0.version = UInt32(3).byteSwapped }),
        ("the number of tensors should be at most", { $0.tensorCount = .max }),
        ("the number of keys should be at most", { $0.keyCount = 1 << 40 }),
        ("byte", { $0.keyCount = 3 }),
        (
            "the number of keys called 'k' should be 1",
            {
                $0.keys = [Small.key("k", 0, [1]), Small.key("k", 0, [1])]
            }
        ),
        (
            "a key at byte 24 should be UTF-8 of 1 to 65535 bytes",
            {
                $0.keys = [Small.key("", 0, [1])]
            }
        ),
        (
            "a key at byte 24 should be UTF-8",
            {
                $0.keys = [[1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 1, 1, 1]]
            }
        ),
        ("the type of the value", { $0.keys = [Small.key("k", 13, [1, 1])] }),
        (
            "bytes of a string",
            {
                $0.keys = [Small.key("k", 8, SmallTensorFiles.littleEndian(UInt64.max))]
            }
        ),
        ("elements of the array", { $0.keys = [Small.key("k", 9, Small.array(4, count: .max))] }),
        (
            "elements of the array",
            { $0.keys = [Small.key("k", 9, Small.array(8, count: 1 << 60))] }
        ),
        (
            "the length of the string",
            {
                let strings = [UInt8](repeating: 0xFF, count: 24)
                $0.keys = [Small.key("k", 9, Small.array(8, count: 3, strings))]
            }
        ),
        (
            "in at most 8 others",
            {
                let deep =
                    (0..<9).flatMap { _ in Small.array(9, count: 1) } + Small.array(0, count: 0)
                $0.keys = [Small.key("k", 9, deep)]
            }
        ),
        (
            "one of 3 files that a model is split into",
            {
                $0.keys = [Small.key("split.count", 2, [3, 0])]
            }
        ),
        (
            "'general.alignment' should be a power of two",
            {
                $0.keys = [Small.key("general.alignment", 4, [24, 0, 0, 0])]
            }
        ),
        (
            "'general.alignment' should be a power of two",
            {
                $0.keys = [Small.key("general.alignment", 4, [0, 0, 0, 0])]
            }
        ),
        (
            "'general.alignment' of its metadata should be a whole number",
            {
                $0.keys = [Small.key("general.alignment", 8, Small.string("32"))]
            }
        ),
        (
            "the number of axes of 'a'",
            {
                $0.tensors = [Small.tensor("a", [1, 1, 1, 1, 1], 0, at: 0)]
            }
        ),
        ("tensor 'a' is of type Q4_K", { $0.tensors = [Small.tensor("a", [256], 12, at: 0)] }),
        ("tensor 'a' is of type 99", { $0.tensors = [Small.tensor("a", [256], 99, at: 0)] }),
        ("the shape of 'a'", { $0.tensors = [Small.tensor("a", [33], 8, at: 0)] }),
        ("the shape of 'a'", { $0.tensors = [Small.tensor("a", [1 << 32, 1 << 32], 0, at: 0)] }),
        ("the shape of 'a'", { $0.tensors = [Small.tensor("a", [.max], 0, at: 0)] }),
        (
            "the start of 'a' should be a multiple of 32",
            {
                $0.tensors = [Small.tensor("a", [2], 0, at: 8)]
            }
        ),
        (
            "the end of 'a' should be within the 66 bytes",
            {
                $0.tensors = [Small.tensor("a", [2], 0, at: 64)]
            }
        ),
        ("the end of 'a'", { $0.tensors = [Small.tensor("a", [2], 0, at: .max - 31)] }),
        (
            "the start of 'b' should be after the tensor before it",
            {
                $0.tensors = [Small.tensor("a", [16], 0, at: 0), Small.tensor("b", [1], 0, at: 32)]
            }
        ),
        (
            "the number of tensors called 'a' should be 1",
            {
                $0.tensors = [Small.tensor("a", [1], 0, at: 0), Small.tensor("a", [1], 0, at: 32)]
            }
        ),
    ]

    @Test(arguments: hostile.indices)
    func filesThatContradictThemselvesAreRefused(index: Int) {
        let (message, change) = Self.hostile[index]
        let sentence = error(opening: Small.with(change))
        #expect(sentence.contains(message), "\(sentence)")
    }

    @Test func controlCharactersInNamesAreEscaped() {
        let bytes = Small.with { $0.tensors = [Small.tensor("\u{1B}[2J", [256], 12, at: 0)] }
        #expect(error(opening: bytes).contains("tensor '\\u{1b}[2J' is of type Q4_K"))
    }
}
