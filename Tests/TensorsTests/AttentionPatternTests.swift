// What attention looks at, over keys in a cache.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct AttentionPatternTests {
        struct Case: Sendable, CustomTestStringConvertible {
            let NH: Int
            let NKH: Int
            let HS: Int
            let past: Int
            let count: Int

            init(_ NH: Int, _ NKH: Int, _ HS: Int, past: Int, count: Int) {
                (self.NH, self.NKH, self.HS) = (NH, NKH, HS)
                (self.past, self.count) = (past, count)
            }

            var testDescription: String { "\(NH) heads over \(NKH) of \(HS): \(past)+\(count)" }
        }

        /// Head sizes around vectors, and half of each; single tokens and many; shared heads; the
        /// last case is large enough for a team of three.
        static let cases = [
            Case(1, 1, 1, past: 0, count: 1), Case(2, 2, 3, past: 1, count: 1),
            Case(2, 1, 8, past: 6, count: 2), Case(4, 2, 15, past: 30, count: 3),
            Case(3, 3, 16, past: 0, count: 4), Case(6, 2, 17, past: 0, count: 5),
            Case(1, 1, 64, past: 511, count: 3), Case(2, 1, 4, past: 0, count: 33),
            Case(2, 2, 33, past: 60, count: 70), Case(2, 1, 65, past: 130, count: 100),
            Case(6, 3, 64, past: 17, count: 120),
        ]

        var make = TensorMaker()

        /// Rows of q among other columns, one row before those of the part, and its keys.
        private mutating func inputs(
            _ shape: Case,
            _ elementType: ElementType
        ) throws -> (q: TensorColumns, part: CachePart) {
            let width = shape.NH * shape.HS
            let rows = try make.uniform([shape.count + 1, width + 7], -2...2)
            let capacity = shape.past + shape.count
            let exact = try make.uniform([shape.NKH, capacity, shape.HS], -2...2)
            let keys = elementType == .float32 ? exact : try TensorMaker.bfloat16(rounding: exact)
            return (
                TensorColumns(rows, 3..<3 + width),
                CachePart(keys: keys, values: keys, past: shape.past, rows: 1..<shape.count + 1)
            )
        }

        private func run(
            _ ops: Ops,
            _ shape: Case,
            _ inputs: (q: TensorColumns, part: CachePart)
        ) throws -> Tensor {
            let out = try TensorMaker.garbage([shape.NH, shape.count, shape.past + shape.count])
            ops.attentionPattern(
                out: out,
                q: inputs.q,
                part: inputs.part,
                headCount: shape.NH
            )
            return out
        }

        @Test(arguments: cases, [ElementType.float32, .bfloat16])
        mutating func itAgreesWithTheReference(shape: Case, elementType: ElementType) throws {
            let inputs = try inputs(shape, elementType)
            let expected = try run(Backend.reference.ops(), shape, inputs)
            // A score is at most this, and its rounding is that of the probability.
            let largest = 4 * Float(shape.HS).squareRoot()
            let magnitude = expected.floats().map { $0 * (1 + largest) }
            for backend in Backend.all {
                let actual = try run(backend.ops(), shape, inputs)
                expectClose(actual, expected, magnitude: magnitude, within: 4, "\(backend)")
            }
        }

        @Test(arguments: cases + [Case(2, 1, 20, past: 4090, count: 6)])
        mutating func rowsSumToOneAndSeeNothingThatComesLater(shape: Case) throws {
            let inputs = try inputs(shape, .float32)
            for backend in Backend.all + [.reference] {
                let pattern = try run(backend.ops(), shape, inputs)
                for head in 0..<shape.NH {
                    for t in 0..<shape.count {
                        let row = pattern[head][t].floats()
                        let sum = row.reduce(0.0) { $0 + Double($1) }
                        #expect(abs(sum - 1) <= 0x1p-22, "head \(head), row \(t), \(backend)")
                        #expect(row.dropFirst(shape.past + t + 1).allSatisfy { $0 == 0 })
                    }
                }
            }
        }

        @Test mutating func theyAreTheWeightsThatAttentionUses() throws {
            let shape = Case(4, 2, 12, past: 9, count: 7)
            let (q, part) = try inputs(shape, .float32)
            let values = try make.uniform([shape.NKH, 16, shape.HS])
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let pattern = try run(ops, shape, (q, part))
                let out = try TensorMaker.filled([8, shape.NH * shape.HS], with: 0)
                // It stores the keys and values that are already there.
                let stored = [part.keys, values].map { TensorColumns(newRows(of: $0, shape)) }
                var whole = part
                whole.values = values
                ops.cachedAttention(
                    out: out,
                    q: q,
                    k: stored[0],
                    v: stored[1],
                    parts: [whole],
                    headCount: shape.NH
                )
                for head in 0..<shape.NH {
                    let seen = values[head / 2]
                    for t in 0..<shape.count {
                        let row = pattern[head][t].floats()
                        for d in 0..<shape.HS {
                            let expected = (0..<16).reduce(Float(0)) {
                                $0 + row[$1] * seen[$1].floats()[d]
                            }
                            let actual = out[t + 1].floats()[head * shape.HS + d]
                            #expect(abs(actual - expected) < 1e-5, "\(backend)")
                        }
                    }
                }
            }
        }

        /// Rows of k or v, with one row before those of the part, from the contents of a cache.
        private func newRows(of cache: Tensor, _ shape: Case) -> Tensor {
            let rows = (0...shape.count).flatMap { row in
                (0..<shape.NKH).flatMap { cache[$0][max(0, shape.past + row - 1)].floats() }
            }
            guard let copy = try? TensorMaker.copy(rows, [shape.count + 1, shape.NKH * shape.HS])
            else { preconditionFailure("no memory for a test") }
            return copy
        }

        @Test mutating func aNaNInAKeyMakesRowsThatSeeItNaN() throws {
            let shape = Case(2, 2, 16, past: 2, count: 3)
            let inputs = try inputs(shape, .float32)
            // The first head's key of position 3: the second of the new tokens.
            inputs.part.keys[0][3].withUnsafeMutableElements(as: Float.self) { $0[5] = .nan }
            for backend in Backend.all + [.reference] {
                let pattern = try run(backend.ops(), shape, inputs)
                for head in 0..<2 {
                    for t in 0..<3 {
                        let isNaN = head == 0 && t >= 1
                        let visible = pattern[head][t].floats().prefix(shape.past + t + 1)
                        #expect(visible.allSatisfy { $0.isNaN == isNaN }, "\(backend)")
                    }
                }
            }
        }
    }
}
