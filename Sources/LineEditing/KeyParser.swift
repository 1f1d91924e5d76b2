// What somebody at a keyboard does, out of the bytes that a terminal makes of it. A key may be
// several bytes, which may arrive one by one: here they wait for each other. Reading them is the
// caller's.

/// A key, or a pasted text.
package enum Key: Equatable, Sendable {
    /// A character that stands for itself.
    case text(Character)
    /// A pasted text; its line ends are line feeds.
    case paste(String)
    /// A letter with Ctrl, in lower case.
    case control(Character)
    /// A character with Alt, or after Escape.
    case alt(Character)
    /// Sends the line.
    case enter
    /// Enter with Shift or Alt: a line end within the text.
    case lineEnd
    case tab
    case backspace
    case delete
    case left
    case right
    case up
    case down
    case home
    case end
    case wordLeft
    case wordRight
    case deleteWord
}

/// Turns the bytes that a terminal sends into keys.
///
/// Sequences for unknown keys are dropped as a whole, and bytes that are not UTF-8 become U+FFFD.
package struct KeyParser {
    private enum State {
        case start
        /// The first bytes of a character, and how many are missing.
        case character([UInt8], missing: Int)
        /// After the Escape that begins most keys.
        case escape
        /// After `ESC [`.
        case sequence([UInt8])
        /// After `ESC O`.
        case applicationKey
        /// Within an answer of the terminal, which ends at BEL or `ESC \`.
        case answer(hasEscape: Bool)
        /// After `ESC [ [`: a function key of Linux's console.
        case consoleKey
        /// Between the marks that terminals put around what is pasted.
        case paste
    }

    private var state = State.start
    private var pasted: [UInt8] = []

    /// Longer sequences are not keys.
    private static let longestSequence = 32
    /// More than any model reads; the rest of a longer paste is dropped.
    private static let largestPaste = 1 << 21
    private static let pasteEnd = Array("\u{1b}[201~".utf8)

    package init() {}

    /// How long the rest of a key may take to arrive, in milliseconds; nil outside a key.
    ///
    /// Escape by itself is a key, but also the first byte of others. A paste may come in bursts.
    package var patience: Int? {
        switch state {
        case .start: nil
        case .paste: 5000
        default: 100
        }
    }

    /// Takes bytes as they arrive.
    /// - Returns: The keys that are complete.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [Key] {
        var keys: [Key] = []
        for byte in bytes { take(byte, &keys) }
        return keys
    }

    /// Gives up waiting for the rest of a key.
    /// - Returns: The pasted text, if the terminal never marked its end.
    package mutating func giveUp() -> [Key] {
        if case .paste = state { return [takePaste()] }
        state = .start
        return []
    }

    private mutating func take(_ byte: UInt8, _ keys: inout [Key]) {
        switch state {
        case .start: start(byte, &keys)
        case .character(let bytes, let missing):
            guard byte & 0xc0 == 0x80 else {
                keys.append(.text("\u{fffd}"))
                state = .start
                return start(byte, &keys)
            }
            state = .character(bytes + [byte], missing: missing - 1)
            guard missing == 1 else { return }
            keys += String(decoding: bytes + [byte], as: UTF8.self).map { .text($0) }
            state = .start
        case .escape: escape(byte, &keys)
        case .sequence(let bytes): sequence(bytes, byte, &keys)
        case .applicationKey:
            state = .start
            keys += Self.namedKey(byte).map { [$0] } ?? (byte == UInt8(ascii: "M") ? [.enter] : [])
        case .answer(let hasEscape):
            let isOver = byte == 0x07 || hasEscape && byte == UInt8(ascii: "\\")
            state = isOver ? .start : .answer(hasEscape: byte == 0x1b)
        case .consoleKey: state = .start
        case .paste: paste(byte, &keys)
        }
    }

    private mutating func paste(_ byte: UInt8, _ keys: inout [Key]) {
        pasted.append(byte)
        if byte == Self.pasteEnd.last, pasted.suffix(Self.pasteEnd.count) == Self.pasteEnd[...] {
            pasted.removeLast(Self.pasteEnd.count)
            keys.append(takePaste())
        } else if pasted.count >= Self.largestPaste + Self.pasteEnd.count {
            // The possible start of the end mark is kept.
            pasted.remove(at: Self.largestPaste)
        }
    }

    private mutating func takePaste() -> Key {
        defer { (state, pasted) = (.start, []) }
        return .paste(Self.text(pasted))
    }

    private mutating func start(_ byte: UInt8, _ keys: inout [Key]) {
        switch byte {
        case 0x1b: state = .escape
        // Programs that type into a terminal end lines with a line feed.
        case 0x0a, 0x0d: keys.append(.enter)
        case 0x09: keys.append(.tab)
        case 0x08, 0x7f: keys.append(.backspace)
        case 0x01...0x1a: keys.append(.control(Self.letter(byte)))
        case 0x00..<0x20: break
        case 0x20..<0x7f: keys.append(.text(Character(Unicode.Scalar(byte))))
        case 0xc2...0xdf: state = .character([byte], missing: 1)
        case 0xe0...0xef: state = .character([byte], missing: 2)
        case 0xf0...0xf4: state = .character([byte], missing: 3)
        default: keys.append(.text("\u{fffd}"))
        }
    }

    private mutating func escape(_ byte: UInt8, _ keys: inout [Key]) {
        state = .start
        switch byte {
        case UInt8(ascii: "["): state = .sequence([])
        case UInt8(ascii: "O"): state = .applicationKey
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"),
            UInt8(ascii: "_"):
            state = .answer(hasEscape: false)
        // Alt before a key that begins with Escape itself.
        case 0x1b: state = .escape
        case 0x0a, 0x0d: keys.append(.lineEnd)
        case 0x08, 0x7f: keys.append(.alt("\u{7f}"))
        case 0x20..<0x7f: keys.append(.alt(Character(Unicode.Scalar(byte))))
        default: break
        }
    }

    /// A byte after `ESC [` and others.
    private mutating func sequence(_ bytes: [UInt8], _ byte: UInt8, _ keys: inout [Key]) {
        state = .start
        switch byte {
        case UInt8(ascii: "[") where bytes.isEmpty: state = .consoleKey
        case 0x20..<0x40 where bytes.count < Self.longestSequence: state = .sequence(bytes + [byte])
        case 0x40..<0x7f:
            let parameters = String(decoding: bytes, as: UTF8.self)
            if byte == UInt8(ascii: "~"), parameters == "200" {
                state = .paste
            } else if let key = Self.key(parameters, byte) {
                keys.append(key)
            }
        // It broke off, and something else begins.
        default: start(byte, &keys)
        }
    }

    /// The key sent as `ESC [`, some numbers and a final byte.
    private static func key(_ parameters: String, _ last: UInt8) -> Key? {
        let numbers = parameters.split(separator: ";", omittingEmptySubsequences: false)
            .map { Int($0) ?? 1 }
        // 1, and 1 for Shift, 2 for Alt, 4 for Ctrl.
        let modifiers = max(0, (numbers.count > 1 ? numbers[1] : 1) - 1)
        let byWords = modifiers & 0b110 != 0
        switch (last, numbers.first ?? 1) {
        case (UInt8(ascii: "C"), _) where byWords: return .wordRight
        case (UInt8(ascii: "D"), _) where byWords: return .wordLeft
        case (UInt8(ascii: "~"), 1), (UInt8(ascii: "~"), 7): return .home
        case (UInt8(ascii: "~"), 4), (UInt8(ascii: "~"), 8): return .end
        case (UInt8(ascii: "~"), 3): return byWords ? .deleteWord : .delete
        // Enter with a modifier, from terminals that distinguish it.
        case (UInt8(ascii: "u"), 13): return modifiers == 0 ? .enter : .lineEnd
        case (UInt8(ascii: "~"), 27) where numbers.last == 13: return .lineEnd
        default: return namedKey(last)
        }
    }

    private static func namedKey(_ last: UInt8) -> Key? {
        switch last {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): .right
        case UInt8(ascii: "D"): .left
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "H"): .home
        default: nil
        }
    }

    private static func letter(_ control: UInt8) -> Character {
        Character(Unicode.Scalar(control + 0x60))
    }

    /// A pasted text; terminals send every line end in it as Enter.
    private static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0a, index > 0, bytes[index - 1] == 0x0d { continue }
            text.append(byte == 0x0d ? 0x0a : byte)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
