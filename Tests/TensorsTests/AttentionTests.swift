// Causal attention, which the vector kernels compute in tiles of some queries by some keys.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct AttentionTests {
        struct Shape: Sendable, CustomTestStringConvertible {
            let B: Int
            let T: Int
            let NH: Int
            let HS: Int
            var C: Int { NH * HS }

            init(_ B: Int, _ T: Int, _ NH: Int, _ HS: Int) {
                (self.B, self.T, self.NH, self.HS) = (B, T, NH, HS)
            }

            var testDescription: String { "B \(B), T \(T), NH \(NH), HS \(HS)" }
        }

        /// Head sizes around vectors and panels; lengths around tiles of 48 queries and of 128
        /// keys.
        ///
        /// Later ones are around groups of tiles, of 384 queries, or fewer for larger heads. The
        /// last two are large enough for a team of three.
        static let shapes = [
            Shape(1, 1, 1, 1), Shape(2, 3, 3, 1), Shape(1, 2, 2, 3), Shape(1, 7, 1, 15),
            Shape(1, 8, 2, 16), Shape(2, 9, 1, 17), Shape(1, 17, 2, 5), Shape(1, 33, 1, 49),
            Shape(1, 47, 1, 3), Shape(1, 48, 1, 4), Shape(1, 49, 1, 5), Shape(1, 63, 1, 8),
            Shape(1, 64, 1, 7), Shape(1, 65, 1, 9), Shape(1, 95, 1, 3), Shape(1, 96, 1, 4),
            Shape(1, 97, 1, 5), Shape(1, 127, 1, 2), Shape(1, 128, 1, 3), Shape(1, 129, 1, 4),
            Shape(1, 257, 1, 3), Shape(1, 145, 1, 128), Shape(1, 97, 1, 260), Shape(1, 384, 1, 2),
            Shape(1, 385, 1, 3), Shape(1, 431, 1, 5), Shape(2, 161, 3, 10), Shape(1, 200, 2, 65),
        ]

        var make = TensorMaker()

        /// How far a result may be from the reference's: in roundings of what.
        private typealias Bound = (magnitude: [Float], within: Double)

        /// Compares both passes of every backend with the reference.
        ///
        /// Their backward passes start from its results. The bound of `dqkv` is in roundings of its
        /// largest element.
        private func expectBothPasses(
            _ expected: (out: Tensor, lse: Tensor, dqkv: Tensor),
            qkv: Tensor,
            dout: Tensor,
            NH: Int,
            out: Bound,
            lse: Bound,
            dqkv: Double
        ) throws {
            for backend in Backend.all {
                let actual = try backend.ops().attention(
                    qkv,
                    dout: dout,
                    NH: NH,
                    forward: (expected.out, expected.lse)
                )
                expectClose(
                    actual.out,
                    expected.out,
                    magnitude: out.magnitude,
                    within: out.within,
                    "out, \(backend)"
                )
                expectClose(
                    actual.lse,
                    expected.lse,
                    magnitude: lse.magnitude,
                    within: lse.within,
                    "lse, \(backend)"
                )
                expectClose(
                    actual.dqkv,
                    expected.dqkv,
                    ofLargestWithin: dqkv,
                    "dqkv, \(backend)"
                )
            }
        }

        /// `qkv` with the values' signs dropped.
        private static func withPositiveValues(_ qkv: Tensor, C: Int) throws -> Tensor {
            let elements = qkv.floats().enumerated().map { i, x in i % (3 * C) < 2 * C ? x : abs(x)
            }
            return try TensorMaker.copy(elements, qkv.shape)
        }

        @Test(arguments: shapes)
        mutating func bothPassesAgreeWithTheReference(shape: Shape) throws {
            let (B, T, C, NH) = (shape.B, shape.T, shape.C, shape.NH)
            let qkv = try make.uniform([B, T, 3 * C], -2...2)
            let dout = try make.uniform([B, T, C])
            let reference = try Backend.reference.ops()
            let expected = try reference.attention(qkv, dout: dout, NH: NH)
            let sizes = TensorMaker.self
            let magnitude = (try sizes.garbage([B, T, C]), try sizes.garbage([B, NH, T]))
            reference.attentionForward(
                out: magnitude.0,
                lse: magnitude.1,
                qkv: try Self.withPositiveValues(qkv, C: C)
            )
            try expectBothPasses(
                expected,
                qkv: qkv,
                dout: dout,
                NH: NH,
                out: (magnitude.0.floats(), 24),
                // A score's error, in units of scores, is that of each probability relative to
                // itself.
                lse: (expected.lse.floats().map { 1 + abs($0) }, 8),
                dqkv: 24
            )
        }

        /// Whether a backend multiplies pairs of bfloat16, and so rounds probabilities, their
        /// gradients and the output's.
        private static func multipliesPairs(_ backend: Backend) -> Bool {
            backend.instructionSet.products.roundsToBFloat16
        }

        /// Both passes in bfloat16, and in float32 with the same numbers.
        private mutating func runBFloat16(
            _ shape: Shape,
            on backends: [Backend],
            _ body: (Backend, _ actual: [Tensor], _ expected: [Tensor], _ wide: Tensor) throws ->
                Void
        ) throws {
            let (B, T, C, NH) = (shape.B, shape.T, shape.C, shape.NH)
            let qkv = try TensorMaker.bfloat16(rounding: make.uniform([B, T, 3 * C], -2...2))
            let (wide, dout) = (try TensorMaker.widened(qkv), try make.uniform([B, T, C]))
            for backend in backends {
                let ops = try backend.ops()
                let (out, lse, dqkv) = try ops.attention(qkv, dout: dout, NH: NH)
                let expected = try ops.attention(
                    wide,
                    dout: dout,
                    NH: NH,
                    forward: (TensorMaker.widened(out), lse)
                )
                try body(
                    backend,
                    [out, lse, dqkv],
                    [expected.out, expected.lse, expected.dqkv],
                    wide
                )
            }
        }

        @Test(arguments: shapes)
        mutating func bfloat16IsReadExactlyAndRoundedOnce(shape: Shape) throws {
            let backends = Backend.all.filter { !Self.multipliesPairs($0) } + [.reference]
            try runBFloat16(shape, on: backends) { backend, actual, expected, _ in
                let rounded = try TensorMaker.bfloat16(rounding: expected[0])
                expectSameBits(actual[0], rounded, "out, \(backend)")
                expectSameBits(actual[1], expected[1], "lse, \(backend)")
                expectSameBits(actual[2], expected[2], "dqkv, \(backend)")
            }
        }

        @Test(arguments: shapes)
        mutating func pairsOfBFloat16ErrByTheirRounding(shape: Shape) throws {
            let backends = Backend.all.filter(Self.multipliesPairs)
            try runBFloat16(shape, on: backends) { backend, actual, expected, wide in
                let magnitude = try TensorMaker.garbage(expected[0].shape)
                try backend.ops().attentionForward(
                    out: magnitude,
                    lse: TensorMaker.garbage(expected[1].shape),
                    qkv: Self.withPositiveValues(wide, C: shape.C)
                )
                // Each probability, and then the result, by 2^-8 of itself.
                expectClose(
                    try TensorMaker.widened(actual[0]),
                    expected[0],
                    magnitude: magnitude.floats(),
                    within: 0x1p17 + 24,
                    "out, \(backend)"
                )
                expectClose(
                    actual[1],
                    expected[1],
                    magnitude: expected[1].floats().map { 1 + abs($0) },
                    within: 8,
                    "lse, \(backend)"
                )
                expectClose(
                    actual[2],
                    expected[2],
                    ofLargestWithin: 0x1p17,
                    "dqkv, \(backend)"
                )
            }
        }

        @Test func inputAndOutputOfDifferentTypesStopTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                ops.attentionForward(
                    out: try Tensor(zeros: [1, 2, 4], elementType: .bfloat16),
                    lse: try Tensor(zeros: [1, 1, 2]),
                    qkv: try Tensor(zeros: [1, 2, 12])
                )
            }
        }

        @Test mutating func scoresInTheThousandsNeitherOverflowNorLoseTheLargest() throws {
            let (B, T, NH, HS) = (1, 130, 1, 8)
            let qkv = try make.uniform([B, T, 3 * HS], -60...60)
            let dout = try make.uniform([B, T, HS])
            let expected = try Backend.reference.ops().attention(qkv, dout: dout, NH: NH)
            let largestScore = expected.lse.floats().reduce(0) { max($0, abs($1)) }
            #expect(largestScore > 2000)
            // A score's rounding is relative to the score, and so is that of e to its power.
            let bound = 0.3 * Double(largestScore)
            try expectBothPasses(
                expected,
                qkv: qkv,
                dout: dout,
                NH: NH,
                out: (Array(repeating: 60, count: T * HS), bound),
                lse: (Array(repeating: largestScore, count: T), 4),
                dqkv: bound
            )
        }

        @Test(arguments: [5, 50, 130])
        mutating func aQueryDoesNotSeeLaterKeysAndValues(T: Int) throws {
            let (NH, HS) = (2, 5)
            let C = NH * HS
            let qkv = try make.uniform([1, T, 3 * C])
            let changed = try TensorMaker.copy(qkv)
            changed[0][T - 1].withUnsafeMutableElements(as: Float.self) { row in
                for i in row.indices { row[i] *= -1e4 }
            }
            let dout = try make.uniform([1, T, C])
            let earlier = 0..<T - 1
            for backend in Backend.all + [.reference] {
                let before = try backend.ops().attention(qkv, dout: dout, NH: NH)
                let after = try backend.ops().attention(changed, dout: dout, NH: NH)
                expectSameBits(after.out[0][earlier], before.out[0][earlier], "\(backend)")
                #expect(after.out[0][T - 1].floats() != before.out[0][T - 1].floats())
                let rounded = try [qkv, changed].map { inp in
                    let out = try TensorMaker.bfloat16Garbage([1, T, C])
                    try backend.ops().attentionForward(
                        out: out,
                        lse: TensorMaker.garbage([1, NH, T]),
                        qkv: TensorMaker.bfloat16(rounding: inp)
                    )
                    return try TensorMaker.widened(out)
                }
                expectSameBits(rounded[1][0][earlier], rounded[0][0][earlier], "\(backend)")
            }
        }
    }
}
