// Storing weights and reading them back: compared with the formats' definitions, with blocks from
// GGUF's own Python package, and each backend with the reference.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct ConversionTests {
        static let blockFormats: [ElementType] = [.q8_0, .q8_f32, .q4_0, .q4_1]

        /// Below, at and above a block, and not a multiple of anything.
        static let columns = [1, 31, 32, 33, 63, 64, 100, 1537]

        var make = TensorMaker()

        private static func floats(_ matrix: Tensor, _ ops: Ops) throws -> [Float] {
            let out = try TensorMaker.garbage([matrix.rows, matrix.columns])
            let rows = try Tensor((0..<Int32(matrix.rows)).map { $0 }, shape: [matrix.rows])
            ops.lookUp(out: out, weight: matrix, rows: rows)
            return out.floats()
        }

        /// What `gguf` 0.19 produced for ((i * i * 7 + i * 13) mod 257 - 120) / 64 for i in 0 ..<
        /// 128, as two rows of 64; the second block divided by 1024, the third zero.
        private static let ggufSource: [Float] = (0..<128).map { i in
            let whole: Int = (i * i * 7 + i * 13) % 257 - 120
            let value = Float(whole) / 64
            switch i / 32 {
            case 1: return value / 1024
            case 2: return 0
            default: return value
            }
        }

        private static let ggufBlocks: [ElementType: String] = [
            .q8_0: "8f238196baed2f7fce3ca935bf6911c88e72564849597895d11d77cf47bd53e7894b"
                + "00010bddbdaba7b1c9ef2365b4127ef77f14b76928f5d0b9b0b5c8e918559ff85fd3"
                + "00000000000000000000000000000000000000000000000000000000000000000000"
                + "002469b7147ff77e12b46523efc9b1a7abbddd0b4790e84ec143d2701bd49b715445",
            .q4_0: "8033d0d1d4e7fb1f55acf35bc44fd96411df"
                + "f08bd71a5c9dbecddbd9c6926d37e09920b7"
                + "008088888888888888888888888888888888"
                + "f0b3a17d47f0a930c74db21669bbed1e3d4c",
            .q4_1: "003480bfd0c1c3d6fa1f559bf25bc44ec96411ce"
                + "770b109627e4926131211315395d81c80f66df38"
                + "0000000000000000000000000000000000000000"
                + "f73300bf5e82b80f66cf38b24de9964412e1c2b3",
        ]

        @Test(arguments: [ElementType.q8_0, .q4_0, .q4_1])
        func blocksMatchGGUF(type: ElementType) throws {
            let ops = try Backend.reference.ops()
            let source = try TensorMaker.copy(Self.ggufSource, [2, 64])
            let matrix = try ops.copy(source, as: type)
            let valueBytes = type.valueBytes(columns: 32)
            var blocks: [UInt8] = []
            matrix.withUnsafeBytes { values, scales in
                let scaleBytes = type.scaleBytes(columns: 32)
                for block in 0..<4 {
                    blocks += scales[block * scaleBytes..<(block + 1) * scaleBytes]
                    blocks += values[block * valueBytes..<(block + 1) * valueBytes]
                }
            }
            func hex(_ byte: UInt8) -> String {
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }
            #expect(blocks.map(hex).joined() == Self.ggufBlocks[type])
            #expect(matrix.byteCount == 4 * (valueBytes + type.scaleBytes(columns: 32)))
        }

        @Test(arguments: columns)
        mutating func floatFormatsKeepWhatTheyCanHold(C: Int) throws {
            let source = try make.uniform([5, C], -3...3)
            let ops = try Backend.reference.ops()
            let same = try Self.floats(ops.copy(source, as: .float32), ops)
            #expect(same == source.floats())
            let halves = try Self.floats(ops.copy(source, as: .float16), ops)
            #expect(halves == source.floats().map { Float(float16Bits: $0.float16Bits) })
            let rounded = try Self.floats(ops.copy(source, as: .bfloat16), ops)
            for (a, b) in zip(rounded, source.floats()) {
                #expect(abs(a - b) <= abs(b) * 0x1p-8 && a.bitPattern & 0xffff == 0)
            }
        }

        @Test(arguments: columns)
        mutating func blockFormatsErrByHalfAStepAtMost(C: Int) throws {
            let source = try make.uniform([5, C], -3...3)
            let ops = try Backend.reference.ops()
            for type in Self.blockFormats {
                let stored = try Self.floats(ops.copy(source, as: type), ops)
                for row in 0..<5 {
                    for first in stride(from: 0, to: C, by: 32) {
                        let block = (first..<min(first + 32, C)).map { row * C + $0 }
                        let values = block.map { source.floats()[$0] }
                        let largest = values.map(abs).max() ?? 0
                        let range = (values.max() ?? 0) - (values.min() ?? 0)
                        // Half a step, except that q4_0 has only 7 steps on one side where 8 would
                        // be needed; plus the rounding of float16, at most 2^-11 of the largest,
                        // twice in q4_1.
                        let step =
                            switch type {
                            case .q4_0: largest / 8
                            case .q4_1: range / 15 / 2 + range * 0x1p-11
                            default: largest / 127 / 2
                            }
                        for i in block {
                            #expect(abs(stored[i] - source.floats()[i]) <= step + largest * 0x1p-11)
                        }
                    }
                }
            }
        }

        @Test(arguments: columns)
        mutating func everyBackendReadsRowsAsTheReferenceDoes(C: Int) throws {
            let source = try make.uniform([7, C])
            let rows = try make.tokens([23], below: 7)
            for type in ElementType.weightTypes {
                let matrix = try GuardedStorage.unreadableAfter(source, type)
                func run(_ ops: Ops) throws -> Tensor {
                    let out = try TensorMaker.garbage([23, C])
                    ops.lookUp(out: out, weight: matrix, rows: rows)
                    return out
                }
                let expected = try run(Backend.reference.ops())
                for backend in Backend.all {
                    expectSameBits(try run(backend.ops()), expected, "\(type), \(backend)")
                }
            }
        }

        @Test mutating func storingDoesNotDependOnThreadsNorOnThePieces() throws {
            let source = try make.uniform([301, 333])
            for type in ElementType.weightTypes {
                let ops = try Backend(instructionSet: .best, threadCount: 3).ops()
                let whole = try Backend.reference.ops().copy(source, as: type)
                let pieces = try Tensor(zeros: [301, 333], elementType: type)
                for first in stride(from: 0, to: 301, by: 100) {
                    ops.store(source[first..<min(first + 100, 301)], in: pieces, firstRow: first)
                }
                let same = whole.withUnsafeBytes { values, scales in
                    pieces.withUnsafeBytes { otherValues, otherScales in
                        values.elementsEqual(otherValues) && scales.elementsEqual(otherScales)
                    }
                }
                #expect(same, "\(type)")
            }
        }

        @Test func zeroBlocksStayZeroAndTinyOnesBecomeZero() throws {
            let ops = try Backend.reference.ops()
            for value in [Float(0), -0.0, 0x1p-146, -0x1p-140] {
                let source = try TensorMaker.filled([2, 40], with: value)
                for type in Self.blockFormats {
                    let stored = try Self.floats(ops.copy(source, as: type), ops)
                    #expect(stored.allSatisfy { $0 == 0 }, "\(value) as \(type)")
                }
            }
        }

        @Test(arguments: [Float.nan, .infinity, -.infinity])
        func aBlockWithNaNOrInfinityIsNaNAndOthersAreNot(value: Float) throws {
            let ops = try Backend.reference.ops()
            let source = try TensorMaker.filled([2, 40], with: 1)
            source.withUnsafeMutableElements(as: Float.self) { $0[3] = value }
            for type in Self.blockFormats {
                let stored = try Self.floats(ops.copy(source, as: type), ops)
                #expect(stored[..<32].allSatisfy { $0.isNaN })
                #expect(stored[32...].allSatisfy { abs($0 - 1) < 0.01 })
            }
        }

        @Test func partsOfAMatrixAreItsRows() throws {
            let ops = try Backend.reference.ops()
            let source = try TensorMaker.copy((0..<5 * 70).map { Float($0 % 17) - 8 }, [5, 70])
            for type in ElementType.weightTypes {
                let matrix = try ops.copy(source, as: type)
                let all = try Self.floats(matrix, ops)
                #expect(try Self.floats(matrix[1..<4], ops) == Array(all[70..<280]))
            }
            #expect(try Self.floats(source, ops) == source.floats())
        }

        @Test func aTensorOfSeveralAxesIsConvertedRowByRow() throws {
            let ops = try Backend.reference.ops()
            let source = try TensorMaker.copy((0..<12 * 33).map { Float($0 % 11) - 5 }, [2, 6, 33])
            for type in ElementType.weightTypes {
                let stored = try ops.copy(source, as: type)
                #expect(stored.shape == source.shape)
                let floats = try ops.copy(stored, as: .float32)
                #expect(floats.shape == source.shape)
                #expect(
                    try ops.copy(stored[1], as: .float32).floats() == floats[1].floats(),
                    "\(type)"
                )
                #expect(
                    try ops.copy(stored[1][2..<5], as: .float32).floats()
                        == floats[1][2..<5].floats(),
                    "\(type)"
                )
            }
        }

        @Test func conversionsBetweenTypesKeepTheValues() throws {
            let ops = try Backend.reference.ops()
            let source = try TensorMaker.copy((0..<5 * 40).map { Float($0 % 23) / 7 }, [5, 40])
            for first in ElementType.weightTypes {
                let stored = try ops.copy(source, as: first)
                for second in ElementType.weightTypes {
                    let direct = try ops.convert(stored, to: second)
                    let floats = try TensorMaker.copy(Self.floats(stored, ops), [5, 40])
                    let expected = try ops.copy(floats, as: second)
                    #expect(
                        try Self.floats(direct, ops) == Self.floats(expected, ops),
                        "\(first), \(second)"
                    )
                }
            }
        }

        @Test func convertingToTheSameTypeSharesMemoryAndCopyingDoesNot() throws {
            let ops = try Backend.reference.ops()
            let source = try Tensor([1, 2] as [Float], shape: [1, 2])
            let (same, other) = (
                try ops.convert(source, to: .float32), try ops.copy(source, as: .float32)
            )
            source.zero()
            #expect(same.floats() == [0, 0])
            #expect(other.floats() == [1, 2])
        }

        @Test mutating func aCopyInTheSameTypeHasTheSameBits() throws {
            let ops = try Backend.reference.ops()
            // Values whose largest is not what their scale implies: rounding cannot reproduce them.
            let source = try make.uniform([5, 70], -3...3)
            for type in ElementType.weightTypes {
                let stored = try ops.copy(source, as: type)
                stored.withUnsafeBytes { values, _ in
                    guard type.isBlocked else { return }
                    let bytes = UnsafeMutableRawBufferPointer(mutating: values)
                    for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: 37 * i) }
                }
                let copy = try ops.copy(stored, as: type)
                func planes(_ tensor: Tensor) -> [[UInt8]] {
                    tensor.withUnsafeBytes { [Array($0), Array($1)] }
                }
                #expect(planes(copy) == planes(stored), "\(type)")
            }
            let tokens = try make.tokens([3, 7], below: 100)
            let copy = try ops.copy(tokens, as: .int32)
            let ids = [tokens, copy].map { $0.withUnsafeElements(as: Int32.self) { Array($0) } }
            #expect(ids[0] == ids[1])
        }

        @Test func rowsThatDoNotExistStopTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let matrix = try Tensor(zeros: [3, 40], elementType: .q8_0)
                let out = try Tensor(zeros: [1, 40])
                ops.lookUp(out: out, weight: matrix, rows: try Tensor([Int32(3)], shape: [1]))
            }
        }

        @Test func planesOutsideTheirMemoryStopTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let buffer = try TensorBuffer(byteCount: 40 * 3 - 1)
                _ = Tensor(buffer, shape: [3, 10])
            }
        }
    }
}

@Suite struct Float16BitsTests {
    private static let cases: [(Float, UInt16)] = [
        (0, 0), (-0.0, 0x8000), (1, 0x3c00), (-2, 0xc000), (65504, 0x7bff),
        (65519.996, 0x7bff), (65520, 0x7c00), (.infinity, 0x7c00), (-.infinity, 0xfc00),
        (0x1p-24, 0x0001), (0x1p-25, 0x0000), (0x1.8p-25, 0x0001), (0x1.8p-24, 0x0002),
        (0x1p-14, 0x0400), (0x1.ff8p-15, 0x03ff), (0x1.ffcp-15, 0x0400),
        (0x1.002p0, 0x3c00), (0x1.006p0, 0x3c02),
    ]

    @Test(arguments: cases)
    func floatsRoundToTheNearestHalf(value: Float, bits: UInt16) {
        #expect(value.float16Bits == bits)
    }

    @Test func everyHalfSurvivesBothConversions() {
        for bits in UInt16.min...UInt16.max {
            let value = Float(float16Bits: bits)
            if bits & 0x7fff > 0x7c00 {
                #expect(value.isNaN && Float(float16Bits: value.float16Bits).isNaN)
            } else {
                #expect(value.float16Bits == bits)
            }
        }
    }
}
