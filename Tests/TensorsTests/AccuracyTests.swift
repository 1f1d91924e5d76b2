// How exact exp, GELU and SiLU are, in units in the last place (ulps): the bounds of
// docs/numerics.md.

import Tensors
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension KernelTests {
    @Suite(.serialized) struct AccuracyTests {
        /// e to the power of each of `x` as the kernel computes it, with nothing added.
        ///
        /// In the backward pass of attention a lone query and key of one channel have the
        /// probability exp(q * k - lse), and the gradient of the value is that times dout.
        private func kernelExp(_ ops: Ops, _ x: [Float]) throws -> [Float] {
            let shape = [x.count, 1, 1]
            let (zeros, ones) = (
                try TensorMaker.filled(shape, with: 0), try TensorMaker.filled(shape, with: 1)
            )
            let dqkv = try TensorMaker.garbage([x.count, 1, 3])
            ops.attentionBackward(
                dqkv: dqkv,
                dout: ones,
                out: zeros,
                qkv: try TensorMaker.copy(x.flatMap { [$0, 1, 0] }, [x.count, 1, 3]),
                lse: zeros
            )
            let elements = dqkv.floats()
            return stride(from: 2, to: elements.count, by: 3).map { elements[$0] }
        }

        /// The largest error in ulps of the exact result.
        private func worstUlps(_ actual: [Float], _ x: [Float], _ exact: (Double) -> Double)
            -> (ulps: Double, at: Float)
        {
            var worst = (ulps: 0.0, at: Float(0))
            for (a, x) in zip(actual, x) {
                let exact = exact(Double(x))
                let ulps = abs(Double(a) - exact) / Double(Float(exact).ulp)
                if !(ulps <= worst.ulps) { worst = (ulps.isNaN ? .infinity : ulps, x) }
            }
            return worst
        }

        private func sweep(_ range: ClosedRange<Float>, count: Int) -> [Float] {
            let step = (range.upperBound - range.lowerBound) / Float(count)
            return (0...count).map { range.lowerBound + Float($0) * step }
        }

        @Test func expIsWithinItsBound() throws {
            // Densely, and on both sides of powers of two.
            let borders = (-125...127).flatMap { n -> [Float] in
                let x = (Float(n) + 0.5) * 0.693147181
                return [x.nextDown, x, x.nextUp]
            }
            let x = sweep(-87.33...88.72, count: 100_000) + borders
            for set in InstructionSet.available where set != .reference {
                let ops = try Ops(instructionSet: set, threadCount: 1)
                let worst = worstUlps(try kernelExp(ops, x), x) { exp($0) }
                #expect(worst.ulps <= 1.02, "\(set), at \(worst.at)")
            }
        }

        @Test func expHasItsLimits() throws {
            for backend in Backend.all {
                let x: [Float] = [0, 88.73, 1e30, .infinity, -87.34, -1e30, -.infinity, .nan]
                let powers = try kernelExp(backend.ops(), x)
                #expect(
                    Array(powers[..<7]) == [1, .infinity, .infinity, .infinity, 0, 0, 0],
                    "\(backend)"
                )
                #expect(powers[7].isNaN, "\(backend)")
            }
        }

        /// For x below zero the result shrinks as e^-2u, and half an ulp in 2u, which is up to 87
        /// at -10, is as many half ulps in the result.
        @Test(arguments: [(-1 as Float, 20 as Float, 2.5), (-5, -1, 32), (-10, -5, 212)])
        func geluIsWithinItsBound(from lower: Float, to upper: Float, bound: Double) throws {
            let x = sweep(lower...upper, count: 50_000).filter { $0 != 0 }
            let inp = try TensorMaker.copy(x, [x.count])
            let out = try TensorMaker.garbage([x.count])
            for set in InstructionSet.available where set != .reference {
                try Ops(instructionSet: set, threadCount: 1).geluForward(out: out, inp: inp)
                let worst = worstUlps(out.floats(), x, Formulas.gelu)
                #expect(worst.ulps <= bound, "\(set), at \(worst.at)")
            }
        }

        @Test func siluIsWithinItsBound() throws {
            let x = sweep(-87...20, count: 200_000).filter { $0 != 0 }
            let gate = try TensorMaker.copy(x, [x.count])
            let ones = try TensorMaker.filled([x.count], with: 1)
            let out = try TensorMaker.garbage([x.count])
            for set in InstructionSet.available where set != .reference {
                let ops = try Ops(instructionSet: set, threadCount: 1)
                ops.swigluForward(out: out, gate: gate, up: ones)
                let worst = worstUlps(out.floats(), x, Formulas.silu)
                #expect(worst.ulps <= 2.5, "\(set), at \(worst.at)")
            }
        }

        @Test func theDerivativeOfSiluIsWithinItsBound() throws {
            let x = sweep(-100...20, count: 200_000)
            let gate = try TensorMaker.copy(x, [x.count])
            let ones = try TensorMaker.filled([x.count], with: 1)
            let (dgate, dup) = (
                try TensorMaker.garbage([x.count]), try TensorMaker.garbage([x.count])
            )
            for set in InstructionSet.available where set != .reference {
                let ops = try Ops(instructionSet: set, threadCount: 1)
                ops.swigluBackward(dgate: dgate, dup: dup, gate: gate, up: ones, dout: ones)
                let worst = zip(dgate.floats(), x).reduce(0) {
                    max($0, abs(Double($1.0) - Formulas.siluDerivative(Double($1.1))))
                }
                #expect(worst <= 3 * 0x1p-24, "\(set)")
            }
        }

        @Test func theDerivativeOfGeluIsWithinItsBound() throws {
            let x = sweep(-12...20, count: 100_000)
            let inp = try TensorMaker.copy(x, [x.count])
            let ones = try TensorMaker.filled([x.count], with: 1)
            let dinp = try TensorMaker.garbage([x.count])
            for set in InstructionSet.available where set != .reference {
                let ops = try Ops(instructionSet: set, threadCount: 1)
                ops.geluBackward(dinp: dinp, inp: inp, dout: ones)
                let worst = zip(dinp.floats(), x).reduce(0) {
                    max($0, abs(Double($1.0) - Formulas.geluDerivative(Double($1.1))))
                }
                #expect(worst <= 3.5 * 0x1p-24, "\(set)")
            }
        }
    }
}
