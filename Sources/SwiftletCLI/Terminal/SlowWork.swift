// Work that is mostly over before anybody wonders: it is spoken of only where it takes long.

import Dispatch
import Synchronization

/// Work that is announced when it has taken a while.
final class SlowWork: Sendable {
    private let isOver = Mutex(false)

    private static let patience = DispatchTimeInterval.seconds(2)

    /// Begins.
    /// - Parameter text: What is said of it on stderr, if it does not end soon.
    init(_ text: String) {
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { [weak self] in
            self?.isOver.withLock { if !$0 { Terminal.diagnose(text) } }
        }
    }

    /// Nothing is said from now on.
    func end() {
        isOver.withLock { $0 = true }
    }
}
