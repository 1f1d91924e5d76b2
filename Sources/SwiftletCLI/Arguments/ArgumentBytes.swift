// How the bytes of an argument pass through the parser, which knows only strings: bytes that are
// not UTF-8 would become U+FFFD there, and an error would show control characters raw. So such
// bytes are carried as private-use characters, and become bytes again where a value arrives: as a
// path or as a text. CommandLineArguments knows what the arguments mean.

import ArgumentParser
import Swiftlet

/// Converts bytes to the parser's strings and back; every array of bytes has its own string.
enum ArgumentBytes {
    /// A byte that does not stand for itself is the private character at this value plus its own.
    private static let firstCarrier: UInt32 = 0x10FE00
    /// Stands for nothing, before a text that the parser would misread.
    private static let mark: Unicode.Scalar = "\u{10FF00}"
    private static let carriers = firstCarrier...mark.value

    /// The string for some bytes.
    /// - Parameters:
    ///   - bytes: Any bytes.
    ///   - carryingControls: Whether to carry control characters too, although they are UTF-8.
    /// - Returns: A string that is unique to these bytes.
    static func text(_ bytes: some Sequence<UInt8>, carryingControls: Bool = true) -> String {
        var text = String.UnicodeScalarView()
        func carry(_ bytes: ArraySlice<UInt8>) {
            for byte in bytes {
                text.append(Unicode.Scalar(firstCarrier + UInt32(byte)).unsafelyUnwrapped)
            }
        }
        bytes.forEachCharacter { scalar, bytes in
            if carriers.contains(scalar.value) || carryingControls && isControl(scalar) {
                carry(bytes)
            } else {
                text.append(scalar)
            }
        } damaged: { bytes in
            carry(bytes)
        }
        return String(text)
    }

    /// The same for a value that follows "=".
    static func value(_ bytes: some Sequence<UInt8>) -> String {
        let text = text(bytes)
        // The parser looks for whole characters, and "=" followed by a combining mark is one; and
        // in place of an empty value it takes the next argument.
        return text.isEmpty || "=\(text)".first != "=" ? "\(mark)\(text)" : text
    }

    /// The same for an argument that is not an option, although it begins with a dash.
    static func positional(_ bytes: some Sequence<UInt8>) -> String { "\(mark)\(text(bytes))" }

    /// The bytes that a string of this type stands for.
    static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars where scalar != mark {
            if carriers.contains(scalar.value) {
                bytes.append(UInt8(scalar.value - firstCarrier))
            } else {
                bytes += UTF8.encode(scalar).unsafelyUnwrapped
            }
        }
        return bytes
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control
    }
}

/// Text on the command line, with all its bytes.
struct ArgumentText: ExpressibleByArgument, ExpressibleByStringLiteral, Equatable {
    let bytes: [UInt8]

    init(argument: String) {
        bytes = ArgumentBytes.bytes(argument)
    }

    init(stringLiteral text: String) {
        bytes = Array(text.utf8)
    }

    /// The text as characters; bytes that are not UTF-8 become U+FFFD.
    var string: String { String(decoding: bytes, as: UTF8.self) }

    /// The text as a path.
    var path: FilePath { FilePath(bytes: bytes) }

    var defaultValueDescription: String { string }
}

extension FilePath: @retroactive ExpressibleByArgument {
    public init(argument: String) {
        self.init(bytes: ArgumentBytes.bytes(argument))
    }

    public var defaultValueDescription: String { string }

    public static var defaultCompletionKind: CompletionKind { .file() }
}
