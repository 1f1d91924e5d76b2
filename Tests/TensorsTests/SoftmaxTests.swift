// Softmax over the vocabulary and the cross-entropy loss.
//
// The error of exp(x - max) relative to itself is that of x - max: one rounding of its size,
// besides those of exp, of the division and, growing with V, of a vector lane's share of the sum.
// 6.5 roundings were observed.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct SoftmaxTests {
        /// N, V, Vp around vectors of 4, 8 and 16; the last is large enough for a team of three.
        static let shapes = [
            [1, 1, 1], [2, 3, 3], [3, 4, 5], [2, 7, 16], [1, 8, 8], [3, 9, 9], [2, 15, 17],
            [4, 16, 33], [3, 17, 18], [7, 1801, 1856],
        ]

        var make = TensorMaker()

        /// 1 + (largest of the row - x) for each of a row's V logits: what errors grow with.
        private func distances(_ logits: Tensor, V: Int) -> [[Float]] {
            (0..<logits.shape[0]).map { i in
                let row = logits[i][0..<V].floats()
                let largest = row.reduce(-.infinity, max)
                return row.map { 1 + largest - $0 }
            }
        }

        @Test(arguments: shapes)
        mutating func probabilitiesAgreeWithTheReference(shape: [Int]) throws {
            let (N, V, Vp) = (shape[0], shape[1], shape[2])
            let logits = try make.uniform([N, Vp], -10...10)
            func run(_ ops: Ops, inPlace: Bool = false) throws -> Tensor {
                let probs =
                    inPlace ? try TensorMaker.copy(logits) : try TensorMaker.garbage([N, Vp])
                ops.softmaxForward(
                    probs: probs,
                    logits: inPlace ? probs : logits,
                    vocabularySize: V
                )
                return probs
            }
            let expected = try run(Backend.reference.ops())
            let distances = distances(logits, V: V)
            let magnitude = expected.floats().enumerated().map { at, p in
                at % Vp < V ? p * distances[at / Vp][at % Vp] : 0
            }
            for backend in Backend.all {
                let ops = try backend.ops()
                let actual = try run(ops)
                expectClose(actual, expected, magnitude: magnitude, within: 16, "\(backend)")
                let inPlace = try run(ops, inPlace: true)
                expectSameBits(inPlace, actual, "\(backend)")
            }
        }

        @Test(arguments: shapes)
        mutating func lossesAndTheirGradientAgreeWithTheReference(shape: [Int]) throws {
            let (N, V, Vp) = (shape[0], shape[1], shape[2])
            let logits = try make.uniform([N, Vp], -10...10)
            let targets = try make.tokens([N], below: V)
            let dloss: Float = 0.125
            func run(_ ops: Ops) throws -> (losses: Tensor, dlogits: Tensor) {
                let (losses, dlogits) = (
                    try TensorMaker.garbage([N]), try TensorMaker.copy(logits)
                )
                ops.crossEntropyForwardBackward(
                    losses: losses,
                    logits: dlogits,
                    targets: targets,
                    dloss: dloss,
                    vocabularySize: V
                )
                return (losses, dlogits)
            }
            let reference = try Backend.reference.ops()
            let expected = try run(reference)
            let probabilities = try TensorMaker.garbage([N, Vp])
            reference.softmaxForward(probs: probabilities, logits: logits, vocabularySize: V)
            let distances = distances(logits, V: V)
            let ids = targets.withUnsafeElements(as: Int32.self) { $0.map { Int($0) } }
            let magnitude = probabilities.floats().enumerated().map { at, p -> Float in
                let (row, v) = (at / Vp, at % Vp)
                guard v < V else { return 0 }
                return (p * distances[row][v] + (v == ids[row] ? 1 : 0)) * dloss
            }
            let lossMagnitude = ids.enumerated().map { distances[$0][$1] }
            for backend in Backend.all {
                let ops = try backend.ops()
                let actual = try run(ops)
                expectClose(
                    actual.losses,
                    expected.losses,
                    magnitude: lossMagnitude,
                    within: 4,
                    "losses, \(backend)"
                )
                expectClose(
                    actual.dlogits,
                    expected.dlogits,
                    magnitude: magnitude,
                    within: 16,
                    "dlogits, \(backend)"
                )
                let losses = try TensorMaker.garbage([N])
                ops.crossEntropyForward(
                    losses: losses,
                    logits: logits,
                    targets: targets,
                    vocabularySize: V
                )
                expectSameBits(losses, actual.losses, "\(backend)")
            }
        }

        @Test func largeLogitsDoNotOverflow() throws {
            for backend in Backend.all + [.reference] {
                let logits = try TensorMaker.copy([3e38, 3e38, -3e38, 0, 0], [1, 5])
                let losses = try TensorMaker.garbage([1])
                let targets = try Tensor([1] as [Int32], shape: [1])
                try backend.ops().crossEntropyForwardBackward(
                    losses: losses,
                    logits: logits,
                    targets: targets,
                    dloss: 1,
                    vocabularySize: 4
                )
                #expect(abs(losses.floats()[0] - 0.693147181) < 1e-6, "\(backend)")
                #expect(logits.floats() == [0.5, -0.5, 0, 0, 0], "\(backend)")
            }
        }

        /// In a whole vector, in the rest of the row, and in the padding.
        @Test(arguments: [0, 5, 16, 18])
        func nanAmongTheLogitsReachesItsRowButNotFromThePadding(at: Int) throws {
            let (V, Vp) = (18, 19)
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let logits = try TensorMaker.filled([2, Vp], with: 1)
                logits[1].withUnsafeMutableElements(as: Float.self) { $0[at] = .nan }
                let (probs, losses) = (
                    try TensorMaker.garbage([2, Vp]), try TensorMaker.garbage([2])
                )
                let targets = try Tensor([2, 2] as [Int32], shape: [2])
                ops.softmaxForward(probs: probs, logits: logits, vocabularySize: V)
                ops.crossEntropyForward(
                    losses: losses,
                    logits: logits,
                    targets: targets,
                    vocabularySize: V
                )
                let isToken = at < V
                #expect(probs[0].floats().allSatisfy { !$0.isNaN })
                #expect(probs[1][0..<V].floats().allSatisfy { $0.isNaN == isToken }, "\(backend)")
                #expect(probs[1].floats()[V] == 0)
                #expect(losses.floats().map(\.isNaN) == [false, isToken], "\(backend)")
            }
        }

        @Test func infinityAmongTheLogitsMakesTheRowNaN() throws {
            for backend in Backend.all + [.reference] {
                let logits = try TensorMaker.copy([0, .infinity, 1, 2, 3], [1, 5])
                try backend.ops().softmaxForward(probs: logits, logits: logits, vocabularySize: 5)
                #expect(logits.floats()[1].isNaN, "\(backend)")
            }
        }

        @Test func minusInfinityGivesAProbabilityOfZero() throws {
            for backend in Backend.all + [.reference] {
                let logits = try TensorMaker.copy([0, -.infinity, 0], [1, 3])
                try backend.ops().softmaxForward(probs: logits, logits: logits, vocabularySize: 3)
                #expect(logits.floats() == [0.5, 0, 0.5], "\(backend)")
            }
        }
    }
}
