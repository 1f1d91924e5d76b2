// RMS normalisation, on every backend against the reference.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct RmsnormTests {
        /// Around vectors of 4, 8 and 16; the last is large enough for a team of three.
        static let shapes = [
            (1, 1), (3, 3), (2, 4), (5, 7), (3, 8), (7, 9), (4, 15), (6, 16), (5, 17), (3, 33),
            (2, 768), (193, 257),
        ]

        var make = TensorMaker()

        @Test(arguments: shapes)
        mutating func agreesWithTheReference(N: Int, C: Int) throws {
            let (inp, weight) = (try make.uniform([N, C], -1...3), try make.uniform([C]))
            func run(_ ops: Ops) throws -> Tensor {
                let out = try TensorMaker.garbage([N, C])
                ops.rmsnormForward(out: out, inp: inp, weight: weight, epsilon: 1e-5)
                return out
            }
            let expected = try run(Backend.reference.ops())
            for backend in Backend.all {
                expectClose(
                    try run(backend.ops()),
                    expected,
                    magnitude: expected.floats().map { abs($0) },
                    within: 12,
                    "\(backend)"
                )
            }
        }

        @Test(arguments: shapes)
        mutating func mayWorkInPlace(N: Int, C: Int) throws {
            let (inp, weight) = (try make.uniform([N, C]), try make.uniform([C]))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let (apart, inPlace) = (try TensorMaker.garbage([N, C]), try TensorMaker.copy(inp))
                ops.rmsnormForward(out: apart, inp: inp, weight: weight, epsilon: 1e-6)
                ops.rmsnormForward(out: inPlace, inp: inPlace, weight: weight, epsilon: 1e-6)
                expectSameBits(inPlace, apart, "\(backend)")
            }
        }

        @Test func epsilonKeepsARowOfZerosFinite() throws {
            for backend in Backend.all + [.reference] {
                let out = try TensorMaker.garbage([2, 3])
                try backend.ops().rmsnormForward(
                    out: out,
                    inp: try TensorMaker.copy([0, 0, 0, 0, 0, 3], [2, 3]),
                    weight: try TensorMaker.filled([3], with: 2),
                    epsilon: 1
                )
                // The second row's mean square is 3, and with epsilon 4: 3 / 2 * 2.
                #expect(out.floats() == [0, 0, 0, 0, 0, 3], "\(backend)")
            }
        }

        @Test func nanInARowStaysInThatRow() throws {
            for backend in Backend.all + [.reference] {
                let out = try TensorMaker.filled([2, 3], with: 0)
                try backend.ops().rmsnormForward(
                    out: out,
                    inp: try TensorMaker.copy([1, 2, .nan, 4, 5, 7], [2, 3]),
                    weight: try TensorMaker.filled([3], with: 1),
                    epsilon: 1e-5
                )
                #expect(out.floats().map(\.isNaN) == [true, true, true, false, false, false])
            }
        }
    }
}
