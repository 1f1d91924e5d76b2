// Allocating, writing and reading memory through operations, as models do.

import Tensors
import Testing

@Suite struct MemoryTests {
    private let ops: Ops

    init() throws { ops = try Ops(instructionSet: .reference, threadCount: 1) }

    @Test func newTensorsAreZeroAndOfTheTypeAskedFor() throws {
        let floats = try ops.tensor([2, 3])
        #expect(floats.elementType == .float32 && floats.isWritable)
        #expect(ops.floats(floats) == [Float](repeating: 0, count: 6))
        let blocks = try ops.tensor([2, 33], elementType: .q4_0)
        #expect(blocks.elementType == .q4_0)
        #expect(try ops.floats(ops.copy(blocks, as: .float32)).allSatisfy { $0 == 0 })
    }

    @Test func writtenElementsReplaceTheOldOnes() throws {
        let tokens = try ops.tensor([4], elementType: .int32)
        // A slice, whose indices do not start at zero.
        ops.write([9, 1, 2, 3, 4, 9][1..<5], to: tokens)
        #expect(tokens.withUnsafeElements(as: Int32.self) { Array($0) } == [1, 2, 3, 4])
        let made = try ops.tensor([5, 6] as [Int32], shape: [2, 1])
        #expect(made.withUnsafeElements(as: Int32.self) { Array($0) } == [5, 6])
    }

    @Test func filledElementsAreReadIntoTheirPlaceAmongOthers() throws {
        let tensor = try ops.tensor([3])
        ops.fill(tensor) { span in
            for i in span.indices { span[i] = Float(i + 1) }
        }
        var all = [Float](repeating: -1, count: 6)
        var span = all.mutableSpan
        ops.read(tensor, into: &span, at: 2)
        #expect(all == [-1, -1, 1, 2, 3, -1])
    }

    @Test func copiesAndZerosAffectOneTensorOnly() throws {
        let (a, b) = (try ops.tensor([2]), try ops.tensor([2]))
        ops.fill(a) { $0.update(repeating: 7) }
        ops.copy(a, to: b)
        ops.zero(a)
        #expect(ops.floats(a) == [0, 0] && ops.floats(b) == [7, 7])
    }

    @Test func tensorsOfALayoutLieInOneBlock() throws {
        let set = try ops.allocate(
            TensorLayout([TensorSpecification("a", [2]), TensorSpecification("b", [3])])
        )
        ops.fill(set["b"]) { $0.update(repeating: 1) }
        #expect(ops.floats(set.flat) == [0, 0, 1, 1, 1])
    }

    @Test func aWrongNumberOfElementsStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let ops = try Ops(instructionSet: .reference, threadCount: 1)
            ops.write([1, 2, 3], to: try ops.tensor([2], elementType: .int32))
        }
    }

    @Test func readingPastTheEndStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let ops = try Ops(instructionSet: .reference, threadCount: 1)
            var all = [Float](repeating: 0, count: 3)
            var span = all.mutableSpan
            ops.read(try ops.tensor([2]), into: &span, at: 2)
        }
    }
}
