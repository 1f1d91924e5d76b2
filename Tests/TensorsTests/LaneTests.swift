// Operations in lanes give the same results as outside.

import Synchronization
import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct LaneTests {
        @Test(arguments: [1, 2, 3, 17])
        func everyLaneRunsOnce(count: Int) throws {
            let runs = Mutex([Int](repeating: 0, count: count))
            try Ops(threadCount: 2).runLanes(count) { lane in runs.withLock { $0[lane] += 1 } }
            #expect(runs.withLock { $0 } == [Int](repeating: 1, count: count))
        }

        @Test(arguments: InstructionSet.available)
        func operationsInLanesGiveTheBitsTheyGiveOutside(set: InstructionSet) throws {
            var make = TensorMaker()
            let (N, C, OC) = (67, 96, 160)
            let (inp, weight) = (try make.uniform([N, C]), try make.uniform([OC, C]))
            let (ones, dout) = (try make.uniform([C]), try make.uniform([N, OC]))
            /// A product and a sum over threads' scratch memory, repeated: lanes that share memory
            /// by mistake would hardly miss each other every time.
            func compute(_ ops: Ops, _ results: [Tensor]) {
                for _ in 0..<20 {
                    for result in results { ops.zero(result) }
                    ops.matmulForward(out: results[0], inp: inp, weight: weight)
                    ops.matmulBackwardInput(dinp: results[1], dout: dout, weight: weight)
                    ops.layernormForward(
                        out: results[2],
                        mean: results[3],
                        rstd: results[4],
                        inp: inp,
                        weight: ones,
                        bias: ones
                    )
                    ops.layernormBackward(
                        dinp: results[5],
                        dweight: results[6],
                        dbias: results[7],
                        dout: results[2],
                        inp: inp,
                        weight: ones,
                        mean: results[3],
                        rstd: results[4]
                    )
                }
            }
            func results() throws -> [Tensor] {
                try [[N, OC], [N, C], [N, C], [N], [N], [N, C], [C], [C]].map {
                    try TensorMaker.garbage($0)
                }
            }
            let expected = try results()
            compute(try Ops(instructionSet: set, threadCount: 1), expected)
            let ops = try Ops(instructionSet: set, threadCount: 3)
            let lanes = try (0..<3).map { _ in (ops: try ops.forLane(), found: try results()) }
            ops.runLanes(lanes.count) { compute(lanes[$0].ops, lanes[$0].found) }
            for lane in lanes {
                #expect(lane.ops.threadCount == 1 && lane.ops.instructionSet == set)
                for (found, expected) in zip(lane.found, expected) {
                    expectSameBits(found, expected, "\(set)")
                }
            }
        }
    }
}
