// What has happened since the server started, for monitoring. The service's own counts are added on
// request, in Routes/MetricsRoute.swift.

import Synchronization

/// Counts of requests, and how long they took.
final class ServerMetrics: Sendable {
    /// How many durations there were up to each of some bounds.
    struct Histogram: Sendable, Equatable {
        /// In seconds; durations above the last are counted too.
        static let bounds = [
            0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
        ]

        /// How many durations are up to each bound and above the previous one.
        private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
        private(set) var sum = 0.0

        /// Counts a duration.
        mutating func add(_ seconds: Double) {
            counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
            sum += seconds
        }
    }

    /// What distinguishes requests.
    struct Kind: Hashable {
        let endpoint: Endpoint
        let status: Int
    }

    /// All counts at one time.
    struct Snapshot: Sendable {
        var requests: [Kind: Int] = [:]
        /// Durations of requests for text that were answered, whole or to the end of the stream.
        var durations = Histogram()
        /// From the start of these and other requests to their first token.
        var firstTokens = Histogram()
    }

    private let counts = Mutex(Snapshot())

    /// The counts so far.
    var snapshot: Snapshot { counts.withLock { $0 } }

    /// Counts a finished request.
    func count(_ endpoint: Endpoint, status: Int, seconds: Double) {
        counts.withLock {
            $0.requests[Kind(endpoint: endpoint, status: status), default: 0] += 1
            if endpoint.isGeneration, status == 200 { $0.durations.add(seconds) }
        }
    }

    /// Counts the first token of a request.
    func countFirstToken(seconds: Double) {
        counts.withLock { $0.firstTokens.add(seconds) }
    }
}

/// One request, to be counted.
final class RequestRecord: Sendable {
    let endpoint: Endpoint
    private let metrics: ServerMetrics
    private let start = ContinuousClock.now
    private let hasToken = Atomic(false)
    private let isOver = Atomic(false)

    /// Starts the clock.
    init(_ endpoint: Endpoint, _ metrics: ServerMetrics) {
        self.endpoint = endpoint
        self.metrics = metrics
    }

    private var seconds: Double { start.duration(to: .now) / .seconds(1) }

    /// Records a token; only the first one counts.
    func noteToken() {
        guard !hasToken.exchange(true, ordering: .relaxed) else { return }
        metrics.countFirstToken(seconds: seconds)
    }

    /// Records how the request ended; only the first call counts.
    func end(_ status: Int) {
        guard !isOver.exchange(true, ordering: .relaxed) else { return }
        metrics.count(endpoint, status: status, seconds: seconds)
    }
}
