// Places where text may be cut so that the parts, scanned apart, give the pieces of the whole.
// TextCutter.swift looks for them.

extension SplittingRule {
    /// Whether the pieces of the bytes before `index` and those from it on are the pieces of all
    /// bytes.
    ///
    /// True at some such places only, but never wrongly, whatever follows the bytes. Whitespace
    /// must not end the first part, since it looks ahead.
    func isBoundary(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        guard index > 0, index < bytes.count, bytes[index] & 0xC0 != 0x80,
            case .scalar(let after, _) = Self.sequence(bytes, in: index..<bytes.count)
        else { return false }
        // The character before starts at the nearest byte that is no continuation. Scanning
        // forward starts a character there too, whatever stands before it.
        var start = index - 1
        while start > 0, start > index - 4, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        guard case .scalar(let before, let length) = Self.sequence(bytes, in: start..<index),
            length == index - start
        else { return false }
        return isBoundary(before: before, after: after)
    }

    private func isBoundary(before: UInt32, after: UInt32) -> Bool {
        let (classBefore, classAfter) = (CharacterClass(of: before), CharacterClass(of: after))
        switch self {
        case .gpt2, .singleDigits:
            // No piece reaches from one class into another except a space before a run and an
            // apostrophe before letters.
            return switch classBefore {
            case .whitespace: false
            case .letter, .number: classAfter != classBefore
            case .other: classAfter != .other && before != UInt32(Ascii.apostrophe)
            }
        case .llama3, .qwen2:
            // Besides, a sign goes with the letters behind it, or with line ends.
            return switch classBefore {
            case .whitespace: false
            case .letter, .number: classAfter != classBefore
            case .other:
                classAfter == .number || classAfter == .whitespace && ![0x0A, 0x0D].contains(after)
            }
        case .spaces: return after == UInt32(Ascii.space)
        case .none: return false
        }
    }

    private static func sequence(
        _ bytes: UnsafeBufferPointer<UInt8>,
        in range: Range<Int>
    ) -> UTF8Sequence {
        UTF8Sequence(startOf: UnsafeBufferPointer(rebasing: bytes[range]))
    }
}
