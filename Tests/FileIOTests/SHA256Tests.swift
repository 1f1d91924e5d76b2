import FileIO
import TestSupport
import Testing

@Suite struct SHA256Tests {
    /// The examples of FIPS 180 and its supplement, and lengths around the end of a block.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ])
    func publishedExamplesAreReproduced(text: String, expected: String) {
        var checksum = SHA256()
        Array(text.utf8).withUnsafeBytes { checksum.update($0) }
        #expect(checksum.hexadecimal() == expected)
    }

    @Test func chunkSizesDoNotMatter() {
        let bytes = (0..<300).map { UInt8($0 & 0xFF) }
        for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 300] {
            let message = bytes.prefix(length)
            var whole = SHA256()
            Array(message).withUnsafeBytes { whole.update($0) }
            var cut = SHA256()
            for start in stride(from: 0, to: length, by: 7) {
                Array(message[start..<min(length, start + 7)]).withUnsafeBytes { cut.update($0) }
            }
            #expect(cut.hexadecimal() == whole.hexadecimal(), "\(length) bytes")
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func aRealFileHasItsKnownChecksum() throws {
        let path = try TestData.path("tinyshakespeare/input.txt")
        try #expect(SHA256.hexadecimal(of: path).hasPrefix("86c4e6aa9db7"))
    }
}
