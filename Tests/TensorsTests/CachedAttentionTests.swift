// Attention over sequences whose earlier keys and values are in a cache.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct CachedAttentionTests {
        struct Case: Sendable, CustomTestStringConvertible {
            let NH: Int
            let NKH: Int
            let HS: Int
            /// For each part: what its cache holds, its new rows, and how many of them are silent.
            let parts: [(past: Int, count: Int, silent: Int)]
            var N: Int { parts.reduce(0) { $0 + $1.count } }

            init(_ NH: Int, _ NKH: Int, _ HS: Int, _ parts: (Int, Int, Int)...) {
                (self.NH, self.NKH, self.HS) = (NH, NKH, HS)
                self.parts = parts.map { (past: $0.0, count: $0.1, silent: $0.2) }
            }

            var testDescription: String {
                "\(NH) heads over \(NKH) of \(HS): "
                    + parts.map { "\($0.past)+\($0.count)-\($0.silent)" }.joined(separator: " ")
            }
        }

        /// Head sizes around vectors, and half of each; single queries and tiles; blocks of 512
        /// keys; shared heads.
        static let cases = [
            Case(1, 1, 1, (0, 1, 0)), Case(2, 2, 3, (1, 1, 0)), Case(2, 1, 8, (6, 2, 0)),
            Case(4, 2, 15, (30, 3, 0)), Case(3, 3, 16, (0, 4, 0)), Case(6, 2, 17, (0, 5, 0)),
            Case(1, 1, 64, (511, 1, 0), (512, 1, 0), (513, 1, 0), (1100, 2, 0)),
            Case(2, 1, 65, (7, 49, 0), (0, 1, 0), (130, 100, 0)),
            Case(2, 2, 33, (60, 70, 69), (3, 2, 2), (0, 96, 48)),
            Case(2, 1, 8, (20, 3, 0), (7, 1, 0), (530, 1, 0), (1100, 1, 0)),
            Case(2, 1, 4, (20, 3, 0), (530, 1, 0)), Case(1, 1, 2, (20, 3, 0), (530, 1, 0)),
        ]

        var make = TensorMaker()

        /// The caches of a case, with the same contents for every backend.
        private func caches(
            _ shape: Case,
            _ elementType: ElementType,
            _ contents: [Tensor]
        ) throws -> [CachePart] {
            var row = 0
            return try zip(shape.parts, contents).map { part, content in
                let capacity = part.past + part.count
                let planes = try (0..<2).map { plane in
                    let planeShape = [shape.NKH, capacity, shape.HS]
                    let tensor = try Tensor(zeros: planeShape, elementType: elementType)
                    if elementType == .float32 { tensor.copy(from: content[plane]) }
                    if elementType == .bfloat16 {
                        tensor.withUnsafeMutableElements(as: UInt16.self) { words in
                            for (i, x) in content[plane].floats().enumerated() {
                                words[i] = UInt16(x.bitPattern >> 16)
                            }
                        }
                    }
                    return tensor
                }
                defer { row += part.count }
                return CachePart(
                    keys: planes[0],
                    values: planes[1],
                    past: part.past,
                    rows: row..<row + part.count,
                    silent: part.silent
                )
            }
        }

        private func run(
            _ ops: Ops,
            _ shape: Case,
            _ parts: [CachePart],
            _ qkv: [Tensor]
        ) throws -> Tensor {
            let out = try TensorMaker.filled([shape.N, shape.NH * shape.HS], with: 7)
            ops.cachedAttention(
                out: out,
                q: TensorColumns(qkv[0]),
                k: TensorColumns(qkv[1]),
                v: TensorColumns(qkv[2]),
                parts: parts,
                headCount: shape.NH
            )
            return out
        }

        private mutating func inputs(_ shape: Case) throws -> (contents: [Tensor], qkv: [Tensor]) {
            let contents = try shape.parts.map {
                try make.uniform([2, shape.NKH, $0.past + $0.count, shape.HS], -2...2)
            }
            let qkv = try [shape.NH, shape.NKH, shape.NKH].map {
                try make.uniform([shape.N, $0 * shape.HS], -2...2)
            }
            return (contents, qkv)
        }

        @Test(arguments: cases, [ElementType.float32, .bfloat16])
        mutating func itAgreesWithTheReference(shape: Case, elementType: ElementType) throws {
            let (contents, qkv) = try inputs(shape)
            let expectedParts = try caches(shape, elementType, contents)
            let expected = try run(Backend.reference.ops(), shape, expectedParts, qkv)
            for backend in Backend.all {
                let parts = try caches(shape, elementType, contents)
                let actual = try run(backend.ops(), shape, parts, qkv)
                // Values are at most 2, and probabilities sum to 1.
                expectClose(
                    actual,
                    expected,
                    magnitude: Array(repeating: 2, count: expected.count),
                    within: 24,
                    "out, \(backend)"
                )
                for (part, expected) in zip(parts, expectedParts) where elementType == .float32 {
                    expectSameBits(part.keys, expected.keys, "keys, \(backend)")
                    expectSameBits(part.values, expected.values, "values, \(backend)")
                }
            }
        }

        @Test(arguments: [ElementType.float32, .bfloat16])
        mutating func aPartDoesNotDependOnTheOthersOrOnThreads(elementType: ElementType) throws {
            let shape = Case(4, 2, 20, (600, 1, 0), (3, 2, 0), (40, 60, 0))
            let (contents, qkv) = try inputs(shape)
            for set in InstructionSet.available {
                let together = try run(
                    Backend(instructionSet: set, threadCount: 3).ops(),
                    shape,
                    caches(shape, elementType, contents),
                    qkv
                )
                for index in shape.parts.indices {
                    let alone = try run(
                        Backend(instructionSet: set, threadCount: 1).ops(),
                        shape,
                        [caches(shape, elementType, contents)[index]],
                        qkv
                    )
                    let rows = try caches(shape, elementType, contents)[index].rows
                    expectSameBits(together[rows], alone[rows], "part \(index), \(set)")
                }
            }
        }

        @Test mutating func theReferenceMatchesAttentionOverWholeSequences() throws {
            let (T, NH, HS) = (37, 3, 5)
            let qkv = try make.uniform([1, T, 3 * NH * HS], -2...2)
            let reference = try Backend.reference.ops()
            let whole = try TensorMaker.garbage([1, T, NH * HS])
            reference.attentionForward(
                out: whole,
                lse: try TensorMaker.garbage([1, NH, T]),
                qkv: qkv
            )
            let out = try TensorMaker.garbage([T, NH * HS])
            let (keys, values) = (
                try Tensor(zeros: [NH, T, HS]), try Tensor(zeros: [NH, T, HS])
            )
            // A prompt, then token by token: the columns of each are those of one row.
            for rows in [0..<20] + (20..<T).map({ $0..<$0 + 1 }) {
                let some = qkv[0][rows]
                let columns = (0..<3).map {
                    TensorColumns(some, $0 * NH * HS..<($0 + 1) * NH * HS)
                }
                reference.cachedAttention(
                    out: out[rows],
                    q: columns[0],
                    k: columns[1],
                    v: columns[2],
                    parts: [
                        CachePart(
                            keys: keys,
                            values: values,
                            past: rows.lowerBound,
                            rows: 0..<rows.count
                        )
                    ],
                    headCount: NH
                )
            }
            expectSameBits(out, whole[0], "cached and whole")
        }

        @Test(arguments: [1, 9])
        mutating func nanReachesEveryQueryThatSeesIt(count: Int) throws {
            let shape = Case(2, 2, 16, (5, count, 0))
            let (contents, qkv) = try inputs(shape)
            contents[0].withUnsafeMutableElements(as: Float.self) { $0[3] = .nan }
            for backend in Backend.all + [.reference] {
                let out = try run(
                    backend.ops(),
                    shape,
                    caches(shape, .float32, contents),
                    qkv
                )
                // Only the first head has a key with NaN.
                for row in 0..<count {
                    let isNaN = out[row].floats().map(\.isNaN)
                    let expected = (0..<32).map { $0 < 16 }
                    #expect(isNaN == expected, "row \(row), \(backend)")
                }
            }
        }
    }
}
