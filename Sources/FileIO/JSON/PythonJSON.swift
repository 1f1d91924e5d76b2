// Adapts JSON as Python's json module writes it for Foundation's decoder, which is stricter.

/// Replaces Python's extensions of JSON by standard JSON.
package enum PythonJSON {
    private static let replacement = Array("\\ufffd".utf8)
    // Longer words first, since one contains the other.
    private static let words = ["-Infinity", "Infinity", "NaN"].map { Array($0.utf8) }

    /// The same JSON without a byte order mark, with unpaired surrogates as U+FFFD, and with NaN
    /// and the infinities as strings: these do no harm where nobody reads them, and have the wrong
    /// type where somebody does.
    /// - Parameter bytes: JSON, or anything: errors are left for the decoder to find.
    /// - Returns: Text for Foundation's decoder.
    package static func standard(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            var rest = Rewriting(bytes)
            rest.replace(ByteOrderMark.count(atStartOf: bytes), by: [])
            while rest.offset < bytes.count { rest.step() }
            return rest.finish()
        }
    }

    /// A copy that mostly consists of long unchanged stretches.
    private struct Rewriting {
        private let source: UnsafeBufferPointer<UInt8>
        private var result: [UInt8] = []
        private(set) var offset = 0
        private var copied = 0
        private var isInText = false

        init(_ source: UnsafeBufferPointer<UInt8>) {
            self.source = source
            result.reserveCapacity(source.count)
        }

        /// Advances past the next byte, escape or word.
        mutating func step() {
            switch source[offset] {
            case UInt8(ascii: "\""):
                isInText.toggle()
                offset += 1
            case UInt8(ascii: "\\") where isInText:
                takeEscape()
            case UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "-"):
                let rest = source[offset...]
                let word = isInText ? nil : PythonJSON.words.first { rest.starts(with: $0) }
                guard let word else { fallthrough }
                replace(word.count, by: [UInt8(ascii: "\"")] + word + [UInt8(ascii: "\"")])
            default:
                offset += 1
            }
        }

        private mutating func takeEscape() {
            let start = offset
            offset += 1
            // An invalid escape is left for the decoder to find.
            guard let scalar = try? JSONEscape.scalar(in: source, at: &offset) else { return }
            guard scalar == "\u{FFFD}" else { return }
            let count = offset - start
            offset = start
            replace(count, by: PythonJSON.replacement)
        }

        /// Replaces the next `count` bytes.
        mutating func replace(_ count: Int, by bytes: [UInt8]) {
            result += source[copied..<offset]
            result += bytes
            offset += count
            copied = offset
        }

        mutating func finish() -> [UInt8] {
            result += source[copied...]
            return result
        }
    }
}
