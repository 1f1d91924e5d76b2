// Tensors on the pages of a file: operands like those in memory, but read-only.

import FileIO
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct MappedTensorTests {
    private static let elements = (0..<15).map { Float($0 % 7) - 3 }

    /// `elements` in memory as float32, and in a file.
    private static func tensors(
        _ elementType: ElementType = .float32
    ) throws -> (memory: Tensor, mapped: Tensor) {
        let memory = try Tensor(elements, shape: [3, 5])
        let mapped = try withTemporaryDirectory { directory in
            let path = directory.appending("tensor")
            let file = try AtomicFile(path)
            try file.write(memory, as: elementType)
            try file.commit()
            // The file's content remains while it is mapped, whatever happens to its name.
            return Tensor(try MappedFile(path), shape: [3, 5], elementType: elementType)
        }
        return (memory, mapped)
    }

    @Test func itHasTheFilesContentAndIsReadOnly() throws {
        let (memory, mapped) = try Self.tensors()
        #expect(mapped.floats() == memory.floats())
        #expect(mapped[1].floats() == memory[1].floats())
        #expect(!mapped.isWritable && !mapped[1].isWritable && !mapped.reshaped([15]).isWritable)
        #expect(memory.isWritable)
    }

    @Test func trainingComputesTheSameProductsAsWithWeightsInMemory() throws {
        let ops = try Ops(threadCount: 1)
        let (memory, mapped) = try Self.tensors()
        let inp = try Tensor((0..<10).map { Float($0) / 4 }, shape: [2, 5])
        let dout = try Tensor((0..<6).map { Float($0) - 2 }, shape: [2, 3])
        func results(_ weight: Tensor) throws -> [[Float]] {
            let (out, dinp) = (try Tensor(zeros: [2, 3]), try Tensor(zeros: [2, 5]))
            ops.matmulForward(out: out, inp: inp, weight: weight)
            ops.matmulBackwardInput(dinp: dinp, dout: dout, weight: weight)
            let embedded = try Tensor(zeros: [1, 2, 5])
            let tokens = try Tensor([2, 0] as [Int32], shape: [1, 2])
            ops.encoderForward(out: embedded, tokens: tokens, wte: weight, wpe: weight)
            return [out.floats(), dinp.floats(), embedded.floats()]
        }
        #expect(try results(mapped) == results(memory))
    }

    @Test func anOptimizerMayReadItsGradientsFromAFile() throws {
        let ops = try Ops(threadCount: 1)
        let (memory, mapped) = try Self.tensors()
        let step = AdamWStep(
            learningRate: 0.1,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weightDecay: 0,
            step: 1,
            gradientScale: 1
        )
        let updated = try [memory, mapped].map { grads in
            let params = try Tensor(Self.elements, shape: [3, 5])
            let (m, v) = (try Tensor(zeros: [3, 5]), try Tensor(zeros: [3, 5]))
            ops.adamW(params: params, grads: grads, m: m, v: v, step: step)
            return params.floats()
        }
        #expect(updated[0] == updated[1])
        #expect(updated[0] != Self.elements)
    }

    @Test(arguments: [ElementType.float32, .bfloat16])
    func linearLayersOverAFilesPagesGiveWhatTheyGiveOverMemory(elementType: ElementType) throws {
        let ops = try Ops(threadCount: 1)
        let (memory, mapped) = try Self.tensors(elementType)
        let inp = try Tensor((0..<5).map { Float($0) / 4 }, shape: [1, 5])
        let outs = try [ops.copy(memory, as: elementType), mapped].map { weight in
            let out = try Tensor(zeros: [1, 3])
            ops.linear(out: out, inp: inp, weight: weight)
            return out.floats()
        }
        #expect(outs[0] == outs[1])
    }

    @Test func storedTypesThatKernelsHaveMapToTensorTypes() {
        #expect(
            StoredType.allCases.compactMap(\.elementType)
                == [.float16, .bfloat16, .int32, .float32]
        )
        #expect(StoredType(.float32) == .float32 && StoredType(.bfloat16) == .bfloat16)
        #expect(StoredType(.q8_0) == nil)
        for type in StoredType.allCases {
            if let elementType = type.elementType {
                #expect(elementType.byteWidth == type.byteWidth)
            }
        }
    }
}
