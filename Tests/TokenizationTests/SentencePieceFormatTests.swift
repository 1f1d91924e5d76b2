import Testing

@testable import Tokenization

@Suite struct SentencePieceFormatTests {
    private typealias Small = SmallSentencePieces

    private func format(_ bytes: [UInt8]) -> SentencePieceFormat? {
        bytes.withUnsafeBytes { SentencePieceFormat($0) }
    }

    @Test func filesAreKnownByTheirPieces() {
        #expect(format(Small.modelFile()) == .model)
        #expect(format(Small.llama2CFile()) == .llama2C)
    }

    /// Whatever trainers put first: another marker, or a plain piece.
    @Test(arguments: ["<pad>", "x", "\u{2581}the", String(repeating: "long ", count: 80)])
    func anyPieceMayComeFirst(name: String) {
        let piece = Small.Piece(name: Array(name.utf8), score: 0, kind: .control)
        let pieces = [piece] + Small.pieces(["a", "b"])
        #expect(format(Small.modelFile(pieces)) == .model)
        #expect(format(Small.llama2CFile(pieces)) == .llama2C)
    }

    @Test func damageAfterTheFirstPiecesDoesNotHideTheFormat() {
        #expect(format(Array(Small.modelFile()[..<200])) == .model)
        #expect(format(Array(Small.llama2CFile()[..<200])) == .llama2C)
        #expect(format(Small.modelFile() + [0xFF]) == .model)
    }

    @Test(arguments: [
        "", "\n", "\n\n\n\n\n\n\n\n\n\n\n\n\n", "\n<unk> is what unknown words become\n",
        "\n\u{E}\n\u{5}<unk> and no more", "Once upon a time", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "\u{5}\0\0\0abcdefgh", "{\"\":1}",
    ])
    func otherFilesAreNotTakenForPieces(text: String) {
        #expect(format(Array(text.utf8)) == nil)
    }

    @Test func sizesOfAModelAreNotTakenForPieces() {
        // What llama2.c's checkpoints begin with.
        for channels: Int32 in [10, 64, 288, 2570] {
            let sizes: [Int32] = [channels, 768, 6, 6, 6, 32_000, 256]
            let bytes = sizes.flatMap { size in
                withUnsafeBytes(of: size.littleEndian) { Array($0) }
            }
            #expect(format(bytes + [UInt8](repeating: 0, count: 5000)) == nil)
        }
    }
}
