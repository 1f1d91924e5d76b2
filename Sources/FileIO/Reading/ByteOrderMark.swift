// The three bytes that some programs put before text in UTF-8, most of them on Windows.

/// U+FEFF at the start of a file, where it is no part of the text.
package enum ByteOrderMark {
    private static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// How many bytes of the mark a text begins with: all of them or none.
    package static func count(atStartOf text: some Sequence<UInt8>) -> Int {
        text.starts(with: bytes) ? bytes.count : 0
    }
}
