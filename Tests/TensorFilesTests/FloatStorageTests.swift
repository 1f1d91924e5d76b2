import FileIO
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct FloatStorageTests {
    @Test(
        arguments: [
            (1, 0x3f80), (-2, 0xc000), (0, 0x0000), (-0.0, 0x8000), (.infinity, 0x7f80),
            (-.infinity, 0xff80), (3.14159274, 0x4049), (0.1, 0x3dcd),
            // The largest float rounds up to infinity, the smallest down to zero.
            (.greatestFiniteMagnitude, 0x7f80), (-.greatestFiniteMagnitude, 0xff80),
            (.leastNonzeroMagnitude, 0x0000),
            // Halfway between two neighbors: to the even one.
            (Float(bitPattern: 0x3f80_8000), 0x3f80), (Float(bitPattern: 0x3f81_8000), 0x3f82),
            // Just below and above halfway.
            (Float(bitPattern: 0x3f81_7fff), 0x3f81), (Float(bitPattern: 0x3f80_8001), 0x3f81),
            // Rounding may carry into the exponent.
            (Float(bitPattern: 0x3fff_ffff), 0x4000),
        ] as [(Float, UInt16)]
    )
    func bfloat16IsTheNearestWithTiesToEven(value: Float, bits: UInt16) {
        #expect(value.bfloat16Bits == bits)
    }

    @Test func everyBfloat16IsItsOwnRounding() {
        for bits in UInt16.min ... .max {
            let value = Float(bfloat16Bits: bits)
            if value.isNaN {
                #expect(Float(bfloat16Bits: value.bfloat16Bits).isNaN)
            } else {
                #expect(value.bfloat16Bits == bits)
            }
        }
    }

    @Test(arguments: [0x7f80_0001, 0x7fff_ffff, 0xff80_0001, 0x7fc0_0000] as [UInt32])
    func nanStaysNaNOfItsSign(pattern: UInt32) {
        let rounded = Float(bfloat16Bits: Float(bitPattern: pattern).bfloat16Bits)
        #expect(rounded.isNaN)
        #expect(rounded.sign == Float(bitPattern: pattern).sign)
    }

    @Test(arguments: [ElementType.float32, .bfloat16])
    func tensorsAreReadAsTheyWereWritten(elementType: ElementType) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("tensor")
            // More than is written in one piece, and a number of elements that is not a multiple of
            // anything.
            let count = 70_001
            // Eighths have few enough digits for bfloat16 up to 32.
            let elements = (0..<count).map { Float($0 % 256) / 8 - 16 }
            let file = try AtomicFile(path)
            try file.write(Tensor(elements, shape: [count]), as: elementType)
            try file.commit()

            var reader = try BinaryReader(path: path)
            #expect(reader.file.count == count * elementType.byteWidth)
            let tensor = try Tensor(zeros: [count])
            try reader.read(into: tensor, storedAs: try #require(StoredType(elementType)))
            #expect(tensor.floats() == elements)
            #expect(reader.remaining == 0)
        }
    }

    @Test func tensorLongerThanTheFileIsAnError() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("tensor")
            let file = try AtomicFile(path)
            try file.write([UInt8](repeating: 0, count: 7))
            try file.commit()
            var reader = try BinaryReader(path: path)
            #expect(
                throws: FileIOError.truncated(path: path, offset: 0, needed: 8, available: 7)
            ) { try reader.read(into: Tensor(zeros: [2]), storedAs: .float32) }
        }
    }
}
