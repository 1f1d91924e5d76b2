// Linear layers over stored weights, for few rows and for many: every backend against the
// reference, and the reference against the formula.
//
// If only sums are rounded, errors are as in MatmulTests. The input is rounded in two cases. For
// few rows times integers, it is rounded to 16 bits, an error of at most 2^-16 of the largest value
// in a block. For many rows, the input and integer weights become bfloat16 if there are
// instructions for it: 2^-8 of each product for each factor.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct LinearTests {
        typealias Shape = MatmulTests.Shape

        /// Few rows, around groups of 4 and the columns of blocks and of chunks of blocks; and
        /// many, around tiles, panels, and the borders of blocks in the matrix product.
        ///
        /// The last of each are large enough for a team of three.
        static let shapes = [
            Shape(1, 1, 1), Shape(2, 31, 3), Shape(3, 32, 5), Shape(4, 33, 4), Shape(5, 63, 7),
            Shape(6, 100, 13), Shape(7, 130, 9), Shape(8, 545, 6), Shape(1, 1056, 17),
            Shape(16, 96, 5), Shape(1, 512, 801), Shape(3, 321, 1030),
            Shape(17, 1, 1), Shape(18, 31, 25), Shape(19, 32, 48), Shape(21, 33, 47),
            Shape(17, 63, 49), Shape(24, 100, 97), Shape(33, 771, 50), Shape(37, 1600, 50),
            Shape(1030, 37, 51), Shape(25, 64, 2048),
        ]

        var make = TensorMaker()

        /// The allowed error of results, in roundings of the sum of the terms' magnitudes.
        private static func bound(_ type: ElementType, _ N: Int, _ backend: Backend) -> Double {
            guard backend.instructionSet.products.roundsToBFloat16, N > Ops.fewRows,
                type != .float32
            else {
                return 8
            }
            // For all others, both factors are rounded.
            return type == .bfloat16 ? 0x1p16 : 0x1p17
        }

        /// The sums of the terms' magnitudes.
        ///
        /// If the input is rounded to 16 bits, 2^-16 of the largest value in a block is 2^8
        /// roundings of it: an eighth of that is added to each element of the block, because the
        /// bound is 8.
        private func magnitude(
            _ inp: Tensor,
            _ weight: Tensor,
            bias: Tensor? = nil,
            residual: Tensor? = nil
        ) throws -> [Float] {
            let (N, C) = (inp.shape[0], inp.shape[1])
            let reference = try Backend.reference.ops()
            let floats = try Tensor(zeros: [weight.rows, C])
            let rows = try Tensor((0..<Int32(weight.rows)).map { $0 }, shape: [weight.rows])
            reference.lookUp(out: floats, weight: weight, rows: rows)
            var input = inp.floats().map { abs($0) }
            let isInteger = weight.elementType.isBlocked
            if isInteger && N <= Ops.fewRows {
                for row in 0..<N {
                    for first in stride(from: row * C, to: (row + 1) * C, by: 32) {
                        let block = first..<min(first + 32, (row + 1) * C)
                        let largest = input[block].max() ?? 0
                        for i in block { input[i] += largest * 0x1p5 }
                    }
                }
            }
            let out = try TensorMaker.garbage([N, weight.rows])
            reference.matmulForward(
                out: out,
                inp: try TensorMaker.copy(input, [N, C]),
                weight: try TensorMaker.magnitudes(floats),
                bias: try bias.map(TensorMaker.magnitudes),
                residual: try residual.map(TensorMaker.magnitudes)
            )
            return out.floats()
        }

        @Test(arguments: shapes)
        mutating func everyFormatAgreesWithTheReference(shape: Shape) throws {
            let (N, C, OC) = (shape.N, shape.C, shape.OC)
            let (inp, source) = (try make.uniform([N, C]), try make.uniform([OC, C]))
            for type in ElementType.weightTypes {
                let weight = try GuardedStorage.unreadableAfter(source, type)
                try expectAsTheReference(
                    "\(type)",
                    magnitude: magnitude(inp, weight),
                    within: { Self.bound(type, N, $0) }
                ) { ops in
                    let out = try TensorMaker.garbage([N, OC])
                    ops.linear(out: out, inp: inp, weight: weight)
                    return out
                }
            }
        }

        @Test(arguments: shapes)
        mutating func biasResidualAndGeluFollow(shape: Shape) throws {
            let (N, C, OC) = (shape.N, shape.C, shape.OC)
            let (inp, source) = (try make.uniform([N, C]), try make.uniform([OC, C]))
            let (bias, residual) = (try make.uniform([OC]), try make.uniform([N, OC]))
            for type in [ElementType.float32, .bfloat16, .q8_0] {
                let weight = try GuardedStorage.unreadableAfter(source, type)
                for gelu in [false, true] {
                    try expectAsTheReference(
                        "\(type), gelu \(gelu)",
                        magnitude: magnitude(inp, weight, bias: bias, residual: residual),
                        within: { Self.bound(type, N, $0) }
                    ) { ops in
                        let out = try TensorMaker.garbage([N, OC])
                        ops.linear(
                            out: out,
                            inp: inp,
                            weight: weight,
                            bias: bias,
                            residual: residual,
                            gelu: gelu
                        )
                        return out
                    }
                }
            }
        }

        @Test(arguments: [1, 20])
        mutating func theReferenceFollowsTheFormulaOverStoredWeights(N: Int) throws {
            let (C, OC) = (70, 5)
            let (inp, source) = (try make.uniform([N, C]), try make.uniform([OC, C]))
            let bias = try make.uniform([OC])
            let ops = try Backend.reference.ops()
            for type in ElementType.weightTypes {
                let weight = try ops.copy(source, as: type)
                let stored = try TensorMaker.garbage([OC, C])
                let rows = try Tensor((0..<Int32(OC)).map { $0 }, shape: [OC])
                ops.lookUp(out: stored, weight: weight, rows: rows)
                let out = try TensorMaker.garbage([N, OC])
                ops.linear(out: out, inp: inp, weight: weight, bias: bias)
                let expected = Formulas.matmul(
                    inp: inp.floats().map(Double.init),
                    weight: stored.floats().map(Double.init),
                    bias: bias.floats().map(Double.init),
                    C: C
                )
                expectClose(
                    out,
                    try TensorMaker.copy(expected.map(Float.init), [N, OC]),
                    ofLargestWithin: 2,
                    "\(type)"
                )
            }
        }

        @Test mutating func severalLayersInOneCallAreTheSameAsEachAlone() throws {
            for N in [1, 3, 20] {
                let inp = try make.uniform([N, 200])
                let weights = try ElementType.weightTypes.enumerated().map { i, type in
                    try GuardedStorage.unreadableAfter(make.uniform([301 + i, 200]), type)
                }
                for backend in Backend.all {
                    let ops = try backend.ops()
                    let layers = try weights.map { weight in
                        LinearLayer(out: try TensorMaker.garbage([N, weight.rows]), weight: weight)
                    }
                    ops.linear(layers, inp: inp)
                    for layer in layers {
                        let alone = try TensorMaker.garbage([N, layer.weight.rows])
                        ops.linear(out: alone, inp: inp, weight: layer.weight)
                        expectSameBits(layer.out, alone, "\(layer.weight.elementType), \(backend)")
                    }
                }
            }
        }

        @Test mutating func aRowOfFewDoesNotDependOnTheOthers() throws {
            let inp = try make.uniform([Ops.fewRows, 321])
            let source = try make.uniform([37, 321])
            for type in ElementType.weightTypes {
                let weight = try GuardedStorage.unreadableAfter(source, type)
                for backend in Backend.all {
                    let ops = try backend.ops()
                    let together = try TensorMaker.garbage([Ops.fewRows, 37])
                    ops.linear(out: together, inp: inp, weight: weight)
                    for n in 0..<Ops.fewRows {
                        let alone = try TensorMaker.garbage([1, 37])
                        ops.linear(out: alone, inp: inp[n..<n + 1], weight: weight)
                        expectSameBits(together[n..<n + 1], alone, "\(type), \(backend)")
                    }
                }
            }
        }

        @Test(arguments: [Float.nan, .infinity, -.infinity])
        mutating func nonFiniteInputReachesItsRowAndNoOther(value: Float) throws {
            for (N, C) in [(3, 70), (20, 70)] {
                let (inp, source) = (try make.uniform([N, C]), try make.uniform([21, C], 0.1...1))
                inp.withUnsafeMutableElements(as: Float.self) { $0[C + 40] = value }
                for type in ElementType.weightTypes {
                    let weight = try GuardedStorage.unreadableAfter(source, type)
                    for backend in Backend.all {
                        let out = try TensorMaker.garbage([N, 21])
                        try backend.ops().linear(out: out, inp: inp, weight: weight)
                        for (i, x) in out.floats().enumerated() {
                            #expect(x.isFinite == (i / 21 != 1), "\(type), \(backend)")
                        }
                    }
                }
            }
        }

        @Test func zeroWeightsAndTinyInputGiveTheBias() throws {
            let bias = try TensorMaker.filled([7], with: 0.5)
            for (N, weightValue, inputValue) in [
                (1, Float(0), Float(3)), (20, 0, 3), (1, 1, 0), (1, 1, 0x1p-146), (20, 1, 0x1p-146),
            ] {
                let inp = try TensorMaker.filled([N, 70], with: inputValue)
                let source = try TensorMaker.filled([7, 70], with: weightValue)
                for type in ElementType.weightTypes {
                    let weight = try GuardedStorage.unreadableAfter(source, type)
                    for backend in Backend.all {
                        let out = try TensorMaker.garbage([N, 7])
                        try backend.ops().linear(out: out, inp: inp, weight: weight, bias: bias)
                        #expect(out.floats().allSatisfy { $0 == 0.5 }, "\(type), \(backend)")
                    }
                }
            }
        }

        @Test(arguments: DeterminismTests.sets)
        mutating func resultsDoNotDependOnThreads(set: InstructionSet) throws {
            for (N, C, OC) in [(1, 513, 901), (5, 321, 901), (40, 1700, 150)] {
                let (inp, source) = (try make.uniform([N, C]), try make.uniform([OC, C]))
                for type in ElementType.weightTypes {
                    let weight = try GuardedStorage.unreadableAfter(source, type)
                    let outs = try [1, 2, 2, 3, 3].map { threads in
                        let out = try TensorMaker.garbage([N, OC])
                        let ops = try Backend(instructionSet: set, threadCount: threads).ops()
                        ops.linear(out: out, inp: inp, weight: weight, bias: nil)
                        return out
                    }
                    for out in outs.dropFirst() { expectSameBits(out, outs[0], "\(type)") }
                }
            }
        }

        @Test func aResidualThatIsTheOutputStopsTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let out = try Tensor(zeros: [1, 3])
                ops.linear(
                    out: out,
                    inp: try Tensor(zeros: [1, 4]),
                    weight: try Tensor(zeros: [3, 4], elementType: .float32),
                    residual: out
                )
            }
        }
    }
}
