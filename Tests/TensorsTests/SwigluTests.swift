// SwiGLU, forward and backward, every backend compared with the reference.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct SwigluTests {
        static let counts = ElementwiseTests.counts

        var make = TensorMaker()

        @Test(arguments: counts)
        mutating func swigluAgreesWithTheReference(count: Int) throws {
            let (gate, up) = (try make.uniform([count], -6...6), try make.uniform([count]))
            try expectAsTheReference(within: 8) { ops in
                let out = try TensorMaker.garbage([count])
                ops.swigluForward(out: out, gate: gate, up: up)
                return out
            }
        }

        @Test(arguments: counts)
        mutating func swigluMayWorkInPlace(count: Int) throws {
            let (gate, up) = (try make.uniform([count]), try make.uniform([count]))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let apart = try TensorMaker.garbage([count])
                ops.swigluForward(out: apart, gate: gate, up: up)
                var inPlace = try TensorMaker.copy(gate)
                ops.swigluForward(out: inPlace, gate: inPlace, up: up)
                expectSameBits(inPlace, apart, "\(backend)")
                inPlace = try TensorMaker.copy(up)
                ops.swigluForward(out: inPlace, gate: gate, up: inPlace)
                expectSameBits(inPlace, apart, "\(backend)")
            }
        }

        @Test(arguments: counts)
        mutating func swigluBackwardAgreesWithTheReferenceAndMayOverwriteDout(count: Int) throws {
            let (gate, up) = (try make.uniform([count], -6...6), try make.uniform([count]))
            let dout = try make.uniform([count])
            func run(_ ops: Ops) throws -> (dgate: Tensor, dup: Tensor) {
                let (dgate, dup) = (
                    try TensorMaker.garbage([count]), try TensorMaker.garbage([count])
                )
                ops.swigluBackward(dgate: dgate, dup: dup, gate: gate, up: up, dout: dout)
                return (dgate, dup)
            }
            let expected = try run(Backend.reference.ops())
            let magnitude = zip(dout.floats(), up.floats()).map { abs($0 * $1) }
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let actual = try run(ops)
                expectClose(
                    actual.dgate,
                    expected.dgate,
                    magnitude: magnitude,
                    within: 12,
                    "dgate, \(backend)"
                )
                expectClose(
                    actual.dup,
                    expected.dup,
                    magnitude: expected.dup.floats().map { abs($0) },
                    within: 12,
                    "dup, \(backend)"
                )
                let (other, inPlace) = (
                    try TensorMaker.garbage([count]), try TensorMaker.copy(dout)
                )
                ops.swigluBackward(dgate: inPlace, dup: other, gate: gate, up: up, dout: inPlace)
                expectSameBits(inPlace, actual.dgate, "dgate in place of dout, \(backend)")
                expectSameBits(other, actual.dup, "dup next to it, \(backend)")
                let again = try TensorMaker.copy(dout)
                ops.swigluBackward(dgate: other, dup: again, gate: gate, up: up, dout: again)
                expectSameBits(again, actual.dup, "dup in place of dout, \(backend)")
                expectSameBits(other, actual.dgate, "dgate next to it, \(backend)")
            }
        }

        @Test func swigluBackwardStaysFiniteAtItsLimits() throws {
            for backend in Backend.all + [.reference] {
                let gate = try TensorMaker.copy([-1e30, -1000, 0, 1000, 1e30, .nan, 1], [7])
                let up = try TensorMaker.copy([2, 2, 2, 2, 2, 1, .nan], [7])
                let (dgate, dup) = (try TensorMaker.garbage([7]), try TensorMaker.garbage([7]))
                try backend.ops().swigluBackward(
                    dgate: dgate,
                    dup: dup,
                    gate: gate,
                    up: up,
                    dout: TensorMaker.filled([7], with: 1)
                )
                #expect(Array(dgate.floats()[..<5]) == [0, 0, 1, 2, 2], "\(backend)")
                #expect(Array(dup.floats()[..<5]) == [0, 0, 0, 1000, 1e30], "\(backend)")
                #expect(dgate.floats()[5].isNaN && dup.floats()[5].isNaN)
                #expect(dgate.floats()[6].isNaN && !dup.floats()[6].isNaN)
            }
        }

        @Test func swigluKeepsNaNAndHasItsLimits() throws {
            for backend in Backend.all + [.reference] {
                let gate = try TensorMaker.copy([.nan, 1, .infinity, 1e30, -1000, 0, -0.0], [7])
                let up = try TensorMaker.copy([1, .nan, 1, 2, 1, 1, 1], [7])
                let out = try TensorMaker.garbage([7])
                try backend.ops().swigluForward(out: out, gate: gate, up: up)
                let values = out.floats()
                #expect(values[0].isNaN && values[1].isNaN)
                #expect(Array(values[2...]) == [.infinity, 2e30, 0, 0, 0], "\(backend)")
            }
        }

        @Test(arguments: counts)
        mutating func swigluReadsAndWritesEitherType(count: Int) throws {
            let gate = try TensorMaker.bfloat16(rounding: make.uniform([count], -6...6))
            let up = try TensorMaker.bfloat16(rounding: make.uniform([count]))
            let (wideGate, wideUp) = (try TensorMaker.widened(gate), try TensorMaker.widened(up))
            let dout = try make.uniform([count])
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let expected = try TensorMaker.garbage([count])
                ops.swigluForward(out: expected, gate: wideGate, up: wideUp)
                let rounded = try TensorMaker.bfloat16(rounding: expected)
                let (out, narrow) = (
                    try TensorMaker.garbage([count]), try TensorMaker.bfloat16Garbage([count])
                )
                ops.swigluForward(out: out, gate: gate, up: up)
                expectSameBits(out, expected, "from bfloat16, \(backend)")
                ops.swigluForward(out: narrow, gate: wideGate, up: wideUp)
                expectSameBits(narrow, rounded, "to bfloat16, \(backend)")
                narrow.copy(from: up)
                ops.swigluForward(out: narrow, gate: gate, up: narrow)
                expectSameBits(narrow, rounded, "bfloat16 in place, \(backend)")

                let found = try (0..<4).map { _ in try TensorMaker.garbage([count]) }
                ops.swigluBackward(dgate: found[0], dup: found[1], gate: gate, up: up, dout: dout)
                ops.swigluBackward(
                    dgate: found[2],
                    dup: found[3],
                    gate: wideGate,
                    up: wideUp,
                    dout: dout
                )
                expectSameBits(found[0], found[2], "dgate, \(backend)")
                expectSameBits(found[1], found[3], "dup, \(backend)")
            }
        }
    }
}
