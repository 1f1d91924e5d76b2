// Dropout: which elements are dropped is decided by a hash that is repeated here, so that it cannot
// change, and that must be as good as chance.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct DropoutTests {
        /// Around vectors of 4, 8 and 16; the last is large enough for a team of three, and longer
        /// than a row of numbers.
        static let counts = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 150_001]

        var make = TensorMaker()

        /// Whether an element is kept, as Sources/CKernels/dropout.h describes it.
        private func isKept(_ element: UInt64, _ dropout: Dropout) -> Bool {
            func mix(_ x: UInt64) -> UInt64 {
                var x = (x ^ x >> 30) &* 0xbf58_476d_1ce4_e5b9
                x = (x ^ x >> 27) &* 0x94d0_49bb_1331_11eb
                return x ^ x >> 31
            }
            let golden: UInt64 = 0x9e37_79b9_7f4a_7c15
            let seed = mix(mix(dropout.key &+ golden) &+ (element >> 16) &* golden)
            let (low, high) = (UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32))
            var x = UInt32(element & 0xffff) &* 0x9e37_79b1 &+ low
            x = (x ^ x >> 16) &* 0x7feb_352d
            x = ((x ^ x >> 15) &+ high) &* 0x846c_a68b
            return Double(x ^ x >> 16) >= Double(dropout.rate) * 0x1p32
        }

        @Test(arguments: counts, [0 as Float, 0.1, 0.5, 0.999])
        mutating func whatIsKeptIsScaledAndAddedOnEveryBackend(count: Int, rate: Float) throws {
            let (inp, residual) = (try make.uniform([count], 1...2), try make.uniform([count]))
            let dropout = Dropout(rate: rate, key: 0xfeed_0000_0000_0042)
            let first = 65_530
            let factors = (0..<count).map { i -> Float in
                isKept(UInt64(first + i), dropout) ? 1 / (1 - rate) : 0
            }
            let scaled = zip(inp.floats(), factors).map { $0 * $1 }
            let sums = zip(zip(inp.floats(), factors), residual.floats())
                .map { $1.addingProduct($0.0, $0.1) }
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let out = try TensorMaker.garbage([count])
                ops.dropout(out: out, inp: inp, dropout, first: first)
                #expect(out.floats() == scaled, "\(backend)")
                var inPlace = try TensorMaker.copy(inp)
                ops.dropout(out: inPlace, inp: inPlace, dropout, first: first)
                #expect(inPlace.floats() == scaled, "in place, \(backend)")
                ops.dropout(out: out, inp: inp, residual: residual, dropout, first: first)
                #expect(out.floats() == sums, "with a residual, \(backend)")
                inPlace = try TensorMaker.copy(residual)
                ops.dropout(out: inPlace, inp: inp, residual: inPlace, dropout, first: first)
                #expect(inPlace.floats() == sums, "onto the residual, \(backend)")
            }
        }

        @Test(arguments: [0.1, 0.2, 0.5] as [Float])
        func dropsFollowTheRateAndAreIndependent(rate: Float) throws {
            let count = 1 << 20
            let ops = try Ops()
            let ones = try TensorMaker.filled([count], with: 1)
            func dropped(_ key: UInt64) throws -> [Bool] {
                let out = try TensorMaker.garbage([count])
                ops.dropout(out: out, inp: ones, Dropout(rate: rate, key: key))
                return out.floats().map { $0 == 0 }
            }
            /// How far a fraction is from independent choices, in standard deviations.
            func deviation(_ hits: Int, of trials: Int, _ probability: Double) -> Double {
                let expected = probability * Double(trials)
                return abs(Double(hits) - expected) / (expected * (1 - probability)).squareRoot()
            }
            let p = Double(rate)
            let (one, next) = (try dropped(0), try dropped(1))
            for key in [one, next] {
                #expect(deviation(key.filter { $0 }.count, of: count, p) < 4.5)
            }
            // Neighbors, neighbors in other directions of a matrix, and the next row of numbers.
            for distance in [1, 2, 16, 64, 768, 1024, 65_536] {
                let both = (distance..<count).filter { one[$0] && one[$0 - distance] }.count
                #expect(deviation(both, of: count - distance, p * p) < 4.5, "\(distance) apart")
            }
            let both = zip(one, next).filter { $0 && $1 }.count
            #expect(deviation(both, of: count, p * p) < 4.5, "keys that follow each other")
        }

        @Test func aPartDropsTheSameElementsAsTheWhole() throws {
            let ones = try TensorMaker.filled([300, 500], with: 1)
            let dropout = Dropout(rate: 0.3, key: 9)
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let (whole, parts) = (
                    try TensorMaker.garbage([300, 500]), try TensorMaker.garbage([300, 500])
                )
                ops.dropout(out: whole, inp: ones, dropout)
                for rows in [0..<100, 100..<201, 201..<300] {
                    ops.dropout(
                        out: parts[rows],
                        inp: ones[rows],
                        dropout,
                        first: rows.lowerBound * 500
                    )
                }
                expectSameBits(parts, whole, "\(backend)")
            }
        }

        @Test func nanIsNotHiddenByBeingDropped() throws {
            let inp = try TensorMaker.filled([100], with: .nan)
            for backend in Backend.all + [.reference] {
                let out = try TensorMaker.filled([100], with: 0)
                try backend.ops().dropout(out: out, inp: inp, Dropout(rate: 0.5, key: 1))
                #expect(out.floats().filter { !$0.isNaN } == [], "\(backend)")
            }
        }

        @Test func aRateOfOneStopsTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let x = try ops.tensor([3])
                ops.dropout(out: x, inp: x, Dropout(rate: 1, key: 0))
            }
        }
    }
}
