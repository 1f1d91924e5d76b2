// Embeddings of tokens and positions: every backend gives the reference's bits, because there is a
// single addition in the forward pass and the same sums in the same order in the backward pass.

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct EncoderTests {
        /// B, T, C around vectors of 4, 8 and 16; the last is large enough for a team of three.
        static let shapes = [
            [1, 1, 1], [2, 3, 3], [1, 2, 7], [3, 2, 8], [2, 2, 9], [1, 5, 15], [2, 4, 16],
            [1, 3, 17], [4, 65, 193],
        ]

        var make = TensorMaker()

        /// How many positions these tests use.
        private static let maxT = 70

        private func expectTheReferencesBits(
            _ shape: [Int],
            positions: Tensor?,
            hasPositionEmbeddings: Bool
        ) throws {
            var make = TensorMaker()
            let (B, T, C, V) = (shape[0], shape[1], shape[2], 11)
            let tokens = try make.tokens([B, T], below: V)
            let (wte, wpe) = (try make.uniform([V, C]), try make.uniform([Self.maxT, C]))
            let dout = try make.uniform([B, T, C])
            func run(_ ops: Ops) throws -> [Tensor] {
                let out = try TensorMaker.garbage([B, T, C])
                let (dwte, dwpe) = (try TensorMaker.copy(wte), try TensorMaker.copy(wpe))
                ops.encoderForward(
                    out: out,
                    tokens: tokens,
                    positions: positions,
                    wte: wte,
                    wpe: hasPositionEmbeddings ? wpe : nil
                )
                ops.encoderBackward(
                    dwte: dwte,
                    dwpe: hasPositionEmbeddings ? dwpe : nil,
                    dout: dout,
                    tokens: tokens,
                    positions: positions
                )
                return [out, dwte, dwpe]
            }
            let expected = try run(Backend.reference.ops())
            for backend in Backend.all {
                let actual = try run(backend.ops())
                for (a, e) in zip(actual, expected) { expectSameBits(a, e, "\(backend)") }
            }
        }

        @Test(arguments: shapes)
        func positionsThatCountUpGiveTheBitsOfTheReference(shape: [Int]) throws {
            try expectTheReferencesBits(shape, positions: nil, hasPositionEmbeddings: true)
        }

        @Test(arguments: shapes)
        mutating func givenPositionsGiveTheBitsOfTheReference(shape: [Int]) throws {
            let positions = try make.tokens([shape[0], shape[1]], below: Self.maxT)
            try expectTheReferencesBits(shape, positions: positions, hasPositionEmbeddings: true)
        }

        @Test(arguments: shapes)
        func tokensAloneGiveTheBitsOfTheReference(shape: [Int]) throws {
            try expectTheReferencesBits(shape, positions: nil, hasPositionEmbeddings: false)
        }

        @Test(arguments: shapes)
        mutating func givenPositionsThatCountUpChangeNothing(shape: [Int]) throws {
            let (B, T, C) = (shape[0], shape[1], shape[2])
            let tokens = try make.tokens([B, T], below: 5)
            let counting = (0..<B).flatMap { _ in (0..<Int32(T)).map { $0 } }
            let positions = try Tensor(counting, shape: [B, T])
            let (wte, wpe) = (try make.uniform([5, C]), try make.uniform([T, C]))
            for backend in Backend.all + [.reference] {
                let ops = try backend.ops()
                let (given, counted) = (
                    try TensorMaker.garbage([B, T, C]), try TensorMaker.garbage([B, T, C])
                )
                ops.encoderForward(
                    out: given,
                    tokens: tokens,
                    positions: positions,
                    wte: wte,
                    wpe: wpe
                )
                ops.encoderForward(out: counted, tokens: tokens, wte: wte, wpe: wpe)
                expectSameBits(given, counted, "\(backend)")
            }
        }

        @Test func aTextThatIsTooLongStopsTheProgram() async {
            await #expect(processExitsWith: .trap) {
                let ops = try Ops(instructionSet: .reference, threadCount: 1)
                ops.encoderForward(
                    out: try ops.tensor([1, 3, 4]),
                    tokens: try Tensor([0, 0, 0] as [Int32], shape: [1, 3]),
                    wte: try ops.tensor([1, 4]),
                    wpe: try ops.tensor([2, 4])
                )
            }
        }
    }
}
