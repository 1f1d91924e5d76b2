// Names and other outside text, made safe to show. A file name may be any bytes, and a terminal
// obeys control characters in it: a name can move the cursor, change colors, rename the window or
// reverse the direction of writing. Here such characters become visible escapes. Letters of every
// script stay as they are.

import SystemPackage

/// Text of a file or of an argument, made safe to show in an error or on a terminal.
package enum DisplayText {
    /// `text` with control characters and those that change the direction of writing written as `
    /// `, `\t` or `\u{1b}`.
    /// - Parameters:
    ///   - text: What is to be shown.
    ///   - keepingLineEnds: Whether line feeds are kept.
    /// - Returns: Text that a terminal draws and does not obey.
    package static func escaping(_ text: String, keepingLineEnds: Bool = false) -> String {
        // Nearly all text is plain, and tables of many thousand cells come through here.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            append(scalar, to: &result, keepingLineEnds: keepingLineEnds)
        }
        return result
    }

    /// The text that `bytes` encode in UTF-8, escaped the same way; invalid bytes become `\xff`.
    package static func escaping(bytes: some Sequence<UInt8>) -> String {
        var result = ""
        bytes.forEachCharacter { scalar, _ in
            append(scalar, to: &result, keepingLineEnds: false)
        } damaged: { bytes in
            for byte in bytes { result += "\\x" + hexadecimal(byte, digits: 2) }
        }
        return result
    }

    /// `path` as it is shown: all of its bytes, but only harmless characters.
    package static func escaping(_ path: FilePath) -> String {
        escaping(bytes: path.bytes)
    }

    /// One name of a path as it is shown.
    package static func escaping(_ name: FilePath.Component) -> String {
        escaping(bytes: name.bytes)
    }

    private static func append(
        _ scalar: Unicode.Scalar,
        to result: inout String,
        keepingLineEnds: Bool
    ) {
        switch scalar {
        case "\n" where keepingLineEnds: result.unicodeScalars.append(scalar)
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where isObeyed(scalar): result += "\\u{" + hexadecimal(scalar.value) + "}"
        default: result.unicodeScalars.append(scalar)
        }
    }

    /// Whether a terminal might obey the character instead of drawing it; all of these are in the
    /// basic plane.
    package static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // C0, DELETE and C1.
        case 0..<0x20, 0x7F..<0xA0: true
        // Marks, embeddings, overrides and isolates of direction; line and paragraph separators.
        case 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func hexadecimal(_ value: some BinaryInteger, digits: Int = 1) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

// A path in a sentence is always shown like this. Nothing may build a path or a file's contents out
// of such a sentence.
extension DefaultStringInterpolation {
    /// Adds a path, escaped for display.
    package mutating func appendInterpolation(_ path: FilePath) {
        appendLiteral(DisplayText.escaping(path))
    }

    /// Adds one path component, escaped for display.
    package mutating func appendInterpolation(_ name: FilePath.Component) {
        appendLiteral(DisplayText.escaping(name))
    }
}
