// What happens to the characters of a text before its tokens are looked for.

import Foundation

extension TokenizerDescription.Normalization {
    /// What some bytes become; nil when they stay what they are.
    ///
    /// What is not UTF-8 stays.
    func changed(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard self == .nfc, bytes.contains(where: { $0 >= 0x80 }) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var start = 0
        func appendText(upTo end: Int) {
            let text = String(decoding: bytes[start..<end], as: UTF8.self)
            result.append(contentsOf: text.precomposedStringWithCanonicalMapping.utf8)
        }
        var end = 0
        while end < bytes.count {
            let rest = UnsafeBufferPointer(rebasing: bytes[end...])
            if case .scalar(_, let length) = UTF8Sequence(startOf: rest) {
                end += length
                continue
            }
            appendText(upTo: end)
            result.append(bytes[end])
            end += 1
            start = end
        }
        appendText(upTo: end)
        return result
    }

    /// What some bytes become.
    func of(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { changed($0) } ?? bytes
    }
}
