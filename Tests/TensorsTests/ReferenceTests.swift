// The reference kernels, which all others are compared with, checked against Formulas.swift and
// against numbers computed by hand. Bounds are in float roundings of the largest element. The
// reference sums in double, so results differ by at most one ulp, two roundings; or four, if the
// forward pass passes on rounded numbers (mean, rstd, lse, out) or attention sums a few keys in
// float.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct ReferenceTests {
        let ops: Ops
        var make = TensorMaker()

        init() throws { ops = try Backend.reference.ops() }

        func doubles(_ tensor: Tensor) -> [Double] { tensor.floats().map { Double($0) } }

        func integers(_ tensor: Tensor) -> [Int] {
            tensor.withUnsafeElements(as: Int32.self) { $0.map { Int($0) } }
        }

        func expect(
            _ actual: Tensor,
            _ expected: [Double],
            within bound: Double,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            expectClose(
                actual,
                try TensorMaker.copy(expected.map { Float($0) }, actual.shape),
                ofLargestWithin: bound,
                "reference",
                sourceLocation: sourceLocation
            )
        }

        /// What an accumulating operation must have turned `initial` into.
        func sum(_ initial: Tensor, _ gradient: [Double]) -> [Double] {
            zip(doubles(initial), gradient).map { $0 + $1 }
        }

        @Test(arguments: [[0, 1, 2, 0, 1, 2], [0, 1, 0, 0, 0, 4], nil])
        mutating func embeddingsAreAddedAndTheirGradientsAccumulated(at positions: [Int]?) throws {
            let (B, T, V, C) = (2, 3, 5, 4)
            let tokens = try make.tokens([B, T], below: V)
            let (wte, wpe) = (try make.uniform([V, C]), try make.uniform([T + 2, C]))
            let (dout, out) = (try make.uniform([B, T, C]), try TensorMaker.garbage([B, T, C]))
            let (ids, te, pe) = (integers(tokens), doubles(wte), doubles(wpe))
            let given = try positions.map { try Tensor($0.map { Int32($0) }, shape: [B, T]) }
            let places = positions ?? ids.indices.map { $0 % T }

            ops.encoderForward(out: out, tokens: tokens, positions: given, wte: wte, wpe: wpe)
            let formula = { (te: [Double], pe: [Double]) in
                Formulas.encoder(tokens: ids, positions: places, wte: te, wpe: pe, C: C)
            }
            try expect(out, formula(te, pe), within: 2)

            let (dwte, dwpe) = (try make.uniform(wte.shape), try make.uniform(wpe.shape))
            let (dwteBefore, dwpeBefore) = (try TensorMaker.copy(dwte), try TensorMaker.copy(dwpe))
            ops.encoderBackward(
                dwte: dwte,
                dwpe: dwpe,
                dout: dout,
                tokens: tokens,
                positions: given
            )
            let dte = Formulas.gradient(at: te, weights: doubles(dout)) { formula($0, pe) }
            let dpe = Formulas.gradient(at: pe, weights: doubles(dout)) { formula(te, $0) }
            try expect(dwte, sum(dwteBefore, dte), within: 2)
            try expect(dwpe, sum(dwpeBefore, dpe), within: 2)
        }

        @Test func layernormOfOneToFourMatchesAHandComputation() throws {
            let (out, mean, rstd) = try ops.layernorm(
                TensorMaker.copy([1, 2, 3, 4], [1, 4]),
                weight: TensorMaker.copy([1, 1, 1, 2], [4]),
                bias: TensorMaker.copy([0, 0, 1, 0], [4])
            )
            // The variance is 1.25, and 1 / sqrt(1.25001) is 0.89442361.
            #expect(mean.floats() == [2.5])
            try expect(rstd, [0.89442361], within: 2)
            try expect(out, [-1.34163542, -0.44721181, 1.44721181, 2.68327084], within: 2)
        }

        @Test mutating func layernormFollowsItsFormulaBothWays() throws {
            let (N, C) = (3, 7)
            let inp = try make.uniform([N, C])
            let (weight, bias) = (try make.uniform([C]), try make.uniform([C]))
            let dout = try make.uniform([N, C])
            let (x, w, b) = (doubles(inp), doubles(weight), doubles(bias))

            let (out, mean, rstd) = try ops.layernorm(inp, weight: weight, bias: bias)
            try expect(out, Formulas.layernorm(inp: x, weight: w, bias: b), within: 2)

            let gradients = [
                try make.uniform([N, C]), try make.uniform([C]), try make.uniform([C]),
            ]
            let before = try gradients.map { try TensorMaker.copy($0) }
            ops.layernormBackward(
                dinp: gradients[0],
                dweight: gradients[1],
                dbias: gradients[2],
                dout: dout,
                inp: inp,
                weight: weight,
                mean: mean,
                rstd: rstd
            )
            let g = doubles(dout)
            let dx = Formulas.gradient(at: x, weights: g) {
                Formulas.layernorm(inp: $0, weight: w, bias: b)
            }
            let dw = Formulas.gradient(at: w, weights: g) {
                Formulas.layernorm(inp: x, weight: $0, bias: b)
            }
            let db = Formulas.gradient(at: b, weights: g) {
                Formulas.layernorm(inp: x, weight: w, bias: $0)
            }
            try expect(gradients[0], sum(before[0], dx), within: 4)
            try expect(gradients[1], sum(before[1], dw), within: 4)
            try expect(gradients[2], sum(before[2], db), within: 2)
        }

        @Test func matmulOfTwoByTwoMatchesAHandComputation() throws {
            let (out, geluOut) = try ops.matmul(
                TensorMaker.copy([1, 2], [1, 2]),
                weight: TensorMaker.copy([3, 4, 5, 6], [2, 2]),
                bias: TensorMaker.copy([-10, 0.5], [2]),
                residual: TensorMaker.copy([0, 0.5], [1, 2])
            )
            #expect(out.floats() == [1, 18])
            try expect(geluOut, [0.841191990, 18], within: 2)
        }

        @Test mutating func matmulFollowsItsFormulaBothWays() throws {
            let (N, C, OC) = (3, 4, 5)
            let (inp, weight) = (try make.uniform([N, C]), try make.uniform([OC, C]))
            let (bias, residual) = (try make.uniform([OC]), try make.uniform([N, OC]))
            let dout = try make.uniform([N, OC])
            let (x, w, b, r) = (doubles(inp), doubles(weight), doubles(bias), doubles(residual))

            let plain = try TensorMaker.garbage([N, OC])
            ops.matmulForward(out: plain, inp: inp, weight: weight)
            let none = [Double](repeating: 0, count: OC)
            try expect(plain, Formulas.matmul(inp: x, weight: w, bias: none, C: C), within: 2)
            let (out, geluOut) = try ops.matmul(
                inp,
                weight: weight,
                bias: bias,
                residual: residual
            )
            let expected = zip(Formulas.matmul(inp: x, weight: w, bias: b, C: C), r).map { $0 + $1 }
            try expect(out, expected, within: 2)
            try expect(geluOut, expected.map { Formulas.gelu($0) }, within: 4)

            let g = doubles(dout)
            let dinp = try TensorMaker.garbage([N, C])
            ops.matmulBackwardInput(dinp: dinp, dout: dout, weight: weight)
            let dx = Formulas.gradient(at: x, weights: g) {
                Formulas.matmul(inp: $0, weight: w, bias: b, C: C)
            }
            try expect(dinp, dx, within: 2)
            // Here inp is the input of a GELU whose output fed the layer.
            ops.matmulBackwardInput(dinp: dinp, dout: dout, weight: weight, geluInp: inp)
            let dxThroughGelu = Formulas.gradient(at: x, weights: g) {
                Formulas.matmul(inp: $0.map { Formulas.gelu($0) }, weight: w, bias: b, C: C)
            }
            try expect(dinp, dxThroughGelu, within: 2)

            let (dweight, dbias) = (try make.uniform([OC, C]), try make.uniform([OC]))
            let (dweightBefore, dbiasBefore) = (
                try TensorMaker.copy(dweight), try TensorMaker.copy(dbias)
            )
            ops.matmulBackwardWeight(
                dweight: dweight,
                dbias: dbias,
                dout: dout,
                inp: inp,
                accumulate: true
            )
            let dw = Formulas.gradient(at: w, weights: g) {
                Formulas.matmul(inp: x, weight: $0, bias: b, C: C)
            }
            let db = Formulas.gradient(at: b, weights: g) {
                Formulas.matmul(inp: x, weight: w, bias: $0, C: C)
            }
            try expect(dweight, sum(dweightBefore, dw), within: 2)
            try expect(dbias, sum(dbiasBefore, db), within: 2)
            ops.matmulBackwardWeight(dweight: dweight, dout: dout, inp: inp, accumulate: false)
            try expect(dweight, dw, within: 2)
        }

        @Test mutating func attentionToEqualKeysAveragesTheValuesSoFar() throws {
            // If q is zero, so are all scores, whatever the keys; one head of one channel.
            let qkv = try TensorMaker.copy([0, 3, 2, 0, -1, 4, 0, 2, 9], [1, 3, 3])
            let (out, lse) = (
                try TensorMaker.garbage([1, 3, 1]), try TensorMaker.garbage([1, 1, 3])
            )
            ops.attentionForward(out: out, lse: lse, qkv: qkv)
            try expect(out, [2, 3, 5], within: 2)
            try expect(lse, [0, 0.693147181, 1.09861229], within: 2)
        }

        @Test mutating func attentionPatternsFollowTheirFormula() throws {
            let (NH, HS, past, count) = (4, 3, 2, 3)
            let (q, keys) = (
                try make.uniform([count, NH * HS], -2...2), try make.uniform([2, 6, HS], -2...2)
            )
            let out = try TensorMaker.garbage([NH, count, past + count])
            ops.attentionPattern(
                out: out,
                q: TensorColumns(q),
                part: CachePart(keys: keys, values: keys, past: past, rows: 0..<count),
                headCount: NH
            )
            let expected = (0..<NH * count).flatMap { at -> [Double] in
                let (head, t) = (at / count, at % count)
                let query = doubles(q[t])[head * HS..<(head + 1) * HS]
                let scores = (0...past + t).map { s in
                    zip(query, doubles(keys[head / 2][s])).reduce(0) { $0 + $1.0 * $1.1 }
                        / Double(HS).squareRoot()
                }
                return Formulas.softmax(scores[...]) + Array(repeating: 0, count: count - 1 - t)
            }
            try expect(out, expected, within: 2)
        }

        @Test mutating func attentionFollowsItsFormulaBothWays() throws {
            let (T, C, NH) = (5, 6, 2)
            let (qkv, dout) = (
                try make.uniform([1, T, 3 * C], -2...2), try make.uniform([1, T, C])
            )
            let (out, lse) = (
                try TensorMaker.garbage([1, T, C]), try TensorMaker.garbage([1, NH, T])
            )
            let x = doubles(qkv)
            ops.attentionForward(out: out, lse: lse, qkv: qkv)
            try expect(out, Formulas.attention(qkv: x, C: C, NH: NH), within: 4)
            let dqkv = try TensorMaker.garbage([1, T, 3 * C])
            ops.attentionBackward(dqkv: dqkv, dout: dout, out: out, qkv: qkv, lse: lse)
            let dx = Formulas.gradient(at: x, weights: doubles(dout)) {
                Formulas.attention(qkv: $0, C: C, NH: NH)
            }
            try expect(dqkv, dx, within: 4)
        }

        @Test mutating func exactGeluFollowsItsFormula() throws {
            let inp = try make.uniform([50], -5...5)
            let out = try TensorMaker.garbage([50])
            ops.exactGeluForward(out: out, inp: inp)
            try expect(out, doubles(inp).map { Formulas.exactGelu($0) }, within: 2)
            // A normal variable is below 1 with a probability of 0.8413447, and below 2 with one of
            // 0.9772499.
            let (small, result) = (
                try TensorMaker.copy([1, -1, 2], [3]), try TensorMaker.garbage([3])
            )
            ops.exactGeluForward(out: result, inp: small)
            try expect(result, [0.841344746, -0.158655254, 1.954499736], within: 2)
        }

        @Test mutating func geluFollowsItsFormulaBothWays() throws {
            let (inp, dout) = (try make.uniform([50], -5...5), try make.uniform([50]))
            let (out, dinp) = (try TensorMaker.garbage([50]), try TensorMaker.garbage([50]))
            let x = doubles(inp)
            ops.geluForward(out: out, inp: inp)
            try expect(out, x.map { Formulas.gelu($0) }, within: 2)
            ops.geluBackward(dinp: dinp, inp: inp, dout: dout)
            let dx = Formulas.gradient(at: x, weights: doubles(dout)) {
                $0.map { Formulas.gelu($0) }
            }
            try expect(dinp, dx, within: 2)
        }

        @Test func lossAndSoftmaxOfTwoRowsMatchAHandComputation() throws {
            // Softmax of (0, ln 3) is (1/4, 3/4); a uniform row costs ln 2. The padding is not a
            // token.
            let logits = try TensorMaker.copy([0, 1.09861229, 99, 7, 7, 99], [2, 3])
            let targets = try Tensor([0, 1] as [Int32], shape: [2])
            let losses = try TensorMaker.garbage([2])
            ops.crossEntropyForward(
                losses: losses,
                logits: logits,
                targets: targets,
                vocabularySize: 2
            )
            try expect(losses, [1.38629436, 0.693147181], within: 2)
            ops.softmaxForward(probs: logits, logits: logits, vocabularySize: 2)
            try expect(logits, [0.25, 0.75, 0, 0.5, 0.5, 0], within: 2)
        }

        @Test mutating func crossEntropyFollowsItsFormulaBothWays() throws {
            let (N, V, Vp) = (3, 5, 8)
            let logits = try make.uniform([N, Vp], -3...3)
            let targets = try make.tokens([N], below: V)
            let losses = try TensorMaker.garbage([N])
            let (x, ids) = (doubles(logits), integers(targets))
            ops.crossEntropyForwardBackward(
                losses: losses,
                logits: logits,
                targets: targets,
                dloss: 0.25,
                vocabularySize: V
            )
            let formula = { Formulas.crossEntropy(logits: $0, targets: ids, V: V, Vp: Vp) }
            try expect(losses, formula(x), within: 2)
            let weights = [Double](repeating: 0.25, count: N)
            try expect(
                logits,
                Formulas.gradient(at: x, weights: weights, of: formula),
                within: 2
            )
        }
    }
}
