// Texts and questions as a model with Llama's tokenizer reads them.

import FileIO
import TestSupport
import Testing
import TokenData
import Tokenization

/// Writes llama2.c's file of the markers, the bytes and some words, the first with the best score.
private func tokenizer(in directory: FilePath) throws -> SentencePieceTokenizer {
    let words = [" cat", " sat", "at", " c", " a", " s", " ", "a", "c", "s", "t"]
    let bytes = (0..<256).map { byte in
        let digits = String(byte, radix: 16).uppercased()
        return "<0x\(byte < 16 ? "0" : "")\(digits)>"
    }
    let names = ["<unk>", "\n<s>\n", "\n</s>\n"] + bytes + words
    let file = try AtomicFile(directory.appending("tokenizer.bin"))
    try file.write(integers: [UInt32(names.map(\.utf8.count).max() ?? 0)])
    for (index, name) in names.enumerated() {
        let score: Float = index < 259 ? 0 : -Float(index)
        try file.write(integers: [score.bitPattern, UInt32(name.utf8.count)])
        try file.write(Array(name.utf8))
    }
    try file.commit()
    return try SentencePieceTokenizer(contentsOf: file.path)
}

private func write(_ text: String, in directory: FilePath) throws -> FilePath {
    let file = try AtomicFile(directory.appending("text"))
    try file.write(Array(text.utf8))
    try file.commit()
    return file.path
}

@Suite struct LlamaTextTests {
    @Test func theStartTokenPrecedesAText() throws {
        try withTemporaryDirectory { directory in
            let text = try EncodedText(
                contentsOf: write("cat sat\n", in: directory),
                tokenizer: tokenizer(in: directory)
            )
            // <s>, " cat", " sat" and the byte of the line's end.
            #expect(text.tokens == [1, 259, 260, 13])
            #expect(text.byteCount == 8)
        }
    }

    @Test func contextsArePromptsAndEndingsContinueAfterASpace() throws {
        try withTemporaryDirectory { directory in
            let row = #"{"ctx":"cat","endings":["sat","a cat"],"label":1}"#
            let examples = try MultipleChoiceExample.examples(
                jsonLines: write(row, in: directory),
                tokenizer: tokenizer(in: directory)
            )
            #expect(examples.map(\.context) == [[1, 259]])
            // "cat sat" and "cat a cat" continue like this: one space, not two.
            #expect(examples[0].endings == [[260], [263, 259]])
        }
    }
}
