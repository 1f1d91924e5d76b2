// Strings in JSON: writing them by hand, where an encoder would need a tree of a hundred thousand
// members, and decoding escapes, for the readers that do without a general parser.

/// Strings as JSON spells them.
package enum JSONText {
    /// Appends a string in quotes.
    /// - Parameters:
    ///   - text: The string, in UTF-8.
    ///   - output: Where it is appended.
    package static func append(_ text: some Sequence<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x00..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                output += "\\u00\(byte < 16 ? "0" : "")\(digits)".utf8
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// A string in quotes.
    package static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(text.utf8, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Escapes such as `\n` and `\u0041`.
package enum JSONEscape {
    /// Why bytes are not an escape.
    package struct Malformed: Error {
        /// What was expected at the offset that was reached.
        package let expected: String
    }

    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// The character that an escape stands for.
    ///
    /// An unpaired surrogate, which Python writes where a text was cut in the middle of a
    /// character, becomes U+FFFD, as in tiktoken.
    /// - Parameters:
    ///   - source: The text.
    ///   - offset: The byte after the backslash; moved past the escape, or to the error in it.
    /// - Returns: The character.
    /// - Throws: ``Malformed``.
    package static func scalar(
        in source: UnsafeBufferPointer<UInt8>,
        at offset: inout Int
    ) throws(Malformed) -> Unicode.Scalar {
        let simple: Unicode.Scalar? =
            switch offset < source.count ? Unicode.Scalar(source[offset]) : nil {
            case "\""?: "\""
            case "\\"?: "\\"
            case "/"?: "/"
            case "b"?: "\u{8}"
            case "t"?: "\t"
            case "n"?: "\n"
            case "f"?: "\u{C}"
            case "r"?: "\r"
            default: nil
            }
        if let simple {
            offset += 1
            return simple
        }
        let unit = try codeUnit(in: source, at: &offset)
        guard 0xD800...0xDBFF ~= unit else { return Unicode.Scalar(unit) ?? replacement }
        var end = offset + 1
        guard offset < source.count, source[offset] == UInt8(ascii: "\\"),
            let low = try? codeUnit(in: source, at: &end), 0xDC00...0xDFFF ~= low
        else { return replacement }
        offset = end
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? replacement
    }

    /// The value of `uXXXX`.
    private static func codeUnit(
        in source: UnsafeBufferPointer<UInt8>,
        at offset: inout Int
    ) throws(Malformed) -> UInt32 {
        guard offset < source.count, source[offset] == UInt8(ascii: "u") else {
            throw Malformed(expected: "an escape such as \\n or \\u0041")
        }
        offset += 1
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard offset < source.count, let digit = hexDigit(source[offset]) else {
                throw Malformed(expected: "four hexadecimal digits")
            }
            value = value << 4 | digit
            offset += 1
        }
        return value
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt32(byte - UInt8(ascii: "0"))
        // Bit 5 is the difference between "A" and "a".
        case UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "a")...UInt8(ascii: "f"):
            return UInt32((byte | 0x20) - UInt8(ascii: "a")) + 10
        default: return nil
        }
    }
}
