// Layer normalization. The pattern to copy for the test of a new operation: inputs made once, the
// operation run on the reference and on every backend, outputs compared in roundings of the
// magnitude of the terms they are sums of.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct LayernormTests {
        /// Around vectors of 4, 8 and 16; the last is large enough for a team of three.
        static let shapes = [
            (1, 1), (3, 3), (2, 4), (5, 7), (3, 8), (7, 9), (4, 15), (6, 16), (5, 17), (3, 33),
            (2, 768), (193, 257),
        ]

        var make = TensorMaker()

        @Test(arguments: shapes)
        mutating func forwardAgreesWithTheReference(N: Int, C: Int) throws {
            let inp = try make.uniform([N, C], -1...3)
            let (weight, bias) = (try make.uniform([C]), try make.uniform([C]))
            func run(_ ops: Ops) throws -> (out: Tensor, mean: Tensor, rstd: Tensor) {
                try ops.layernorm(inp, weight: weight, bias: bias)
            }
            let expected = try run(Backend.reference.ops())
            let (x, w, b) = (inp.floats(), weight.floats(), bias.floats())
            let (m, s) = (expected.mean.floats(), expected.rstd.floats())
            // inp - mean is a difference: its error is that of its two sides.
            let magnitude = x.indices.map { i in
                (abs(x[i]) + abs(m[i / C])) * s[i / C] * abs(w[i % C]) + abs(b[i % C])
            }
            for backend in Backend.all {
                let actual = try run(backend.ops())
                expectClose(
                    actual.out,
                    expected.out,
                    magnitude: magnitude,
                    within: 12,
                    "out, \(backend)"
                )
                // The sum's error is relative to the mean of |inp|, which is at most 3.
                expectClose(
                    actual.mean,
                    expected.mean,
                    magnitude: Array(repeating: 3, count: N),
                    within: 4,
                    "mean, \(backend)"
                )
                expectClose(
                    actual.rstd,
                    expected.rstd,
                    magnitude: s,
                    within: 8,
                    "rstd, \(backend)"
                )
            }
        }

        @Test(arguments: shapes)
        mutating func backwardAccumulatesWhatTheReferenceDoes(N: Int, C: Int) throws {
            let (inp, dout) = (try make.uniform([N, C], -1...3), try make.uniform([N, C]))
            let (weight, bias) = (try make.uniform([C]), try make.uniform([C]))
            let initial = (
                dinp: try make.uniform([N, C]), dweight: try make.uniform([C]),
                dbias: try make.uniform([C])
            )
            let reference = try Backend.reference.ops()
            let (_, mean, rstd) = try reference.layernorm(inp, weight: weight, bias: bias)
            func run(_ ops: Ops) throws -> (dinp: Tensor, dweight: Tensor, dbias: Tensor) {
                let gradients = (
                    dinp: try TensorMaker.copy(initial.dinp),
                    dweight: try TensorMaker.copy(initial.dweight),
                    dbias: try TensorMaker.copy(initial.dbias)
                )
                ops.layernormBackward(
                    dinp: gradients.dinp,
                    dweight: gradients.dweight,
                    dbias: gradients.dbias,
                    dout: dout,
                    inp: inp,
                    weight: weight,
                    mean: mean,
                    rstd: rstd
                )
                return gradients
            }
            let expected = try run(reference)
            // Both gradients of the parameters are sums over N rows.
            let largestRstd = rstd.floats().reduce(0, max)
            let columns = initial.dbias.floats().map { abs($0) + Float(N) / 2 }
            for backend in Backend.all {
                let actual = try run(backend.ops())
                expectClose(
                    actual.dinp,
                    expected.dinp,
                    magnitude: Array(repeating: 1 + largestRstd, count: N * C),
                    within: 4,
                    "dinp, \(backend)"
                )
                expectClose(
                    actual.dweight,
                    expected.dweight,
                    magnitude: columns,
                    within: 8,
                    "dweight, \(backend)"
                )
                expectClose(
                    actual.dbias,
                    expected.dbias,
                    magnitude: columns,
                    within: 4,
                    "dbias, \(backend)"
                )
            }
        }

        @Test(arguments: shapes)
        mutating func frozenWeightsChangeNothingElse(N: Int, C: Int) throws {
            let (inp, dout) = (try make.uniform([N, C]), try make.uniform([N, C]))
            let (weight, rows) = (try make.uniform([C]), try make.uniform([N], 0.5...1))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                func run(weightIsFrozen: Bool, biasIsFrozen: Bool) throws -> [Tensor] {
                    let dinp = try TensorMaker.copy(inp)
                    let (dweight, dbias) = (
                        try TensorMaker.copy(weight), try TensorMaker.copy(weight)
                    )
                    ops.layernormBackward(
                        dinp: dinp,
                        dweight: weightIsFrozen ? nil : dweight,
                        dbias: biasIsFrozen ? nil : dbias,
                        dout: dout,
                        inp: inp,
                        weight: weight,
                        mean: rows,
                        rstd: rows
                    )
                    return [dinp, dweight, dbias]
                }
                let trained = try run(weightIsFrozen: false, biasIsFrozen: false)
                let frozen = try run(weightIsFrozen: true, biasIsFrozen: true)
                for (found, expected) in zip(frozen, [trained[0], weight, weight]) {
                    expectSameBits(found, expected, "both frozen, \(backend)")
                }
                let half = try run(weightIsFrozen: true, biasIsFrozen: false)
                for (found, expected) in zip(half, [trained[0], weight, trained[2]]) {
                    expectSameBits(found, expected, "a frozen weight, \(backend)")
                }
            }
        }

        @Test func nanInARowStaysInThatRow() throws {
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let inp = try TensorMaker.copy([1, 2, .nan, 4, 5, 7], [2, 3])
                let out = try TensorMaker.filled([2, 3], with: 0)
                ops.layernormForward(
                    out: out,
                    mean: try TensorMaker.garbage([2]),
                    rstd: try TensorMaker.garbage([2]),
                    inp: inp,
                    weight: try TensorMaker.filled([3], with: 1),
                    bias: try TensorMaker.filled([3], with: 0)
                )
                #expect(out.floats().map(\.isNaN) == [true, true, true, false, false, false])
            }
        }
    }
}
