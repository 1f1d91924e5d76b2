// GELU and additions.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct ElementwiseTests {
        /// Around vectors of 4, 8 and 16; the last is large enough for a team of three.
        static let counts = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 50_001]

        var make = TensorMaker()

        @Test(arguments: counts)
        mutating func geluAgreesWithTheReferenceInBothPasses(count: Int) throws {
            let (inp, dout) = (try make.uniform([count], -6...6), try make.uniform([count]))
            func run(_ ops: Ops) throws -> (out: Tensor, dinp: Tensor) {
                let (out, dinp) = (
                    try TensorMaker.garbage([count]), try TensorMaker.garbage([count])
                )
                ops.geluForward(out: out, inp: inp)
                ops.geluBackward(dinp: dinp, inp: inp, dout: dout)
                return (out, dinp)
            }
            let expected = try run(Backend.reference.ops())
            for backend in Backend.all {
                let actual = try run(backend.ops())
                expectClose(
                    actual.out,
                    expected.out,
                    magnitude: inp.floats().map { abs($0) },
                    within: 4,
                    "out, \(backend)"
                )
                expectClose(
                    actual.dinp,
                    expected.dinp,
                    magnitude: dout.floats().map { abs($0) },
                    within: 12,
                    "dinp, \(backend)"
                )
            }
        }

        @Test(arguments: counts)
        mutating func exactGeluAgreesWithTheReference(count: Int) throws {
            let inp = try make.uniform([count], -10...10)
            try expectAsTheReference(magnitude: inp.floats().map { abs($0) }, within: 8) { ops in
                let out = try TensorMaker.garbage([count])
                ops.exactGeluForward(out: out, inp: inp)
                return out
            }
        }

        @Test(arguments: counts)
        mutating func geluAndAdditionMayWorkInPlace(count: Int) throws {
            let (a, b) = (try make.uniform([count]), try make.uniform([count]))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let apart = try TensorMaker.garbage([count])
                var inPlace = try TensorMaker.copy(a)
                ops.geluForward(out: apart, inp: a)
                ops.geluForward(out: inPlace, inp: inPlace)
                expectSameBits(inPlace, apart, "\(backend)")

                inPlace = try TensorMaker.copy(a)
                ops.exactGeluForward(out: apart, inp: a)
                ops.exactGeluForward(out: inPlace, inp: inPlace)
                expectSameBits(inPlace, apart, "\(backend)")

                inPlace = try TensorMaker.copy(b)
                ops.geluBackward(dinp: apart, inp: a, dout: b)
                ops.geluBackward(dinp: inPlace, inp: a, dout: inPlace)
                expectSameBits(inPlace, apart, "\(backend)")

                inPlace = try TensorMaker.copy(b)
                ops.residualForward(out: apart, a: a, b: b)
                ops.residualForward(out: inPlace, a: a, b: inPlace)
                expectSameBits(inPlace, apart, "\(backend)")
            }
        }

        @Test(arguments: counts)
        mutating func additionIsExact(count: Int) throws {
            let (a, b) = (try make.uniform([count]), try make.uniform([count]))
            let expected = zip(a.floats(), b.floats()).map { $0 + $1 }
            for backend in Backend.all + [.reference] {
                let out = try TensorMaker.garbage([count])
                try backend.ops().residualForward(out: out, a: a, b: b)
                #expect(out.floats() == expected, "\(backend)")
            }
        }

        @Test func geluKeepsNaNAndHasItsLimits() throws {
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let inp = try TensorMaker.copy([.nan, .infinity, 1e30, -100, -1e30, 0, -0.0], [7])
                let out = try TensorMaker.garbage([7])
                ops.geluForward(out: out, inp: inp)
                let values = out.floats()
                #expect(values[0].isNaN)
                #expect(Array(values[1...]) == [.infinity, 1e30, 0, 0, 0, 0], "\(backend)")
                ops.exactGeluForward(out: out, inp: inp)
                #expect(out.floats()[0].isNaN)
                #expect(Array(out.floats()[1...]) == [.infinity, 1e30, 0, 0, 0, 0], "\(backend)")
                let ones = try TensorMaker.filled([7], with: 1)
                ops.geluBackward(dinp: out, inp: inp, dout: ones)
                #expect(out.floats()[0].isNaN)
                #expect(out.floats()[3] == 0)
                #expect(out.floats()[5] == 0.5)
            }
        }

        @Test(arguments: [1, 3, 8, 17, 300])
        mutating func columnsAreScaledAndTheOthersStay(width: Int) throws {
            let N = 200
            let x = try make.uniform([N, width + 5])
            let expected = x.floats().enumerated().map { at, value in
                3..<3 + width ~= at % (width + 5) ? value * -1.5 : value
            }
            for backend in Backend.all + [.reference] {
                let scaled = try TensorMaker.copy(x)
                try backend.ops().scale(TensorColumns(scaled, 3..<3 + width), by: -1.5)
                #expect(scaled.floats() == expected, "\(backend)")
            }
        }

        @Test func aFactorOfZeroTurnsEverythingIntoZero() throws {
            for backend in Backend.all + [.reference] {
                let x = try TensorMaker.copy([.nan, .infinity, -1, 2, 3, .nan], [2, 3])
                try backend.ops().scale(TensorColumns(x, 0..<2), by: 0)
                #expect(x.floats()[0..<5] == [0, 0, -1, 0, 0], "\(backend)")
                #expect(x.floats()[5].isNaN, "\(backend)")
            }
        }
    }
}
