// The reference kernels that a Llama needs besides those of GPT-2, compared with their formulas as
// in ReferenceTests.swift.

import Tensors
import Testing

extension KernelTests.ReferenceTests {
    @Test mutating func rmsnormFollowsItsFormulaBothWays() throws {
        let (N, C) = (3, 7)
        let (inp, weight) = (try make.uniform([N, C], -3...3), try make.uniform([C]))
        let dout = try make.uniform([N, C])
        let (x, w, g) = (doubles(inp), doubles(weight), doubles(dout))
        let (out, rstd) = (try TensorMaker.garbage([N, C]), try TensorMaker.garbage([N]))
        ops.rmsnormForward(out: out, rstd: rstd, inp: inp, weight: weight, epsilon: 0.5)
        try expect(out, Formulas.rmsnorm(inp: x, weight: w, epsilon: 0.5), within: 2)
        let (dinp, dweight) = (try make.uniform([N, C]), try make.uniform([C]))
        let before = (dinp: try TensorMaker.copy(dinp), dweight: try TensorMaker.copy(dweight))
        ops.rmsnormBackward(
            dinp: dinp,
            dweight: dweight,
            dout: dout,
            inp: inp,
            weight: weight,
            rstd: rstd
        )
        let dx = Formulas.gradient(at: x, weights: g) {
            Formulas.rmsnorm(inp: $0, weight: w, epsilon: 0.5)
        }
        let dw = Formulas.gradient(at: w, weights: g) {
            Formulas.rmsnorm(inp: x, weight: $0, epsilon: 0.5)
        }
        try expect(dinp, sum(before.dinp, dx), within: 4)
        try expect(dweight, sum(before.dweight, dw), within: 4)
    }

    @Test mutating func swigluFollowsItsFormulaBothWays() throws {
        let (gate, up) = (try make.uniform([50], -5...5), try make.uniform([50]))
        let dout = try make.uniform([50])
        let (x, u, g) = (doubles(gate), doubles(up), doubles(dout))
        let formula = { (x: [Double], u: [Double]) in
            zip(x, u).map { Formulas.silu($0) * $1 }
        }
        let out = try TensorMaker.garbage([50])
        ops.swigluForward(out: out, gate: gate, up: up)
        try expect(out, formula(x, u), within: 2)
        let (dgate, dup) = (try TensorMaker.garbage([50]), try TensorMaker.garbage([50]))
        ops.swigluBackward(dgate: dgate, dup: dup, gate: gate, up: up, dout: dout)
        try expect(dgate, Formulas.gradient(at: x, weights: g) { formula($0, u) }, within: 2)
        try expect(dup, Formulas.gradient(at: u, weights: g) { formula(x, $0) }, within: 2)
    }

    @Test mutating func ropeFollowsItsFormulaBothWays() throws {
        let (N, NH, HS) = (3, 2, 6)
        let (inp, rotations) = (try make.uniform([N, NH * HS]), try make.uniform([N, HS]))
        let dout = try make.uniform([N, NH * HS])
        let (x, r) = (doubles(inp), doubles(rotations))
        let dx = Formulas.gradient(at: x, weights: doubles(dout)) {
            Formulas.rope(x: $0, rotations: r, NH: NH, HS: HS)
        }
        ops.ropeForward(TensorColumns(inp), rotations: rotations)
        try expect(inp, Formulas.rope(x: x, rotations: r, NH: NH, HS: HS), within: 2)
        ops.ropeBackward(TensorColumns(dout), rotations: rotations)
        try expect(dout, dx, within: 2)
    }

    @Test func rmsnormOfThreeAndFourMatchesAHandComputation() throws {
        let out = try TensorMaker.garbage([1, 2])
        ops.rmsnormForward(
            out: out,
            inp: try TensorMaker.copy([3, 4], [1, 2]),
            weight: try TensorMaker.copy([1, -2], [2]),
            epsilon: 0.25
        )
        // The mean square is 12.5, and the root of 12.75 is 3.57071421.
        try expect(out, [0.84016805, -2.24044814], within: 2)
    }
}
