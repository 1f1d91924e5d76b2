// The loops that measure a machine's limits must do the work they claim to do.

import Tensors
import Testing

extension KernelTests {
    @Suite struct BurstTests {
        @Test(arguments: Backend.all)
        func multiplyAddsAreCountedForEveryThread(_ backend: Backend) throws {
            let ops = try backend.ops()
            for burst in [ops.fmaBurst, ops.bfloat16Burst] {
                let one = burst(1)
                #expect(one > 0)
                #expect(one.truncatingRemainder(dividingBy: Double(2 * backend.threadCount)) == 0)
                #expect(burst(10) == 10 * one)
            }
        }

        @Test(arguments: Backend.all)
        func streamingAddsToThreeBlocksWhatAFourthHolds(_ backend: Backend) throws {
            let count = 1000
            var maker = TensorMaker()
            let blocks = try (0..<4).map { _ in try maker.uniform([count]) }
            let before = blocks.map { $0.floats() }
            try backend.ops()
                .streamBurst(a: blocks[0], b: blocks[1], c: blocks[2], d: blocks[3])
            for (block, old) in zip(blocks, before).prefix(3) {
                #expect(block.floats() == zip(old, before[3]).map { $0 + $1 })
            }
            #expect(blocks[3].floats() == before[3])
        }

        @Test func burstsOverTypesOtherThanFloat32StopTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let (halves, floats) = (
                    try ops.tensor([16], elementType: .bfloat16), try ops.tensor([16])
                )
                ops.streamBurst(a: halves, b: floats, c: floats, d: floats)
            }
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                ops.readBurst(try ops.tensor([16], elementType: .bfloat16), streams: 1)
            }
        }

        @Test(arguments: Backend.all, [1, 2, 4, 8])
        func everyWordIsReadOnce(_ backend: Backend, streams: Int) throws {
            let ops = try backend.ops()
            // Sizes that divide among threads and streams, and sizes that do not.
            for count in [16, 64, 80, 1024, 16 * 257] {
                var maker = TensorMaker()
                let x = try maker.uniform([count])
                let expected = x.floats().map(\.bitPattern).reduce(0, &+)
                #expect(ops.readBurst(x, streams: streams) == expected, "\(count) floats")
            }
        }
    }
}
