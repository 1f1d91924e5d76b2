// RMS normalization, every backend compared with the reference.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct RmsnormTests {
        static let shapes = LayernormTests.shapes

        var make = TensorMaker()

        @Test(arguments: shapes)
        mutating func agreesWithTheReference(N: Int, C: Int) throws {
            let (inp, weight) = (try make.uniform([N, C], -1...3), try make.uniform([C]))
            try expectAsTheReference(within: 12) { ops in
                let out = try TensorMaker.garbage([N, C])
                ops.rmsnormForward(out: out, inp: inp, weight: weight, epsilon: 1e-5)
                return out
            }
        }

        @Test(arguments: shapes)
        mutating func backwardAccumulatesWhatTheReferenceDoes(N: Int, C: Int) throws {
            let (inp, dout) = (try make.uniform([N, C], -1...3), try make.uniform([N, C]))
            let weight = try make.uniform([C])
            let initial = (dinp: try make.uniform([N, C]), dweight: try make.uniform([C]))
            let rstd = try TensorMaker.garbage([N])
            let reference = try Backend.reference.ops()
            reference.rmsnormForward(
                out: try TensorMaker.garbage([N, C]),
                rstd: rstd,
                inp: inp,
                weight: weight,
                epsilon: 1e-5
            )
            func run(_ ops: Ops, frozen: Bool = false) throws -> (dinp: Tensor, dweight: Tensor) {
                let (dinp, dweight) = (
                    try TensorMaker.copy(initial.dinp), try TensorMaker.copy(initial.dweight)
                )
                ops.rmsnormBackward(
                    dinp: dinp,
                    dweight: frozen ? nil : dweight,
                    dout: dout,
                    inp: inp,
                    weight: weight,
                    rstd: rstd
                )
                return (dinp, dweight)
            }
            let expected = try run(reference)
            let largestRstd = rstd.floats().reduce(0, max)
            for backend in Backend.all {
                let actual = try run(backend.ops())
                let frozen = try run(backend.ops(), frozen: true)
                expectClose(
                    actual.dinp,
                    expected.dinp,
                    magnitude: Array(repeating: 1 + largestRstd, count: N * C),
                    within: 4,
                    "dinp, \(backend)"
                )
                // A sum over N rows.
                expectClose(
                    actual.dweight,
                    expected.dweight,
                    magnitude: initial.dweight.floats().map { abs($0) + Float(N) / 2 },
                    within: 8,
                    "dweight, \(backend)"
                )
                expectSameBits(frozen.dinp, actual.dinp, "a frozen weight, \(backend)")
                expectSameBits(frozen.dweight, initial.dweight, "a frozen weight, \(backend)")
            }
        }

        @Test(arguments: shapes)
        mutating func theOutputIsRoundedOnceAndRstdMatchesTheReference(N: Int, C: Int) throws {
            let (inp, weight) = (try make.uniform([N, C], -1...3), try make.uniform([C]))
            func run(_ ops: Ops, _ out: Tensor) throws -> [Tensor] {
                let rstd = try TensorMaker.garbage([N])
                ops.rmsnormForward(out: out, rstd: rstd, inp: inp, weight: weight, epsilon: 1e-5)
                return [out, rstd]
            }
            let reference = try run(Backend.reference.ops(), TensorMaker.garbage([N, C]))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let wide = try run(ops, TensorMaker.garbage([N, C]))
                let narrow = try run(ops, TensorMaker.bfloat16Garbage([N, C]))
                let rounded = try TensorMaker.bfloat16(rounding: wide[0])
                expectSameBits(narrow[0], rounded, "bfloat16, \(backend)")
                expectSameBits(narrow[1], wide[1], "rstd beside bfloat16, \(backend)")
                expectClose(
                    wide[1],
                    reference[1],
                    magnitude: reference[1].floats(),
                    within: 8,
                    "rstd, \(backend)"
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
