// Where named tensors are in their buffer.

import Tensors
import Testing

@Suite struct TensorLayoutTests {
    private let specifications = [
        TensorSpecification("wte", [3, 5], decays: true),
        TensorSpecification("ids", [3], elementType: .int32),
        TensorSpecification("half", [3], elementType: .bfloat16),
        TensorSpecification("bias", [2]),
    ]

    @Test func packedTensorsFollowOneAnotherAlignedToTheirElements() {
        let layout = TensorLayout(specifications)
        // 15 floats, 3 ids, 3 halves and 2 bytes of padding before floats come again.
        #expect(layout.byteOffsets == [0, 60, 72, 80])
        #expect(layout.byteCount == 88)
        #expect(layout.elementCount == 23)
    }

    @Test func alignedTensorsStartAtMultiples() {
        let layout = TensorLayout(specifications, alignment: 64)
        #expect(layout.byteOffsets == [0, 64, 128, 192])
        #expect(layout.byteCount == 200)
    }

    @Test func sharedMemoryIsAsLargeAsItsLargestTensor() {
        let layout = TensorLayout(
            [
                TensorSpecification("logits", [10]),
                TensorSpecification("losses", [1]),
                TensorSpecification("dwide", [30], elementType: .bfloat16, sharedWith: "logits"),
                TensorSpecification("small", [2], sharedWith: "logits"),
            ],
            alignment: 64
        )
        #expect(layout.byteOffsets == [0, 64, 0, 0])
        #expect(layout.byteCount == 68)
    }

    @Test func sharingWithALaterTensorStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            _ = TensorLayout([
                TensorSpecification("dwide", [2], sharedWith: "logits"),
                TensorSpecification("logits", [2]),
            ])
        }
    }

    @Test func anEmptyLayoutTakesNoMemory() throws {
        let layout = TensorLayout([])
        #expect(layout.byteCount == 0)
        #expect(try layout.allocate().flat.count == 0)
    }

    @Test func onlyTensorsMarkedForItDecay() {
        #expect(specifications.map(\.decays) == [true, false, false, false])
    }

    @Test func allocationGivesZeroedViewsByNameAndByOrder() throws {
        let set = try TensorLayout(specifications, alignment: 64).allocate()
        #expect(set.tensors.map(\.shape) == [[3, 5], [3], [3], [2]])
        #expect(set["ids"].elementType == .int32)
        #expect(set["wte"].floats() == [Float](repeating: 0, count: 15))
        set["bias"].withUnsafeMutableElements(as: Float.self) { $0[1] = 4 }
        #expect(set.tensors[3].floats() == [0, 4])
    }

    @Test func theFlatViewRunsThroughAllTensors() throws {
        let set = try TensorLayout([
            TensorSpecification("a", [2]), TensorSpecification("b", [1, 3]),
        ]).allocate()
        set["b"].withUnsafeMutableElements(as: Float.self) { $0[0] = 7 }
        #expect(set.flat.floats() == [0, 0, 7, 0, 0])
    }

    @Test func aFlatViewOfMixedTypesStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let ids = TensorSpecification("ids", [2], elementType: .int32)
            _ = try TensorLayout([ids]).allocate().flat
        }
    }

    @Test func anUnknownNameStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            _ = try TensorLayout([TensorSpecification("a", [2])]).allocate()["b"]
        }
    }
}
