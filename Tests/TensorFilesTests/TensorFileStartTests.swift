import Testing

@testable import TensorFiles

@Suite struct TensorFileStartTests {
    @Test(
        arguments: [
            ("{\"a\":1}", .json), (" \r\n\t{\"model_type\":\"llama\"}", .json),
            ("PK\u{3}\u{4}", .zip),
            ("", nil), ("[1]", nil), ("a{", nil), ("12345678", nil), ("12345678{", .safetensors),
            // Lengths that begin as JSON does.
            ("{\u{1}\0\0\0\0\0\0{", .safetensors), ("\n{\0\0\0\0\0\0{", .safetensors),
        ] as [(String, TensorFileStart?)]
    )
    func filesAreToldApartByHowTheyBegin(start: String, kind: TensorFileStart?) {
        #expect(TensorFileStart(Array(start.utf8)) == kind)
    }
}
