// From an address to a verified file: finding what is already there, resuming after an
// interruption, retrying, and checking the file before it gets its name.

import FileIO
import Foundation

/// Downloads published files from one server.
package struct Downloader: Sendable {
    /// How far a download has come.
    package struct Progress: Sendable, Equatable {
        /// Bytes of the file on this disk.
        package let received: Int
        /// Its size in bytes, if known.
        package let total: Int?
        /// Bytes that arrived in this run rather than an earlier one.
        package let receivedNow: Int
        /// Time since the first request of this run.
        package let duration: Duration

        /// The speed of this run; 0 at its beginning.
        package var bytesPerSecond: Double {
            let seconds = duration / .seconds(1)
            return seconds > 0 ? Double(receivedNow) / seconds : 0
        }

        /// How long the rest takes at this speed, if known.
        package var timeLeft: Duration? {
            guard let total, bytesPerSecond > 0 else { return nil }
            return .seconds(Double(max(0, total - received)) / bytesPerSecond)
        }
    }

    /// How a file came to be where it is.
    package enum Result: Sendable, Equatable {
        /// It was downloaded, except for the first bytes, left by an earlier run.
        case downloaded(byteCount: Int, resumedAt: Int)
        /// It was there, and is the published file.
        case alreadyThere(byteCount: Int)
        /// It is not published with this model, which works without it.
        case notPublished
    }

    /// How long to wait before each retry.
    ///
    /// After the last, the download fails. Whenever more of the file has arrived, counting starts
    /// over.
    package var retryDelays: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8)]
    /// How long the server may send nothing before the connection counts as broken.
    package var idleTimeout = Duration.seconds(60)

    /// Where all files are; nil for where each one is published.
    private let baseURL: URL?

    /// Downloads from below `baseURL`: a file's address is that, a slash, and its name.
    /// - Parameter text: The address; nil for where each file is published.
    /// - Throws: ``DownloadError/invalidBaseURL(_:)`` unless it is of the form http(s)://HOST/PATH.
    package init(baseURL text: String? = nil) throws {
        baseURL = try text.map(Self.url)
    }

    private static func url(_ text: String) throws -> URL {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
            ["http", "https"].contains(scheme), url.host?.isEmpty == false, url.query == nil,
            url.fragment == nil
        else { throw DownloadError.invalidBaseURL(text) }
        return url
    }

    /// Makes sure that `file` is in `directory`, which is created if missing.
    ///
    /// Until the file is complete and verified it is called NAME.part, and another call resumes
    /// from there; if the server's file has changed meanwhile, all of it is downloaded again.
    /// - Parameters:
    ///   - file: What to download.
    ///   - directory: Where to put it.
    ///   - overwrite: Whether to download it anyway and replace what has the name.
    ///   - progress: Called many times a second on this thread; if it throws, the download is
    ///     abandoned, and what has arrived is kept.
    /// - Returns: What was done.
    /// - Throws: ``DownloadError``, `FileIOError`, and what `progress` throws.
    package func fetch(
        _ file: PublishedFile,
        into directory: FilePath,
        overwrite: Bool = false,
        progress: (Progress) throws -> Void = { _ in }
    ) throws -> Result {
        let path = directory.appending(file.name)
        if !overwrite, FileSystem.exists(path) {
            if let mismatch = try file.mismatch(at: path) {
                throw DownloadError.otherFileExists(path: path, mismatch: mismatch)
            }
            return .alreadyThere(byteCount: FileSystem.byteCount(of: path) ?? 0)
        }
        let made = FileSystem.missingDirectories(of: directory)
        // Directories that stay empty are of no use.
        defer { for directory in made { FileSystem.removeIfEmpty(directory) } }
        try FileSystem.createDirectory(directory)
        let part = try ResumableFile(for: path)
        // URLSession releases its delegate, and so the part, only some time later.
        defer { part.release() }
        do {
            let (resumedAt, checksum) = try complete(part, file, progress)
            if let mismatch = try file.mismatch(at: part.path, announced: checksum) {
                try part.remove()
                throw DownloadError.wrongContent(
                    url: try url(of: file).absoluteString,
                    mismatch: mismatch
                )
            }
            let byteCount = part.count
            try part.commit()
            return .downloaded(byteCount: byteCount, resumedAt: resumedAt)
        } catch {
            if part.count == 0 { try? part.remove() }
            if file.isOptional, case DownloadError.refused(_, 404) = error { return .notPublished }
            throw error
        }
    }

    private func url(of file: PublishedFile) throws -> URL {
        try (baseURL ?? Self.url(file.source)).appendingPathComponent(file.name)
    }

    /// Downloads what is missing of `part`.
    /// - Returns: How many bytes did not have to be downloaded, and the checksum announced by the
    ///   server.
    private func complete(
        _ part: ResumableFile,
        _ file: PublishedFile,
        _ progress: (Progress) throws -> Void
    ) throws -> (resumedAt: Int, checksum: String?) {
        let url = try url(of: file)
        let clock = ContinuousClock()
        let start = clock.now
        // Bytes of an unknown version cannot be resumed, nor can too many bytes.
        if part.version == nil || file.largestByteCount.map({ part.count > $0 }) ?? false {
            try part.restart(version: nil)
        }
        var resumedAt = part.count
        var furthest = part.count
        var checksum: String?
        var failureCount = 0

        func report(_ received: Int, _ total: Int?) throws {
            try progress(
                Progress(
                    received: received,
                    total: total,
                    receivedNow: received - resumedAt,
                    duration: clock.now - start
                )
            )
        }

        while file.byteCount == nil || part.count != file.byteCount {
            let transfer = Transfer(
                url,
                into: part,
                expectedByteCount: file.byteCount,
                largestByteCount: file.largestByteCount
            )
            let ending = try transfer.run(idleTimeout: idleTimeout) { received, total in
                if transfer.hasRestarted { resumedAt = 0 }
                try report(received, total)
            }
            if transfer.hasRestarted { resumedAt = 0 }
            checksum = transfer.announced.sha256 ?? checksum
            try report(part.count, file.byteCount ?? transfer.announced.byteCount)
            let failure: DownloadError
            switch ending {
            case .complete:
                return (resumedAt, checksum)
            case .failed(let error):
                if case DownloadError.wrongContent = error { try part.remove() }
                throw error
            case .stale:
                // This cannot happen twice: the next request asks for the whole file.
                try part.restart(version: nil)
                resumedAt = 0
                continue
            case .refused(let status, let isTransient):
                failure = .refused(url: url.absoluteString, status: status)
                if !isTransient { throw failure }
            case .broken(let reason, let wasReached):
                // A server that never answered may not exist; one that did is worth another try.
                guard wasReached || part.count > resumedAt else {
                    throw DownloadError.unreachable(url: url.absoluteString, reason: reason)
                }
                failure = .interrupted(
                    url: url.absoluteString,
                    reason: reason,
                    received: part.count
                )
            }
            if part.count > furthest {
                furthest = part.count
                failureCount = 0
            }
            guard failureCount < retryDelays.count else { throw failure }
            try wait(retryDelays[failureCount]) { try report(part.count, file.byteCount) }
            failureCount += 1
        }
        return (resumedAt, checksum)
    }

    /// Waits, but no longer than `report` allows.
    private func wait(_ duration: Duration, _ report: () throws -> Void) throws {
        let clock = ContinuousClock()
        let end = clock.now + duration
        while clock.now < end {
            try report()
            Thread.sleep(forTimeInterval: min(0.05, (end - clock.now) / .seconds(1)))
        }
    }
}
