// Rotary positions: rotations compared with sines and cosines in double, and turning compared with
// the reference.

import Tensors
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension KernelTests {
    @Suite(.serialized) struct RopeTests {
        /// N, NH, HS around vectors of 4, 8 and 16; the last is large enough for a team of three.
        static let shapes = [
            [1, 1, 2], [3, 2, 4], [2, 3, 6], [5, 1, 8], [2, 2, 10], [3, 1, 14], [1, 4, 16],
            [2, 3, 18], [1, 2, 34], [3, 12, 64], [193, 4, 130],
        ]

        var make = TensorMaker()

        @Test(arguments: shapes)
        mutating func bothPassesAgreeWithTheReference(shape: [Int]) throws {
            let (N, NH, HS) = (shape[0], shape[1], shape[2])
            let (x, rotations) = (try make.uniform([N, NH * HS]), try make.uniform([N, HS]))
            let (a, r) = (x.floats(), rotations.floats())
            // Two products are added, and roundings are relative to their magnitudes.
            let magnitude = a.indices.map { i in
                let at = i / (NH * HS) * HS + i % HS
                return abs(a[i] * r[at & ~1]) + abs(a[i ^ 1] * r[at | 1])
            }
            try expectAsTheReference(magnitude: magnitude, within: 4) { ops in
                let out = try TensorMaker.copy(x)
                ops.ropeForward(TensorColumns(out), rotations: rotations)
                return out
            }
            try expectAsTheReference(magnitude: magnitude, within: 4) { ops in
                let out = try TensorMaker.copy(x)
                ops.ropeBackward(TensorColumns(out), rotations: rotations)
                return out
            }
        }

        @Test(arguments: shapes)
        mutating func columnsOfAWiderBufferAreTurnedAndTheOthersStay(shape: [Int]) throws {
            let (N, NH, HS) = (shape[0], shape[1], shape[2])
            let width = NH * HS
            let columns = 3..<3 + width
            let (x, rotations) = (try make.uniform([N, width + 7]), try make.uniform([N, HS]))
            let inside = x.floats().enumerated().filter { columns ~= $0.offset % (width + 7) }
            let dense = try TensorMaker.copy(inside.map(\.element), [N, width])
            func expectColumns(_ found: Tensor, _ alone: Tensor, _ what: String) {
                var expected = x.floats()
                for (at, value) in zip(inside.map(\.offset), alone.floats()) {
                    expected[at] = value
                }
                #expect(found.floats() == expected, "\(what)")
            }
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                var (found, alone) = (try TensorMaker.copy(x), try TensorMaker.copy(dense))
                ops.ropeForward(TensorColumns(found, columns), rotations: rotations)
                ops.ropeForward(TensorColumns(alone), rotations: rotations)
                expectColumns(found, alone, "forward, \(backend)")
                (found, alone) = (try TensorMaker.copy(x), try TensorMaker.copy(dense))
                ops.ropeBackward(TensorColumns(found, columns), rotations: rotations)
                ops.ropeBackward(TensorColumns(alone), rotations: rotations)
                expectColumns(found, alone, "backward, \(backend)")
            }
        }

        @Test(arguments: shapes)
        mutating func bfloat16IsTurnedInFloat32AndRoundedOnce(shape: [Int]) throws {
            let (N, NH, HS) = (shape[0], shape[1], shape[2])
            let x = try TensorMaker.bfloat16(rounding: make.uniform([N, NH * HS + 5]))
            let rotations = try make.uniform([N, HS])
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let (narrow, wide) = (
                    try TensorMaker.bfloat16Garbage(x.shape), try TensorMaker.widened(x)
                )
                narrow.copy(from: x)
                ops.ropeForward(TensorColumns(narrow, 5..<5 + NH * HS), rotations: rotations)
                ops.ropeForward(TensorColumns(wide, 5..<5 + NH * HS), rotations: rotations)
                expectSameBits(narrow, try TensorMaker.bfloat16(rounding: wide), "\(backend)")
            }
        }

        @Test func columnsOutsideTheRowsStopTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let (x, rotations) = (try ops.tensor([2, 6]), try ops.tensor([2, 4]))
                ops.ropeForward(TensorColumns(x, 4..<8), rotations: rotations)
            }
        }

        @Test(arguments: [(1, 2), (5, 6), (70, 128)])
        func rotationsAreTheNearestFloats(N: Int, HS: Int) throws {
            let positions = (0..<N).map { Int32(($0 * 977) % 5000) }
            let frequencies = Formulas.frequencies(theta: 500_000, HS: HS)
            let expected = positions.flatMap { position in
                (0..<HS).map { i -> Float in
                    let angle = Double(position) * frequencies[i / 2]
                    return Float(i % 2 == 0 ? cos(angle) : sin(angle))
                }
            }
            for backend in Backend.all + [.reference] {
                let rotations = try TensorMaker.garbage([N, HS])
                try backend.ops().ropeRotations(
                    rotations,
                    positions: try Tensor(positions, shape: [N]),
                    frequencies: frequencies
                )
                #expect(rotations.floats() == expected, "\(backend)")
            }
        }

        @Test func aQuarterTurnSwapsAPair() throws {
            for backend in Backend.all + [.reference] {
                let x = try TensorMaker.copy([1, 2, 3, 4, 5, 6, 7, 8], [2, 4])
                // The first row's pairs are turned by a quarter and not at all, in both heads.
                let rotations = try TensorMaker.copy([0, 1, 1, 0], [2, 2])
                try backend.ops().ropeForward(TensorColumns(x), rotations: rotations)
                #expect(x.floats() == [-2, 1, -4, 3, 5, 6, 7, 8], "\(backend)")
            }
        }

        @Test func nanStaysInItsPair() throws {
            for backend in Backend.all + [.reference] {
                let x = try TensorMaker.copy([1, 2, .nan, 4, 5, 6], [1, 6])
                let rotations = try TensorMaker.copy([0.6, 0.8, 0.8, 0.6, 1, 0], [1, 6])
                try backend.ops().ropeForward(TensorColumns(x), rotations: rotations)
                #expect(x.floats().map(\.isNaN) == [false, false, true, true, false, false])
            }
        }
    }
}
