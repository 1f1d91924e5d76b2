// Attention when heads share keys and values, documents do not see each other and probabilities are
// dropped.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct AttentionLimitsTests {
        /// Sizes of heads around vectors and panels; lengths around tiles and groups of them.
        ///
        /// A tile has 48 queries and 128 keys, a group 384 queries. The last ones are large enough
        /// for a team of three.
        static var passes: [AttentionPass] {
            [
                AttentionPass(B: 1, T: 1, NKH: 1, shared: 1, HS: 1),
                AttentionPass(B: 2, T: 15, NKH: 2, shared: 2, HS: 3),
                AttentionPass(B: 1, T: 17, NKH: 1, shared: 3, HS: 16),
                AttentionPass(B: 1, T: 70, NKH: 2, shared: 1, HS: 17),
                AttentionPass(B: 2, T: 70, NKH: 1, shared: 3, HS: 48),
                AttentionPass(B: 1, T: 130, NKH: 1, shared: 2, HS: 80),
                AttentionPass(B: 2, T: 161, NKH: 2, shared: 2, HS: 10),
                AttentionPass(B: 1, T: 431, NKH: 1, shared: 2, HS: 64),
            ]
        }

        /// Borders in the middle of tiles and at their edges, and documents of one token.
        static let lengths = [[1, 7, 48, 1, 1, 33, 200], [16, 80, 32, 128, 96]]

        var make = TensorMaker()

        /// With documents, with dropout, and with both.
        private static func variants(_ pass: AttentionPass) throws -> [AttentionPass] {
            let dropout = Dropout(rate: 0.3, key: 11)
            var (variants, dropped) = ([pass], pass)
            dropped.dropout = dropout
            variants.append(dropped)
            for lengths in Self.lengths {
                for dropout in [nil, dropout] {
                    var separate = pass
                    try separate.separate(lengths: lengths)
                    separate.dropout = dropout
                    variants.append(separate)
                }
            }
            return variants
        }

        private static let names = ["out", "lse", "dq", "dk", "dv"]

        /// In roundings of the largest element, or of 1 if that is larger: a token that sees only
        /// itself has gradients of 0.
        private static func expectNear(
            _ actual: Tensor,
            _ expected: Tensor,
            within bound: Double,
            _ what: String
        ) {
            let largest = expected.floats().reduce(1) { max($0, abs($1)) }
            expectClose(
                actual,
                expected,
                magnitude: Array(repeating: largest, count: expected.count),
                within: bound,
                what
            )
        }

        @Test(arguments: passes.indices)
        mutating func bothPassesAgreeWithTheReference(_ index: Int) throws {
            for pass in try Self.variants(Self.passes[index]) {
                let inputs = try make.uniform([pass.B * pass.T, pass.width], -2...2)
                let dout = try make.uniform([pass.B, pass.T, pass.C])
                let reference = try Backend.reference.ops()
                let expected = try pass.run(reference, inputs: inputs, dout: dout)
                for backend in Backend.all {
                    let actual = try pass.run(
                        backend.ops(),
                        inputs: inputs,
                        dout: dout,
                        forward: (expected[0], expected[1])
                    )
                    for (i, name) in Self.names.enumerated() {
                        Self.expectNear(
                            actual[i],
                            expected[i],
                            within: 24,
                            "\(name), \(pass), \(backend)"
                        )
                    }
                }
            }
        }

        @Test(arguments: passes.indices)
        mutating func bfloat16IsReadExactlyAndRoundedOnceOrByPairs(_ index: Int) throws {
            for pass in try Self.variants(Self.passes[index]) {
                let inputs = try TensorMaker.bfloat16(
                    rounding: make.uniform([pass.B * pass.T, pass.width], -2...2)
                )
                let wide = try TensorMaker.widened(inputs)
                let dout = try make.uniform([pass.B, pass.T, pass.C])
                for backend in Backend.all + [.reference] {
                    let ops = try backend.ops()
                    let actual = try pass.run(ops, inputs: inputs, dout: dout)
                    let out = try TensorMaker.widened(actual[0])
                    let expected = try pass.run(
                        ops,
                        inputs: wide,
                        dout: dout,
                        forward: (out, actual[1])
                    )
                    guard backend.instructionSet.products.roundsToBFloat16 else {
                        let rounded = try TensorMaker.bfloat16(rounding: expected[0])
                        expectSameBits(actual[0], rounded, "out, \(backend)")
                        for i in 1..<5 {
                            expectSameBits(
                                actual[i],
                                expected[i],
                                "\(Self.names[i]), \(pass), \(backend)"
                            )
                        }
                        continue
                    }
                    for (i, found) in ([out] + actual[1...]).enumerated() {
                        // Probabilities, gradients and the result, by 2^-8 of themselves.
                        Self.expectNear(
                            found,
                            expected[i],
                            within: i == 1 ? 8 : 0x1p17 + 24,
                            "\(Self.names[i]), \(pass), \(backend)"
                        )
                    }
                }
            }
        }

        @Test(arguments: [false, true], [Float(0), 0.4])
        mutating func theReferenceFollowsItsFormulaBothWays(separate: Bool, rate: Float) throws {
            let ops = try Backend.reference.ops()
            var pass = AttentionPass(B: 1, T: 7, NKH: 2, shared: 2, HS: 3)
            if separate { try pass.separate(lengths: [2, 1, 3]) }
            pass.dropout = Dropout(rate: rate, key: 6)
            // Dropout is taken from a pass whose values reveal it; it depends only on positions.
            var shown = AttentionPass(B: 1, T: 7, NKH: 1, shared: 4, HS: 7)
            shown.dropout = pass.dropout
            let kept = try Self.kept(ops, shown).map { $0 == 0 ? 0 : 1 / Double(1 - rate) }
            #expect(rate == 0 || Set(kept).count == 2)

            let inputs = try make.uniform([pass.T, pass.width], -2...2)
            let dout = try make.uniform([1, pass.T, pass.C])
            let results = try pass.run(ops, inputs: inputs, dout: dout)
            let starts = pass.starts.map { tensor in
                tensor.withUnsafeElements(as: Int32.self) { $0.map { Int($0) } }
            }
            let (first, end) = (pass.columns[0].lowerBound, pass.columns[2].upperBound)
            let rows = (0..<pass.T).flatMap { t in
                inputs[t].floats()[first..<end].map { Double($0) }
            }
            let formula = { (rows: [Double]) in
                Formulas.attention(rows: rows, NKH: 2, shared: 2, HS: 3, starts: starts) {
                    kept[($0 * 7 + $1) * 7 + $2]
                }
            }
            let gradient = Formulas.gradient(
                at: rows,
                weights: dout.floats().map { Double($0) },
                of: formula
            )
            func expect(_ actual: Tensor, _ expected: [Double], _ what: String) throws {
                expectClose(
                    actual,
                    try TensorMaker.copy(expected.map { Float($0) }, actual.shape),
                    ofLargestWithin: 6,
                    what
                )
            }
            try expect(results[0], formula(rows), "out")
            for i in 0..<3 {
                let columns =
                    pass.columns[i].lowerBound - first..<pass.columns[i].upperBound - first
                let expected = (0..<pass.T).flatMap { t in
                    columns.map { gradient[t * (end - first) + $0] }
                }
                try expect(results[2 + i], expected, Self.names[2 + i])
            }
        }

        @Test func noDocumentSeesAnother() throws {
            for lengths in Self.lengths {
                var make = TensorMaker()
                var pass = AttentionPass(B: 1, T: 431, NKH: 1, shared: 2, HS: 17)
                try pass.separate(lengths: lengths)
                let inputs = try make.uniform([pass.T, pass.width], -2...2)
                let dout = try make.uniform([1, pass.T, pass.C])
                var start = 0
                for length in lengths where start + length <= pass.T {
                    let rows = start..<start + length
                    start += length
                    let alone = AttentionPass(B: 1, T: length, NKH: 1, shared: 2, HS: 17)
                    let reference = try alone.run(
                        Backend.reference.ops(),
                        inputs: inputs[rows],
                        dout: TensorMaker.copy(
                            dout[0][rows].floats(),
                            [1, length, pass.C]
                        )
                    )
                    for backend in Backend.all + [.reference] {
                        let together = try pass.run(backend.ops(), inputs: inputs, dout: dout)
                        expectClose(
                            together[0][0][rows],
                            reference[0][0],
                            ofLargestWithin: 24,
                            "out of \(rows), \(backend)"
                        )
                        for i in 2..<5 {
                            // A document of one token only has a gradient of v.
                            if length == 1 && i < 4 { continue }
                            expectClose(
                                together[i][rows],
                                reference[i],
                                ofLargestWithin: 48,
                                "\(Self.names[i]) of \(rows), \(backend)"
                            )
                        }
                    }
                }
            }
        }

        /// What remains of each probability, relative to its value before dropout: `(B, NH, T, T)`.
        ///
        /// Scores are 0, and the value of position s is 1 in column s alone.
        private static func kept(
            _ ops: Ops,
            _ pass: AttentionPass
        ) throws -> [Float] {
            precondition(pass.HS == pass.T && pass.NKH == 1)
            let (T, columns) = (pass.T, pass.columns[2])
            let inputs = try TensorMaker.filled([pass.B * T, pass.width], with: 0)
            inputs.withUnsafeMutableElements(as: Float.self) { elements in
                for row in 0..<pass.B * T {
                    elements[row * pass.width + columns.lowerBound + row % T] = 1
                }
            }
            let dout = try TensorMaker.filled([pass.B, T, pass.C], with: 0)
            let out = try pass.run(ops, inputs: inputs, dout: dout)[0].floats()
            var kept: [Float] = []
            for b in 0..<pass.B {
                for h in 0..<pass.NH {
                    for t in 0..<T {
                        for s in 0..<T {
                            kept.append(out[((b * T + t) * pass.NH + h) * T + s] * Float(t + 1))
                        }
                    }
                }
            }
            return kept
        }

        @Test func theSameProbabilitiesAreDroppedEverywhereAtTheGivenRate() throws {
            var pass = AttentionPass(B: 2, T: 70, NKH: 1, shared: 3, HS: 70)
            for rate in [Float(0.1), 0.5, 0.9] {
                pass.dropout = Dropout(rate: rate, key: 3)
                let expected = try Self.kept(Backend.reference.ops(), pass).map { $0 != 0 }
                for backend in Backend.all {
                    let kept = try Self.kept(backend.ops(), pass)
                    #expect(kept.map { $0 != 0 } == expected, "\(backend)")
                    #expect(kept.allSatisfy { $0 == 0 || abs($0 * (1 - rate) - 1) < 1e-5 })
                }
                // How often two places, a given distance apart, are both kept, among those that are
                // seen.
                let T = pass.T
                for distance in [0, 1, T, T * T, 3 * T * T] {
                    var (pairs, both) = (0.0, 0.0)
                    for i in expected.indices where i + distance < expected.count {
                        guard [i, i + distance].allSatisfy({ $0 % T <= $0 / T % T })
                        else { continue }
                        pairs += 1
                        both += expected[i] && expected[i + distance] ? 1 : 0
                    }
                    let probability = Double(distance == 0 ? 1 - rate : (1 - rate) * (1 - rate))
                    let deviation = (probability * (1 - probability) / pairs).squareRoot()
                    #expect(abs(both / pairs - probability) < 4.5 * deviation, "\(distance)")
                }
                pass.dropout?.key = 4
                #expect(try Self.kept(Backend.reference.ops(), pass).map { $0 != 0 } != expected)
            }
        }

        @Test func dropoutDoesNotDependOnHowABatchIsDivided() throws {
            var pass = AttentionPass(B: 3, T: 20, NKH: 1, shared: 2, HS: 20)
            pass.dropout = Dropout(rate: 0.4, key: 9)
            for backend in Backend.all + [.reference] {
                let whole = try Self.kept(backend.ops(), pass)
                var part = pass
                (part.B, part.firstSequence) = (2, 1)
                let later = try Self.kept(backend.ops(), part)
                #expect(Array(whole[whole.count / 3..<whole.count]) == later, "\(backend)")
            }
        }

        @Test(arguments: [[0, 0, 2, 1], [0, 2, 2, 2], [-1, 0, 0, 0]])
        func startsThatDecreaseOrLieAheadStopTheProgram(starts: [Int32]) async {
            await #expect(processExitsWith: .trap) { [starts] in
                let columns = TensorColumns(try Tensor(zeros: [4, 2]))
                try Ops(instructionSet: .reference, threadCount: 1).attentionForward(
                    out: Tensor(zeros: [1, 4, 2]),
                    lse: Tensor(zeros: [1, 1, 4]),
                    q: columns,
                    k: columns,
                    v: columns,
                    headCount: 1,
                    starts: Tensor(starts, shape: [1, 4])
                )
            }
        }
    }
}
