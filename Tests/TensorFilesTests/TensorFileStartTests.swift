import FileIO
import TestSupport
import Testing

@testable import TensorFiles

@Suite struct TensorFileStartTests {
    /// What a file with these bytes is taken for.
    private func start(_ bytes: [UInt8]) throws -> TensorFileStart? {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            try SmallTensorFiles.write(bytes, to: path)
            return TensorFileStart(try MappedFile(path))
        }
    }

    /// A safetensors file with a header of this many bytes, without tensors.
    private func safetensors(headerByteCount: Int) -> [UInt8] {
        let padding = String(repeating: " ", count: headerByteCount - 2)
        return SmallTensorFiles.safetensors("{}" + padding, data: [])
    }

    @Test(
        arguments: [
            ("{\"a\":1}", .json), (" \r\n\t{ \"model_type\":\"llama\"}", .json), ("{", .json),
            ("\u{FEFF}{}", .json), ("PK\u{3}\u{4}", .zip),
            ("", nil), ("[1]", nil), ("a{", nil), ("12345678", nil), ("12345678{", nil),
            ("12345678{}", nil), ("{name} of {place}", nil),
            // Lengths that begin like JSON, of truncated headers.
            ("{\u{1}\0\0\0\0\0\0{", .partOfSafetensors),
            ("\n{\0\0\0\0\0\0{", .partOfSafetensors),
        ] as [(String, TensorFileStart?)]
    )
    func filesAreToldApartByHowTheyBegin(start text: String, kind: TensorFileStart?) throws {
        #expect(try start(Array(text.utf8)) == kind)
    }

    /// Lengths whose first bytes are those of a pickle, an old PyTorch file, JSON, a piece of a
    /// tokenizer, and none of these.
    @Test(arguments: [640, 640 + 1 << 16, 0x7B, 0x227B, 0x0A, 0x0A0A, 2, 1000])
    func aHeaderThatFitsOutweighsTheBytesOfItsLength(byteCount: Int) throws {
        let bytes = safetensors(headerByteCount: byteCount)
        #expect(try start(bytes) == .safetensors)
        #expect(try start(bytes + [1, 2, 3]) == .safetensors)
        #expect(try start(bytes.dropLast()) == .partOfSafetensors)
    }

    @Test func anUnclosedHeaderIsDamaged() throws {
        let open = SmallTensorFiles.safetensors("{\"a\":[]", data: [0, 0])
        #expect(try start(open) == .partOfSafetensors)
    }

    @Test func oldPyTorchFilesAreRecognizedByMoreThanAPickle() throws {
        let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8]
        #expect(try start(magic + [0x50, 0x19, 0x2E]) == .oldPyTorch)
        #expect(try start([0x80, 2, 0x7D, 0x71, 0, 0x2E]) == nil)
        // A llama2.c checkpoint of 640 channels and 123 layers, which has no magic number.
        let sizes: [Int32] = [640, 1728, 123, 8, 8, 32_000, 256]
        #expect(try start(sizes.flatMap { SmallTensorFiles.littleEndian($0) }) == nil)
    }
}
