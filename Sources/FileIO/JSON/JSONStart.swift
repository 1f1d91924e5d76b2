// Whether bytes begin a JSON document. A bracket alone does not decide it: prose may begin with one
// too.

/// The kinds of JSON document that files hold.
package enum JSONStart {
    /// Names with values.
    case object
    /// Values in order.
    case array

    private static let words = ["true", "false", "null", "NaN", "Infinity"].map { Array($0.utf8) }
    /// What may follow the bracket of an array, besides words.
    private static let valueStarts = Set("]{[\"-0123456789".utf8)

    /// Looks at the first bytes of a file, which may begin with a byte order mark; nil if they do
    /// not begin JSON.
    package init?(_ bytes: some Collection<UInt8>) {
        var rest = Self.withoutBlanks(bytes.dropFirst(ByteOrderMark.count(atStartOf: bytes)))
        let bracket = rest.popFirst()
        rest = Self.withoutBlanks(rest)
        // A lone bracket is the start of a truncated file.
        let next = rest.first
        if bracket == UInt8(ascii: "{"),
            next == nil || next == UInt8(ascii: "\"") || next == UInt8(ascii: "}")
        {
            self = .object
        } else if bracket == UInt8(ascii: "["),
            next.map(Self.valueStarts.contains) ?? true
                || Self.words.contains(where: { rest.starts(with: $0) })
        {
            self = .array
        } else {
            return nil
        }
    }

    private static func withoutBlanks<Bytes: Collection<UInt8>>(
        _ bytes: Bytes
    ) -> Bytes.SubSequence {
        bytes.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    }
}
