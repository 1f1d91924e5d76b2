// Where long requests become tokens, which takes seconds: apart from the threads that all tasks
// share, which are no more than the processors.

import Dispatch
import Synchronization

/// Reads long requests one after the other, on a thread of their own.
enum LongReading {
    /// Bytes from which on a request is long.
    static let byteCount = 32 << 10

    private static let queue = DispatchQueue(label: "swiftlet.long-requests")

    /// Whether somebody still waits for what is read.
    private final class Interest: Sendable {
        let isLost = Atomic(false)
    }

    /// Reads a request when those before it have been read.
    /// - Returns: What `read` returns.
    /// - Throws: What it throws; `CancellationError` when its turn comes and nobody waits for it.
    static func run<Asked: Sendable>(
        _ read: @escaping @Sendable () throws -> Asked
    ) async throws -> Asked {
        let interest = Interest()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    let result = Result {
                        if interest.isLost.load(ordering: .relaxed) { throw CancellationError() }
                        return try read()
                    }
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            interest.isLost.store(true, ordering: .relaxed)
        }
    }
}
