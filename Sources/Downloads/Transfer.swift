// One HTTP request, whose answer is appended to a file as it arrives. This is the only place that
// touches the network. Downloader.swift decides on retries and checks the bytes.

import Dispatch
import FileIO
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A request for the bytes of a file from where the last one ended.
// @unchecked Sendable: while the request runs, only the session's serial queue touches `file`, and
// only the caller before and after; everything else is constant or behind the mutex.
final class Transfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    /// How a request ended.
    enum Ending {
        /// The complete answer arrived, as far as the server says.
        case complete
        /// The bytes on disk belong to another version, or to none: start over.
        case stale
        /// The server does not answer now, or the connection broke.
        case broken(reason: String, wasReached: Bool)
        /// The server answered with this status; a later try may help if it `isTransient`.
        case refused(status: Int, isTransient: Bool)
        /// There is no point in retrying.
        case failed(any Error)
    }

    private struct State {
        var ending: Ending?
        var wasReached = false
        var received: Int
        var total: Int?
        var redirectionCount = 0
        var hasRestarted = false
        var announced = Announced()
    }

    /// What the server's own first answer says about a file that it keeps elsewhere; the servers it
    /// redirects to mean other things by the same headers.
    struct Announced {
        var sha256: String?
        var byteCount: Int?

        init() {}

        /// Reads Hugging Face's headers.
        init(_ response: HTTPURLResponse) {
            let tag = response.value(forHTTPHeaderField: "X-Linked-ETag")?
                .trimmingCharacters(in: ["\""]).lowercased()
            // Files that are not stored elsewhere have tags of another kind.
            if let tag, tag.utf8.count == 64, tag.allSatisfy(\.isHexDigit) { sha256 = tag }
            byteCount = response.value(forHTTPHeaderField: "X-Linked-Size").flatMap { Int($0) }
        }
    }

    private let url: URL
    private let file: ResumableFile
    private let expectedByteCount: Int?
    private let largestByteCount: Int?
    private let offset: Int
    private let state: Mutex<State>
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Whether the server started over at the file's first byte.
    var hasRestarted: Bool { state.withLock { $0.hasRestarted } }

    /// What the server has said about the file, once it has answered.
    var announced: Announced { state.withLock { $0.announced } }

    /// Prepares a request for what is missing of `file`.
    init(
        _ url: URL,
        into file: ResumableFile,
        expectedByteCount: Int?,
        largestByteCount: Int?
    ) {
        self.url = url
        self.file = file
        self.expectedByteCount = expectedByteCount
        self.largestByteCount = largestByteCount
        offset = file.count
        state = Mutex(State(received: file.count, total: expectedByteCount))
    }

    /// Sends the request and waits for the end of the answer.
    /// - Parameters:
    ///   - idleTimeout: How long the server may send nothing.
    ///   - progress: Called now and then, on the caller's thread, with the bytes received so far
    ///     and the total; if it throws, the request is abandoned.
    /// - Returns: How the request ended.
    /// - Throws: What `progress` throws.
    func run(
        idleTimeout: Duration,
        progress: (_ received: Int, _ total: Int?) throws -> Void
    ) throws -> Ending {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        configuration.timeoutIntervalForRequest = idleTimeout / .seconds(1)
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
        let session = URLSession(
            configuration: configuration,
            delegate: self,
            delegateQueue: queue
        )
        // A session retains its delegate until it is invalidated.
        defer { session.invalidateAndCancel() }
        let task = session.dataTask(with: request())
        task.resume()
        do {
            while hasEnded.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
                let (received, total) = state.withLock { ($0.received, $0.total) }
                try progress(received, total)
            }
        } catch {
            // From here on nothing is appended, except by a write already in progress.
            state.withLock { $0.ending = $0.ending ?? .failed(error) }
            task.cancel()
            _ = hasEnded.wait(timeout: .now() + .seconds(2))
            throw error
        }
        return state.withLock { $0.ending ?? .complete }
    }

    private func request() -> URLRequest {
        var request = URLRequest(url: url)
        // Compressed answers could not be resumed, nor their size checked beforehand.
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        if offset > 0, let version = file.version {
            request.setValue("bytes=\(offset)-", forHTTPHeaderField: "Range")
            request.setValue(version, forHTTPHeaderField: "If-Range")
        }
        return request
    }

    // MARK: - On the session's queue

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        let count = state.withLock {
            if $0.redirectionCount == 0 { $0.announced = Announced(response) }
            $0.redirectionCount += 1
            return $0.redirectionCount
        }
        let isDowngrade = response.url?.scheme == "https" && request.url?.scheme != "https"
        guard count <= Self.mostRedirections, !isDowngrade else {
            // Not canceled here: on Linux, URLSession crashes when a task that waits for this
            // answer is canceled. It ends by itself, with the redirect as its answer.
            state.withLock {
                $0.ending = .refused(status: response.statusCode, isTransient: false)
            }
            return completionHandler(nil)
        }
        var request = request
        for (name, value) in self.request().allHTTPHeaderFields ?? [:] {
            request.setValue(value, forHTTPHeaderField: name)
        }
        completionHandler(request)
    }

    /// Browsers follow twenty; a file's address needs two or three.
    private static let mostRedirections = 10

    func urlSession(
        _ session: URLSession,
        dataTask: URLSessionDataTask,
        didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        if state.withLock({ $0.ending != nil }) { return completionHandler(.cancel) }
        do {
            if let ending = try begin(response) {
                end(ending, dataTask)
                completionHandler(.cancel)
            } else {
                completionHandler(.allow)
            }
        } catch {
            end(.failed(writeError(error)), dataTask)
            completionHandler(.cancel)
        }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        guard state.withLock({ $0.ending == nil }) else { return }
        do {
            if let mismatch = excess(file.count + data.count) {
                return end(.failed(wrongContent(mismatch)), dataTask)
            }
            try data.withUnsafeBytes { try file.append($0) }
            state.withLock { $0.received = file.count }
        } catch {
            end(.failed(writeError(error)), dataTask)
        }
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didCompleteWithError error: (any Error)?
    ) {
        state.withLock { state in
            guard state.ending == nil else { return }
            if let error {
                let reason = connectionFailure(error, host: url.host ?? "the server")
                state.ending = .broken(reason: reason, wasReached: state.wasReached)
            } else if let total = state.total, state.received < total {
                let reason = "the server sent less than it announced"
                state.ending = .broken(reason: reason, wasReached: true)
            } else {
                state.ending = .complete
            }
        }
        hasEnded.signal()
    }

    /// Looks at the head of an answer and prepares the file for its body.
    /// - Returns: An ending when the body is not wanted.
    private func begin(_ response: URLResponse) throws -> Ending? {
        guard let response = response as? HTTPURLResponse else {
            return .broken(reason: "the server does not speak HTTP", wasReached: false)
        }
        state.withLock {
            if $0.redirectionCount == 0 { $0.announced = Announced(response) }
            $0.wasReached = true
        }
        let status = response.statusCode
        switch status {
        case 200:
            try file.restart(version: Self.version(of: response))
            state.withLock { $0.hasRestarted = true }
        case 206 where offset > 0:
            guard file.version != nil, Self.version(of: response) == file.version,
                ContentRange(of: response)?.start == offset
            else { return .stale }
        case 416 where offset > 0:
            // Asked for what comes after the last byte, when the end of the file was not known.
            return ContentRange(of: response)?.total == offset ? .complete : .stale
        case 408, 425, 429, 500...:
            return .refused(status: status, isTransient: true)
        default:
            return .refused(status: status, isTransient: false)
        }
        // A length too large for an Int is as wrong as any other.
        let length = Int(clamping: response.expectedContentLength)
        let (sum, overflow) = file.count.addingReportingOverflow(length)
        let total = length >= 0 ? (overflow ? .max : sum) : nil
        let expected = expectedByteCount ?? announced.byteCount
        if let total, let expected, total != expected {
            let mismatch = Mismatch(expected: "\(expected) bytes", found: "\(total)")
            return .failed(wrongContent(mismatch))
        }
        if let total = total ?? expected, let mismatch = excess(total, "\(total)") {
            return .failed(wrongContent(mismatch))
        }
        state.withLock {
            $0.received = file.count
            $0.total = total ?? expected
        }
        return nil
    }

    /// What is wrong with this many bytes, if they are too many.
    private func excess(_ count: Int, _ found: String = "more") -> Mismatch? {
        if let expected = expectedByteCount ?? announced.byteCount, count > expected {
            return Mismatch(expected: "\(expected) bytes", found: found)
        }
        if let largestByteCount, count > largestByteCount {
            return Mismatch(expected: "at most \(largestByteCount) bytes", found: found)
        }
        return nil
    }

    /// What tells this version of the file from others: a strong ETag, or otherwise the date.
    private static func version(of response: HTTPURLResponse) -> String? {
        if let tag = response.value(forHTTPHeaderField: "ETag"), !tag.hasPrefix("W/") { return tag }
        return response.value(forHTTPHeaderField: "Last-Modified")
    }

    private func end(_ ending: Ending, _ task: URLSessionTask) {
        state.withLock { $0.ending = $0.ending ?? ending }
        task.cancel()
    }

    private func wrongContent(_ mismatch: Mismatch) -> DownloadError {
        .wrongContent(url: url.absoluteString, mismatch: mismatch)
    }

    private func writeError(_ error: any Error) -> any Error {
        guard case FileIOError.system(let path, "write", let reason) = error else { return error }
        return DownloadError.cannotWrite(path: path, reason: reason)
    }
}

/// The header `Content-Range: bytes START-END/TOTAL`, or `bytes */TOTAL`.
private struct ContentRange {
    let start: Int?
    let total: Int?

    init?(of response: HTTPURLResponse) {
        guard let text = response.value(forHTTPHeaderField: "Content-Range") else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/")
        guard parts.count == 2 else { return nil }
        start = parts[0].split(separator: "-").first.flatMap { Int($0) }
        total = Int(parts[1])
    }
}
