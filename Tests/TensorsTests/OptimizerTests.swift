// AdamW and the sum of squares.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct OptimizerTests {
        /// Around vectors of 4, 8 and 16; the last is large enough for a team of three.
        static let counts = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 50_001]

        var make = TensorMaker()

        /// AdamW as in the paper, in double; the settings are the floats that the kernel gets.
        private struct Formula {
            var (params, m, v): ([Double], [Double], [Double])

            mutating func update(_ grads: [Float], _ step: AdamWStep) {
                var (power1, power2) = (1.0, 1.0)
                for _ in 0..<step.step {
                    power1 *= Double(step.beta1)
                    power2 *= Double(step.beta2)
                }
                for i in params.indices {
                    let g = Double(grads[i]) * Double(step.gradientScale)
                    m[i] = Double(step.beta1) * m[i] + (1 - Double(step.beta1)) * g
                    v[i] = Double(step.beta2) * v[i] + (1 - Double(step.beta2)) * g * g
                    let denominator = (v[i] / (1 - power2)).squareRoot() + Double(step.epsilon)
                    let direction = m[i] / (1 - power1) / denominator
                    params[i] -=
                        Double(step.learningRate)
                        * (direction + Double(step.weightDecay) * params[i])
                }
            }
        }

        private func settings(step: Int, weightDecay: Float = 0.1) -> AdamWStep {
            AdamWStep(
                learningRate: 0.01,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weightDecay: weightDecay,
                step: step,
                gradientScale: 0.5
            )
        }

        @Test(arguments: counts)
        mutating func adamWFollowsItsFormulaOverFiveSteps(count: Int) throws {
            let initial = try make.uniform([count])
            let grads = try (1...5).map { _ in try make.uniform([count]) }
            let zeros = [Double](repeating: 0, count: count)
            var formula = Formula(
                params: initial.floats().map { Double($0) },
                m: zeros,
                v: zeros
            )
            for (i, g) in grads.enumerated() { formula.update(g.floats(), settings(step: i + 1)) }
            let expected = try TensorMaker.copy(formula.params.map { Float($0) }, [count])
            let expectedM = try TensorMaker.copy(formula.m.map { Float($0) }, [count])
            let expectedV = try TensorMaker.copy(formula.v.map { Float($0) }, [count])
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let params = try TensorMaker.copy(initial)
                let m = try TensorMaker.filled([count], with: 0)
                let v = try TensorMaker.filled([count], with: 0)
                for (i, g) in grads.enumerated() {
                    ops.adamW(params: params, grads: g, m: m, v: v, step: settings(step: i + 1))
                }
                // Five updates, each rounded to a parameter's precision; parameters may be small.
                let magnitude = initial.floats().map { abs($0) + 0.05 }
                expectClose(
                    params,
                    expected,
                    magnitude: magnitude,
                    within: 8,
                    "params, \(backend)"
                )
                expectClose(m, expectedM, ofLargestWithin: 8, "m, \(backend)")
                expectClose(v, expectedV, ofLargestWithin: 6, "v, \(backend)")
            }
        }

        @Test func theFirstUpdateIsTheLearningRateTimesTheSign() throws {
            for backend in Backend.all + [.reference] {
                let params = try TensorMaker.copy([1, 1, 1], [3])
                let grads = try TensorMaker.copy([0.25, -3, 1e-3], [3])
                try backend.ops().adamW(
                    params: params,
                    grads: grads,
                    m: TensorMaker.filled([3], with: 0),
                    v: TensorMaker.filled([3], with: 0),
                    step: settings(step: 1, weightDecay: 0)
                )
                for (param, expected) in zip(params.floats(), [0.99, 1.01, 0.99]) {
                    #expect(abs(Double(param) - expected) < 3e-7, "\(backend)")
                }
            }
        }

        @Test func weightDecayShrinksWhatHasNoGradientAndZerosStayZero() throws {
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let params = try TensorMaker.copy([2, 0, 0, 0, 0, 0, 0, 0, -2], [9])
                let (m, v) = (
                    try TensorMaker.filled([9], with: 0), try TensorMaker.filled([9], with: 0)
                )
                for step in 1...3 {
                    ops.adamW(
                        params: params,
                        grads: try TensorMaker.filled([9], with: 0),
                        m: m,
                        v: v,
                        step: settings(step: step)
                    )
                }
                // 2 * (1 - 0.01 * 0.1)^3
                let values = params.floats()
                #expect(abs(values[0] - 1.994006) < 1e-6, "\(backend)")
                #expect(values[8] == -values[0])
                #expect(values[1..<8].allSatisfy { $0 == 0 })
            }
        }

        @Test(arguments: counts)
        mutating func sumOfSquaresMatchesDoubles(count: Int) throws {
            let x = try make.uniform([count])
            let squares = x.floats().map { Double($0) * Double($0) }
            // In groups of a hundred: a plain sum of so many would be less exact than the result
            // under test.
            let expected = stride(from: 0, to: count, by: 100).reduce(0) {
                $0 + squares[$1..<min($1 + 100, count)].reduce(0, +)
            }
            for backend in Backend.all + [.reference] {
                let sum = try backend.ops().sumOfSquares(x)
                // The reference adds one square after the other, vectors sum lanes of 256 chunks.
                let bound = backend.instructionSet == .reference ? 3e-13 : 2e-15
                #expect(abs(sum - expected) <= bound * expected, "\(backend)")
            }
        }

        @Test func sumOfSquaresKeepsTheVeryLargeAndTheVerySmall() throws {
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let large = ops.sumOfSquares(try TensorMaker.filled([17], with: 0x1p100))
                #expect(large == 17 * 0x1p200, "\(backend)")
                let small = ops.sumOfSquares(try TensorMaker.filled([17], with: 0x1p-100))
                #expect(small == 17 * 0x1p-200, "\(backend)")
            }
        }

        @Test(arguments: [0, 16, 40_000, 50_000])
        mutating func sumOfSquaresCarriesNaNAndInfinity(at: Int) throws {
            let x = try make.uniform([50_001])
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                x.withUnsafeMutableElements(as: Float.self) { $0[at] = -.infinity }
                #expect(ops.sumOfSquares(x) == .infinity, "\(backend)")
                x.withUnsafeMutableElements(as: Float.self) { $0[at] = .nan }
                #expect(ops.sumOfSquares(x).isNaN, "\(backend)")
            }
        }
    }
}
