// Encoders between calls. What they do is told in PieceEncoder.swift and
// SentencePieceEncoder.swift.

import Synchronization

/// The working states of encoding that a tokenizer keeps.
///
/// Encoders remember the words they met, so they are kept: as many as calls ever ran at once, some
/// 2 MiB each.
final class EncoderPool<Encoder: Sendable>: Sendable {
    private let idle = Mutex<[Encoder]>([])
    private let make: @Sendable () -> Encoder

    /// Starts empty.
    init(_ make: @escaping @Sendable () -> Encoder) {
        self.make = make
    }

    /// Lends an encoder, warm from earlier calls if there is one.
    func withEncoder<Result>(_ body: (inout Encoder) throws -> Result) rethrows -> Result {
        var encoder = idle.withLock { $0.popLast() } ?? make()
        defer { idle.withLock { $0.append(encoder) } }
        return try body(&encoder)
    }
}
