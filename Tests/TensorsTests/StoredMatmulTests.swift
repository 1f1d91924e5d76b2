// The products of training over weights in every stored type, as for frozen weights: forward, and
// backward to the input, compared with the reference. Products with float32 weights are in
// MatmulTests.
//
// If the processor multiplies bfloat16, both factors of a product are rounded to it: 2^-8 of the
// product for each factor.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct StoredMatmulTests {
        typealias Shape = MatmulTests.Shape

        /// Around vectors, blocks of 32 columns, tiles, panels and the blocks of the product; the
        /// last are large enough for a team of three.
        static let shapes = [
            Shape(1, 1, 1), Shape(2, 31, 3), Shape(3, 32, 5), Shape(5, 33, 17), Shape(8, 48, 31),
            Shape(9, 63, 49), Shape(17, 100, 97), Shape(33, 130, 771), Shape(21, 545, 48),
            Shape(1030, 37, 51), Shape(37, 50, 1600), Shape(25, 2048, 64),
        ]

        var make = TensorMaker()

        private static func bound(_ type: ElementType, _ backend: Backend) -> Double {
            let rounds = backend.instructionSet.products.roundsToBFloat16 && type != .float32
            return rounds ? 0x1p17 : 8
        }

        /// The weights as floats.
        private func widened(_ weight: Tensor) throws -> Tensor {
            let floats = try TensorMaker.garbage(weight.shape)
            let rows = try Tensor((0..<Int32(weight.rows)).map { $0 }, shape: [weight.rows])
            try Backend.reference.ops().lookUp(out: floats, weight: weight, rows: rows)
            return floats
        }

        @Test(arguments: shapes)
        mutating func forwardAgreesWithTheReference(shape: Shape) throws {
            let (N, C, OC) = (shape.N, shape.C, shape.OC)
            let (inp, source) = (try make.uniform([N, C]), try make.uniform([OC, C]))
            let (bias, residual) = (try make.uniform([OC]), try make.uniform([N, OC]))
            let reference = try Backend.reference.ops()
            for type in ElementType.weightTypes {
                let weight = try GuardedStorage.unreadableAfter(source, type)
                func run(_ ops: Ops, _ inp: Tensor, _ weight: Tensor) throws -> Tensor {
                    let out = try TensorMaker.garbage([N, OC])
                    ops.matmulForward(
                        out: out,
                        inp: inp,
                        weight: weight,
                        bias: bias,
                        residual: residual
                    )
                    return out
                }
                let wide = try widened(weight)
                expectSameBits(
                    try run(reference, inp, wide),
                    try run(reference, inp, weight),
                    "reference, \(type)"
                )
                let magnitude = try TensorMaker.garbage([N, OC])
                reference.matmulForward(
                    out: magnitude,
                    inp: try TensorMaker.magnitudes(inp),
                    weight: try TensorMaker.magnitudes(wide),
                    bias: try TensorMaker.magnitudes(bias),
                    residual: try TensorMaker.magnitudes(residual)
                )
                try expectAsTheReference(
                    "\(type)",
                    magnitude: magnitude.floats(),
                    within: { Self.bound(type, $0) }
                ) { try run($0, inp, weight) }
            }
        }

        @Test(arguments: shapes)
        mutating func backwardToTheInputOverwritesOrAccumulates(shape: Shape) throws {
            let (N, C, OC) = (shape.N, shape.C, shape.OC)
            let (dout, source) = (try make.uniform([N, OC]), try make.uniform([OC, C]))
            let (initial, geluInp) = (try make.uniform([N, C]), try make.uniform([N, C], -3...3))
            let reference = try Backend.reference.ops()
            for type in ElementType.weightTypes {
                let weight = try GuardedStorage.unreadableAfter(source, type)
                let magnitude = try TensorMaker.magnitudes(initial)
                reference.matmulBackwardInput(
                    dinp: magnitude,
                    dout: try TensorMaker.magnitudes(dout),
                    weight: try TensorMaker.magnitudes(widened(weight)),
                    accumulate: true
                )
                for (accumulate, geluInp) in [(false, nil), (true, nil), (true, geluInp)] {
                    try expectAsTheReference(
                        "\(type), accumulate \(accumulate)",
                        magnitude: magnitude.floats(),
                        within: { Self.bound(type, $0) }
                    ) { ops in
                        // The result must be overwritten if it is not added to.
                        let nothing = try TensorMaker.garbage([N, C])
                        let dinp = accumulate ? try TensorMaker.copy(initial) : nothing
                        ops.matmulBackwardInput(
                            dinp: dinp,
                            dout: dout,
                            weight: weight,
                            geluInp: geluInp,
                            accumulate: accumulate
                        )
                        return dinp
                    }
                }
            }
        }

        @Test(arguments: ElementType.weightTypes)
        mutating func theReferenceFollowsTheFormulaBothWays(type: ElementType) throws {
            let (N, C, OC) = (3, 37, 5)
            let inp = try make.uniform([N, C])
            let weight = try GuardedStorage.unreadableAfter(try make.uniform([OC, C]), type)
            let (dout, dinp) = (try make.uniform([N, OC]), try make.uniform([N, C]))
            func doubles(_ tensor: Tensor) -> [Double] { tensor.floats().map { Double($0) } }
            func floats(_ numbers: [Double], like tensor: Tensor) throws -> Tensor {
                try TensorMaker.copy(numbers.map { Float($0) }, tensor.shape)
            }
            let w = doubles(try widened(weight))
            let none = [Double](repeating: 0, count: OC)
            let formula = { Formulas.matmul(inp: $0, weight: w, bias: none, C: C) }
            let ops = try Backend.reference.ops()
            let out = try TensorMaker.garbage([N, OC])
            ops.matmulForward(out: out, inp: inp, weight: weight)
            let expected = try floats(formula(doubles(inp)), like: out)
            expectClose(out, expected, ofLargestWithin: 2, "out, \(type)")
            // Added to the previous contents, and then through the GELU whose input it was.
            let before = doubles(dinp)
            ops.matmulBackwardInput(
                dinp: dinp,
                dout: dout,
                weight: weight,
                geluInp: inp,
                accumulate: true
            )
            let through = Formulas.gradient(at: doubles(inp), weights: doubles(dout)) {
                formula($0.map(Formulas.gelu))
            }
            let sum = zip(zip(before, doubles(inp)), through).map {
                $0.0 * Formulas.geluDerivative($0.1) + $1
            }
            expectClose(dinp, try floats(sum, like: dinp), ofLargestWithin: 2, "dinp, \(type)")
        }

        @Test(arguments: DeterminismTests.sets)
        mutating func storedWeightsGiveTheSameBitsForAnyThreads(set: InstructionSet) throws {
            for (N, C, OC) in [(1027, 61, 70), (61, 70, 1027), (70, 1027, 61)] {
                let (inp, source) = (try make.uniform([N, C]), try make.uniform([OC, C]))
                let dout = try make.uniform([N, OC])
                for type in [ElementType.q8_0, .q4_1] {
                    let weight = try GuardedStorage.unreadableAfter(source, type)
                    func run(_ threads: Int) throws -> [Tensor] {
                        let ops = try Backend(instructionSet: set, threadCount: threads).ops()
                        let (out, dinp) = (
                            try TensorMaker.garbage([N, OC]), try TensorMaker.copy(inp)
                        )
                        ops.matmulForward(out: out, inp: inp, weight: weight)
                        ops.matmulBackwardInput(
                            dinp: dinp,
                            dout: dout,
                            weight: weight,
                            accumulate: true
                        )
                        return [out, dinp]
                    }
                    let alone = try run(1)
                    for threads in 2...3 {
                        for (a, b) in zip(try run(threads), alone) {
                            expectSameBits(a, b, "\(type), \(threads) threads")
                        }
                    }
                }
            }
        }

        @Test func weightsOfAWrongShapeOrOfIdsStopTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let weight = try ops.tensor([3, 33], elementType: .q8_0)
                ops.matmulBackwardInput(
                    dinp: try ops.tensor([2, 32]),
                    dout: try ops.tensor([2, 3]),
                    weight: weight
                )
            }
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let weight = try Tensor(zeros: [3, 2], elementType: .int32)
                ops.matmulForward(
                    out: try ops.tensor([2, 3]),
                    inp: try ops.tensor([2, 2]),
                    weight: weight
                )
            }
        }
    }
}
