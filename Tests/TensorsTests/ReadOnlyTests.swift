// Tensors in memory that must not change: readable by every operation, and refused by every one
// that writes.

import Tensors
import Testing

@Suite struct ReadOnlyTests {
    private static func readOnly() throws -> Tensor {
        try GuardedStorage.unreadableAfter(
            Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]),
            .float32
        )
    }

    @Test func viewsOfItAreReadOnlyToo() throws {
        let tensor = try Self.readOnly()
        for view in [tensor, tensor[1], tensor[0..<1], tensor.reshaped([4])] {
            #expect(!view.isWritable)
        }
        #expect(try Tensor(zeros: [2, 2]).isWritable)
    }

    @Test func elementsAreReadAndCopiedFromReadOnlyMemory() throws {
        let tensor = try Self.readOnly()
        #expect(tensor[1].floats() == [3, 4])
        let copy = try Tensor(zeros: [2, 2])
        copy.copy(from: tensor)
        #expect(copy.floats() == [1, 2, 3, 4])
    }

    @Test func settingItToZeroStopsTheProgram() async {
        await #expect(processExitsWith: .trap) { try Self.readOnly().zero() }
    }

    @Test func copyingToItStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let tensor = try Self.readOnly()
            tensor.copy(from: tensor)
        }
    }

    @Test func askingForElementsToWriteStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            try Self.readOnly().withUnsafeMutableElements(as: Float.self) { $0[0] = 1 }
        }
    }

    @Test func anOperationThatWritesStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let tensor = try Self.readOnly()
            try Ops(threadCount: 1).residualForward(out: tensor, a: tensor, b: tensor)
        }
        await #expect(processExitsWith: .trap) {
            let tensor = try Self.readOnly()
            let inp = try Tensor(zeros: [2, 2])
            try Ops(threadCount: 1).linear(out: tensor, inp: inp, weight: inp)
        }
        await #expect(processExitsWith: .trap) {
            let tensor = try Self.readOnly()
            try Ops(threadCount: 1).store(try Tensor(zeros: [2, 2]), in: tensor)
        }
    }
}
