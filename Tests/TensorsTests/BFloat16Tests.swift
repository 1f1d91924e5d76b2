// Operations that read or write bfloat16: bit for bit the float32 result for the same numbers,
// rounded once at the end. Their float32 results are compared with the reference elsewhere.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct BFloat16Tests {
        /// Around vectors of 4, 8 and 16; the last is large enough for a team of three.
        static let shapes = [(1, 1), (3, 3), (2, 4), (5, 7), (7, 9), (6, 16), (5, 17), (193, 257)]

        var make = TensorMaker()

        @Test(arguments: shapes)
        mutating func embeddingsOfBFloat16AreAddedExactly(T: Int, C: Int) throws {
            let tokens = try make.tokens([1, T], below: 11)
            let wte = try TensorMaker.bfloat16(rounding: make.uniform([11, C]))
            let wpe = try TensorMaker.bfloat16(rounding: make.uniform([T, C]))
            let (wideWte, wideWpe) = (try TensorMaker.widened(wte), try TensorMaker.widened(wpe))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let expected = try TensorMaker.garbage([1, T, C])
                ops.encoderForward(out: expected, tokens: tokens, wte: wideWte, wpe: wideWpe)
                for (a, b) in [(wte, wpe), (wideWte, wpe), (wte, wideWpe)] {
                    let out = try TensorMaker.garbage([1, T, C])
                    ops.encoderForward(out: out, tokens: tokens, wte: a, wpe: b)
                    expectSameBits(
                        out,
                        expected,
                        "\(a.elementType) and \(b.elementType), \(backend)"
                    )
                }
                let (alone, expectedAlone) = (
                    try TensorMaker.garbage([1, T, C]), try TensorMaker.garbage([1, T, C])
                )
                ops.encoderForward(out: alone, tokens: tokens, wte: wte, wpe: nil)
                ops.encoderForward(out: expectedAlone, tokens: tokens, wte: wideWte, wpe: nil)
                expectSameBits(alone, expectedAlone, "without positions, \(backend)")
            }
        }

        @Test(arguments: shapes)
        mutating func layernormRoundsItsOutputOnce(N: Int, C: Int) throws {
            let inp = try make.uniform([N, C], -1...3)
            let (weight, bias) = (try make.uniform([C]), try make.uniform([C]))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let narrow = try TensorMaker.bfloat16Garbage([N, C])
                let actual = try ops.layernorm(inp, weight: weight, bias: bias, into: narrow)
                let expected = try ops.layernorm(inp, weight: weight, bias: bias)
                let rounded = try TensorMaker.bfloat16(rounding: expected.out)
                expectSameBits(actual.out, rounded, "out, \(backend)")
                expectSameBits(actual.mean, expected.mean, "mean, \(backend)")
                expectSameBits(actual.rstd, expected.rstd, "rstd, \(backend)")
            }
        }

        @Test(arguments: shapes)
        mutating func geluReadsAndWritesEitherType(N: Int, C: Int) throws {
            let inp = try TensorMaker.bfloat16(rounding: make.uniform([N, C], -6...6))
            let (wide, dout) = (try TensorMaker.widened(inp), try make.uniform([N, C]))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let expected = try TensorMaker.garbage([N, C])
                ops.geluForward(out: expected, inp: wide)
                let rounded = try TensorMaker.bfloat16(rounding: expected)
                let (out, narrow) = (
                    try TensorMaker.garbage([N, C]), try TensorMaker.bfloat16Garbage([N, C])
                )
                ops.geluForward(out: out, inp: inp)
                expectSameBits(out, expected, "from bfloat16, \(backend)")
                ops.geluForward(out: narrow, inp: wide)
                expectSameBits(narrow, rounded, "to bfloat16, \(backend)")
                narrow.copy(from: inp)
                ops.geluForward(out: narrow, inp: narrow)
                expectSameBits(narrow, rounded, "bfloat16 in place, \(backend)")

                let (dinp, expectedDinp) = (
                    try TensorMaker.garbage([N, C]), try TensorMaker.garbage([N, C])
                )
                ops.geluBackward(dinp: dinp, inp: inp, dout: dout)
                ops.geluBackward(dinp: expectedDinp, inp: wide, dout: dout)
                expectSameBits(dinp, expectedDinp, "backward, \(backend)")
            }
        }

        /// Halfway between two bfloat16 numbers, subnormal, too large, infinite and NaN.
        static let special: [Float] = [
            1 + 0x1p-8, 1 + 0x3p-8, -1 - 0x1p-8, 1 + 0x1.0002p-8, 0x1p-140, -0.0, .nan,
            .greatestFiniteMagnitude, -.infinity,
        ]

        private static let firstStep = AdamWStep(
            learningRate: 0.01,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weightDecay: 0,
            step: 1,
            gradientScale: 1
        )

        @Test(arguments: [1, 3, 4, 9, 15, 16, 17, 33, 50_001])
        mutating func adamWRoundsItsWorkingParametersOnce(count: Int) throws {
            let (initial, grads) = (try make.uniform([count]), try make.uniform([count]))
            for (i, x) in zip((0..<count).reversed(), Self.special) {
                initial.withUnsafeMutableElements(as: Float.self) { $0[i] = x }
                grads.withUnsafeMutableElements(as: Float.self) { $0[i] = 0 }
            }
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                func run(_ working: Tensor?) throws -> [Tensor] {
                    let params = try TensorMaker.copy(initial)
                    let (m, v) = (
                        try TensorMaker.filled([count], with: 0),
                        try TensorMaker.filled([count], with: 0)
                    )
                    ops.adamW(
                        params: params,
                        grads: grads,
                        m: m,
                        v: v,
                        working: working,
                        step: Self.firstStep
                    )
                    return [params, m, v]
                }
                let working = try TensorMaker.bfloat16Garbage([count])
                let (beside, alone) = (try run(working), try run(nil))
                for (a, b) in zip(beside, alone) { expectSameBits(a, b, "\(backend)") }
                let rounded = try TensorMaker.bfloat16(rounding: alone[0])
                expectSameBits(working, rounded, "working, \(backend)")
                // Rounded like the weights that training begins with.
                let stored = try TensorMaker.bfloat16Garbage([1, count])
                ops.store(alone[0].reshaped([1, count]), in: stored)
                expectSameBits(stored.reshaped([count]), rounded, "stored, \(backend)")
            }
        }

        @Test func workingParametersOfAnotherTypeStopTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let (params, working) = (try ops.tensor([3]), try ops.tensor([3]))
                ops.adamW(
                    params: params,
                    grads: params,
                    m: params,
                    v: params,
                    working: working,
                    step: BFloat16Tests.firstStep
                )
            }
        }

        @Test func activationsOfIntegersStopTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                let inp = try Tensor(zeros: [3], elementType: .int32)
                ops.geluForward(out: try Tensor(zeros: [3]), inp: inp)
            }
        }
    }
}
