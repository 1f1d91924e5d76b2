// Views of buffers: shapes, slices, bounds.

import Tensors
import TestSupport
import Testing

@Suite struct TensorTests {
    private func counting(_ shape: [Int]) throws -> Tensor {
        try Tensor((0..<shape.reduce(1, *)).map { Float($0) }, shape: shape)
    }

    @Test func newTensorsAreZero() throws {
        let tensor = try Tensor(zeros: [3, 5])
        #expect(tensor.count == 15)
        #expect(tensor.floats() == [Float](repeating: 0, count: 15))
    }

    @Test func emptyTensorsAndScalarsAreAllowed() throws {
        #expect(try Tensor(zeros: [0, 4]).floats().isEmpty)
        #expect(try Tensor(zeros: []).floats() == [0])
    }

    @Test func anIndexRemovesTheFirstAxisAndARangeKeepsIt() throws {
        let tensor = try counting([3, 2, 2])
        #expect(tensor[1].shape == [2, 2])
        #expect(tensor[1].floats() == [4, 5, 6, 7])
        #expect(tensor[2][1].floats() == [10, 11])
        #expect(tensor[1..<3].shape == [2, 2, 2])
        #expect(tensor[1..<3].floats() == [4, 5, 6, 7, 8, 9, 10, 11])
        #expect(tensor[3..<3].shape == [0, 2, 2])
    }

    @Test func viewsShareTheirElements() throws {
        let tensor = try counting([2, 3])
        tensor[1].zero()
        #expect(tensor.reshaped([6]).floats() == [0, 1, 2, 0, 0, 0])
    }

    @Test func aViewKeepsItsBufferAlive() throws {
        func lastRow() throws -> Tensor { try counting([2, 3])[1] }
        #expect(try lastRow().floats() == [3, 4, 5])
    }

    @Test func tokenIdsKeepTheirType() throws {
        let tensor = try Tensor([7, -1] as [Int32], shape: [2])
        #expect(tensor.elementType == .int32)
        #expect(tensor.withUnsafeElements(as: Int32.self) { Array($0) } == [7, -1])
    }

    @Test func elementsOfTwoBytesArePackedCloser() throws {
        let tensor = try Tensor(zeros: [2, 3], elementType: .bfloat16)
        tensor[1].withUnsafeMutableElements(as: UInt16.self) { $0[0] = 9 }
        let elements = tensor.withUnsafeElements(as: UInt16.self) { Array($0) }
        #expect(elements == [0, 0, 0, 9, 0, 0])
    }

    @Test func tensorsOfBlocksAreCutBetweenRowsOnly() throws {
        for type in ElementType.allCases where type.isBlocked {
            let tensor = try Tensor(zeros: [2, 3, 33], elementType: type)
            #expect(tensor.rows == 6 && tensor.columns == 33)
            // Two blocks per row.
            #expect(tensor.byteCount == 6 * type.byteCount(rows: 1, columns: 64))
            #expect(tensor[1][1..<3].byteCount == 2 * type.byteCount(rows: 1, columns: 64))
            tensor.withUnsafeBytes { values, scales in
                tensor[1].withUnsafeBytes { partOfValues, partOfScales in
                    #expect(
                        partOfValues.baseAddress == values.baseAddress.map { $0 + values.count / 2 }
                    )
                    #expect(
                        partOfScales.baseAddress == scales.baseAddress.map { $0 + scales.count / 2 }
                    )
                }
            }
            #expect(tensor.reshaped([6, 33]).byteCount == tensor.byteCount)
        }
    }

    @Test func aRowOfBlocksCutIntoPartsStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            _ = try Tensor(zeros: [2, 64], elementType: .q8_0)[0][32..<64]
        }
        await #expect(processExitsWith: .trap) {
            _ = try Tensor(zeros: [2, 64], elementType: .q8_0).reshaped([4, 32])
        }
    }

    @Test func anElementOfABlockStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let tensor = try Tensor(zeros: [1, 32], elementType: .q8_0)
            _ = tensor.withUnsafeElements(as: Int8.self) { $0[0] }
        }
    }

    @Test func askingForTooMuchMemoryThrowsItsSize() {
        let error = TensorError.outOfMemory(byteCount: 3 << 29)
        #expect(error.description.hasPrefix("1.5 GiB of memory are needed"))
        #expect(throws: TensorError.outOfMemory(byteCount: 1 << 60)) {
            try Tensor(zeros: [1 << 58])
        }
    }

    @Test func aViewPastTheEndOfItsBufferStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            _ = Tensor(try TensorBuffer(byteCount: 16), byteOffset: 4, shape: [4])
        }
    }

    @Test func aViewBetweenElementsStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            _ = Tensor(try TensorBuffer(byteCount: 16), byteOffset: 2, shape: [1])
        }
    }

    @Test func reshapingToAnotherCountStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            _ = try Tensor(zeros: [2, 3]).reshaped([5])
        }
    }
}
