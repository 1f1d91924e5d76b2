// What `convert` says of a SentencePiece tokenizer whose settings only its own file has a place
// for.

import FileIO
import Testing

@Suite(.serialized) struct ConvertTokenizerTests {
    /// SentencePiece's file of the markers and the bytes, which removes extra spaces: what its
    /// trainer sets unless told otherwise.
    private func writeModelFile(to path: FilePath) throws {
        func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
            [number << 3 | 2, UInt8(content.count)] + content
        }
        func piece(_ name: String, kind: UInt8) -> [UInt8] {
            field(1, field(1, Array(name.utf8)) + [3 << 3, kind])
        }
        let digits = Array("0123456789ABCDEF")
        let pieces =
            piece("<unk>", kind: 2) + piece("<s>", kind: 3) + piece("</s>", kind: 3)
            + (0..<256).flatMap { piece("<0x\(digits[$0 / 16])\(digits[$0 % 16])>", kind: 6) }
        // Byte pair encoding, with bytes for what has no piece (field 35).
        let trainer = field(2, [3 << 3, 2, 0x98, 0x02, 1])
        try writeBytes(pieces + trainer + field(3, [4 << 3, 1]), to: path)
    }

    @Test(arguments: ["safetensors", "gguf", "llama2c"])
    func whatTheFormatCannotHoldIsReportedBeforeAnythingIsWritten(format: String) throws {
        try withLlama { model, tokenizer in
            let directory = FilePath(model).directory
            try writeModelFile(to: FilePath(tokenizer).directory.appending("tokenizer.model"))
            let out = directory.appending("out")
            try FileSystem.createDirectory(out)
            let output = out.appending("model")
            let outcome = try swiftlet("convert", model, output.string, "--to", format)
            expectError(outcome, 73, "the tokenizer")
            // The requested path, not one that is made on the way there.
            #expect(outcome.errors.contains("'\(format == "llama2c" ? out : output)"))
            #expect(try FileSystem.names(in: out).isEmpty)
        }
    }
}
