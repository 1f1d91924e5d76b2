// main.log read back: the losses of a run, quickly, since a long one has logged millions of lines.
// What else is in it, and lines that are none of ours, are passed over.

import FileIO

extension MainLog {
    /// A loss that was logged.
    public enum Entry: Sendable, Equatable {
        /// Of an optimiser step, counted from 1.
        case training(step: Int, loss: Float)
        /// On held-out data after `step` updates.
        case validation(step: Int, loss: Float)
    }

    /// Calls `body` with the losses of a log in their order; of a step that appears twice, the
    /// later one counts.
    /// - Parameters:
    ///   - path: The log; where no regular file is there, nothing is read.
    ///   - body: Called with each loss.
    /// - Throws: ``FileIOError`` when the log cannot be read, and what `body` throws.
    public static func forEachLoss(
        in path: FilePath,
        _ body: (Entry) throws -> Void
    ) throws {
        // Opening a pipe would wait for somebody who writes to it.
        guard FileSystem.byteCount(of: path) != nil else { return }
        var lines = LineReader(try InputFile(path), longestLine: 1 << 16)
        while let line = try lines.next() {
            if let entry = entry(line) { try body(entry) }
        }
    }

    /// `s:9 trl:4.1234 lr:...` or `s:10 tel:4.0123`.
    private static func entry(_ line: [UInt8]) -> Entry? {
        var rest = line[...]
        guard rest.starts(with: "s:".utf8) else { return nil }
        rest = rest.dropFirst(2)
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let step = Int(String(decoding: digits, as: UTF8.self)), step < Int.max else {
            return nil
        }
        rest = rest[digits.endIndex...]
        let isTraining = rest.starts(with: " trl:".utf8)
        guard isTraining || rest.starts(with: " tel:".utf8) else { return nil }
        let number = rest.dropFirst(5).prefix { $0 != UInt8(ascii: " ") }
        guard let loss = Float(String(decoding: number, as: UTF8.self)) else { return nil }
        return isTraining
            ? .training(step: step + 1, loss: loss) : .validation(step: step, loss: loss)
    }
}
