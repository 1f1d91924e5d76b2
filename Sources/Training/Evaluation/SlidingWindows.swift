// Windows that move over a text: which tokens each of them sees, and which it scores.

/// Windows of one length such that every target is scored once, by the first window that sees it.
///
/// Each window starts `stride` after the one before, but the last ends with the text, so that its
/// targets have as much context as the window gives.
struct SlidingWindows: Sequence, IteratorProtocol {
    /// One place of the window.
    struct Window: Equatable {
        /// Index of its first input; input i predicts target i, which is token i + 1 of the text.
        let start: Int
        /// The targets it scores; they end where it ends.
        let scored: Range<Int>
    }

    /// Targets in the text.
    let targetCount: Int
    /// Inputs in each window.
    let length: Int
    private let stride: Int
    private var previous: Window?

    /// Windows over a text of `targetCount` tokens after the first, one or more.
    /// - Parameters:
    ///   - targetCount: Tokens to score.
    ///   - length: Inputs in a window; a shorter text makes it shorter.
    ///   - stride: Inputs from a window to the next, from 1 to `length`.
    init(targetCount: Int, length: Int, stride: Int) {
        precondition(
            targetCount > 0 && 1...length ~= stride,
            "windows of \(length) by \(stride) over \(targetCount) tokens"
        )
        self.targetCount = targetCount
        self.length = Swift.min(length, targetCount)
        self.stride = stride
    }

    /// How many windows there are from the first on.
    var count: Int { 1 + (targetCount - length + stride - 1) / stride }

    mutating func next() -> Window? {
        guard let last = previous else {
            previous = Window(start: 0, scored: 0..<length)
            return previous
        }
        guard last.scored.upperBound < targetCount else { return nil }
        let start = Swift.min(last.start + stride, targetCount - length)
        previous = Window(start: start, scored: last.scored.upperBound..<start + length)
        return previous
    }
}
