// The three products of a linear layer and what is fused into them.
//
// A sum of k products is off by at most k roundings of the sum of the terms' magnitudes. With mixed
// signs the partial sums are smaller than that by the square root of k, and the roundings cancel to
// the same degree, so k drops out. 4.3 roundings were observed.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct MatmulTests {
        /// The extents of a linear layer.
        struct Shape: Sendable, CustomTestStringConvertible {
            let N: Int
            let C: Int
            let OC: Int

            init(_ N: Int, _ C: Int, _ OC: Int) { (self.N, self.C, self.OC) = (N, C, OC) }

            var testDescription: String { "N \(N), C \(C), OC \(OC)" }
        }

        /// Around vectors of 4, 8 and 16, tiles of 4 and 8 rows, panels of 12, 24 and 48 columns,
        /// and the borders of blocks: 768 deep, 1008 rows.
        ///
        /// Each of the three products sums over another of the extents. Those with an extent of
        /// 1030 are large enough for a team of three. The weights of the last three are aligned to
        /// vectors and large enough to be written past the caches: in one pass, or, for 800 rows,
        /// in several.
        static let shapes = [
            Shape(1, 1, 1), Shape(3, 3, 3), Shape(1, 7, 15), Shape(2, 8, 16), Shape(5, 9, 17),
            Shape(7, 15, 23), Shape(8, 16, 24), Shape(9, 17, 25), Shape(13, 31, 47),
            Shape(17, 33, 48), Shape(19, 47, 49), Shape(24, 48, 97), Shape(5, 384, 6),
            Shape(385, 5, 5), Shape(3, 4, 769), Shape(1030, 37, 50), Shape(37, 1030, 50),
            Shape(37, 50, 1030), Shape(7, 256, 512), Shape(9, 64, 2048), Shape(800, 256, 512),
        ]

        static let bound = 8.0

        var make = TensorMaker()

        @Test(arguments: shapes)
        mutating func forwardAgreesWithTheReference(shape: Shape) throws {
            let (N, C, OC) = (shape.N, shape.C, shape.OC)
            let (inp, weight) = (try make.uniform([N, C]), try make.uniform([OC, C]))
            let magnitude = try TensorMaker.garbage([N, OC])
            try Backend.reference.ops().matmulForward(
                out: magnitude,
                inp: TensorMaker.magnitudes(inp),
                weight: TensorMaker.magnitudes(weight)
            )
            try expectAsTheReference(magnitude: magnitude.floats(), within: Self.bound) { ops in
                let out = try TensorMaker.garbage([N, OC])
                ops.matmulForward(out: out, inp: inp, weight: weight)
                return out
            }
        }

        @Test(arguments: shapes)
        mutating func forwardAddsBiasAndResidualAndAppliesGelu(shape: Shape) throws {
            let (N, C, OC) = (shape.N, shape.C, shape.OC)
            let (inp, weight) = (try make.uniform([N, C]), try make.uniform([OC, C]))
            let (bias, residual) = (try make.uniform([OC]), try make.uniform([N, OC]))
            let magnitude = try TensorMaker.garbage([N, OC])
            let reference = try Backend.reference.ops()
            reference.matmulForward(
                out: magnitude,
                inp: try TensorMaker.magnitudes(inp),
                weight: try TensorMaker.magnitudes(weight),
                bias: try TensorMaker.magnitudes(bias),
                residual: try TensorMaker.magnitudes(residual)
            )
            func run(_ ops: Ops) throws -> (out: Tensor, geluOut: Tensor) {
                try ops.matmul(inp, weight: weight, bias: bias, residual: residual)
            }
            let expected = try run(reference)
            for backend in Backend.all {
                let actual = try run(backend.ops())
                for (name, a, e) in [
                    ("out", actual.out, expected.out),
                    ("geluOut", actual.geluOut, expected.geluOut),
                ] {
                    expectClose(
                        a,
                        e,
                        magnitude: magnitude.floats(),
                        within: Self.bound,
                        "\(name), \(backend)"
                    )
                }
            }
        }

        @Test(arguments: shapes)
        mutating func backwardToTheInputAgreesWithTheReference(shape: Shape) throws {
            let (N, C, OC) = (shape.N, shape.C, shape.OC)
            let (dout, weight) = (try make.uniform([N, OC]), try make.uniform([OC, C]))
            let geluInp = try make.uniform([N, C], -3...3)
            let magnitude = try TensorMaker.garbage([N, C])
            try Backend.reference.ops().matmulBackwardInput(
                dinp: magnitude,
                dout: TensorMaker.magnitudes(dout),
                weight: TensorMaker.magnitudes(weight)
            )
            for (name, geluInp) in [("dinp", nil), ("dinp through GELU", geluInp)] {
                try expectAsTheReference(
                    name,
                    magnitude: magnitude.floats(),
                    within: Self.bound
                ) { ops in
                    let dinp = try TensorMaker.garbage([N, C])
                    ops.matmulBackwardInput(
                        dinp: dinp,
                        dout: dout,
                        weight: weight,
                        geluInp: geluInp
                    )
                    return dinp
                }
            }
        }

        @Test(arguments: shapes)
        mutating func backwardToTheWeightAccumulatesOrOverwrites(shape: Shape) throws {
            let (N, C, OC) = (shape.N, shape.C, shape.OC)
            let (dout, inp) = (try make.uniform([N, OC]), try make.uniform([N, C]))
            let (dweight, dbias) = (try make.uniform([OC, C]), try make.uniform([OC]))
            let reference = try Backend.reference.ops()
            let magnitude = (
                dweight: try TensorMaker.magnitudes(dweight),
                dbias: try TensorMaker.magnitudes(dbias)
            )
            reference.matmulBackwardWeight(
                dweight: magnitude.dweight,
                dbias: magnitude.dbias,
                dout: try TensorMaker.magnitudes(dout),
                inp: try TensorMaker.magnitudes(inp),
                accumulate: true
            )
            func run(_ ops: Ops, accumulate: Bool) throws -> (dweight: Tensor, dbias: Tensor) {
                let copies = (
                    dweight: accumulate
                        ? try TensorMaker.copy(dweight) : try TensorMaker.garbage([OC, C]),
                    dbias: try TensorMaker.copy(dbias)
                )
                ops.matmulBackwardWeight(
                    dweight: copies.dweight,
                    dbias: copies.dbias,
                    dout: dout,
                    inp: inp,
                    accumulate: accumulate
                )
                return copies
            }
            for accumulate in [true, false] {
                let expected = try run(reference, accumulate: accumulate)
                for backend in Backend.all {
                    let actual = try run(backend.ops(), accumulate: accumulate)
                    expectClose(
                        actual.dweight,
                        expected.dweight,
                        magnitude: magnitude.dweight.floats(),
                        within: Self.bound,
                        "dweight, accumulate \(accumulate), \(backend)"
                    )
                    expectClose(
                        actual.dbias,
                        expected.dbias,
                        magnitude: magnitude.dbias.floats(),
                        within: Self.bound,
                        "dbias, \(backend)"
                    )
                }
            }
        }
    }
}
