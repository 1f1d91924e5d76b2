// From an address to a verified file: what is there already, going on after an interruption, trying
// again, and the check before the file takes its name.

import FileIO
import Foundation

/// Downloads published files from one server.
public struct Downloader: Sendable {
    /// How far a download has come.
    public struct Progress: Sendable, Equatable {
        /// Bytes of the file on this disk.
        public let received: Int
        /// All its bytes, when that is known.
        public let total: Int?
        /// Bytes that came in this run, not in an earlier one.
        public let receivedNow: Int
        /// Time since the first request of this run.
        public let duration: Duration

        /// The speed of this run; 0 at its beginning.
        public var bytesPerSecond: Double {
            let seconds = duration / .seconds(1)
            return seconds > 0 ? Double(receivedNow) / seconds : 0
        }

        /// How long the rest takes at this speed, when that can be told.
        public var timeLeft: Duration? {
            guard let total, bytesPerSecond > 0 else { return nil }
            return .seconds(Double(max(0, total - received)) / bytesPerSecond)
        }
    }

    /// How a file came to be where it is.
    public enum Result: Sendable, Equatable {
        /// It was downloaded, all but the first bytes that an earlier run had left.
        case downloaded(byteCount: Int, resumedAt: Int)
        /// It was there, and is the published file.
        case alreadyThere(byteCount: Int)
        /// It is not published with this model, which does without it.
        case notPublished
    }

    /// How long to wait before each further try.
    ///
    /// After the last, the download fails. Whenever more of the file has arrived, they are counted
    /// anew.
    public var retryDelays: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8)]
    /// How long the server may send nothing before the connection counts as broken.
    public var idleTimeout = Duration.seconds(60)

    /// Where all files are; nil for where each is published.
    private let baseURL: URL?

    /// Downloads from below `baseURL`: a file's address is that, a slash, and its name.
    /// - Parameter text: The address; nil for where each file is published.
    /// - Throws: ``DownloadError/invalidBaseURL(_:)`` unless it is of the form http(s)://HOST/PATH.
    public init(baseURL text: String? = nil) throws {
        baseURL = try text.map(Self.url)
    }

    private static func url(_ text: String) throws -> URL {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
            ["http", "https"].contains(scheme), url.host?.isEmpty == false, url.query == nil,
            url.fragment == nil
        else { throw DownloadError.invalidBaseURL(text) }
        return url
    }

    /// Makes sure that `file` lies in `directory`, which is made if it is missing.
    ///
    /// Until the file is whole and verified, it is called NAME.part, and a further call goes on
    /// from there; the server may have changed it meanwhile, then all of it is downloaded again.
    /// - Parameters:
    ///   - file: What to download.
    ///   - directory: Where it is to lie.
    ///   - overwrite: Whether to download it in any case, and replace what has the name.
    ///   - progress: Called many times a second on this thread; when it throws, the download is
    ///     given up, and what has arrived is kept.
    /// - Returns: What was done.
    /// - Throws: ``DownloadError``, `FileIOError`, and what `progress` throws.
    public func fetch(
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
        // Directories that stay empty are of no use to anybody.
        defer { for directory in made { FileSystem.removeIfEmpty(directory) } }
        try FileSystem.createDirectory(directory)
        let part = try ResumableFile(for: path)
        // URLSession lets go of its delegate, and thus of the part, only some time later.
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
    /// - Returns: How many bytes did not have to be downloaded, and the checksum that the server
    ///   announced.
    private func complete(
        _ part: ResumableFile,
        _ file: PublishedFile,
        _ progress: (Progress) throws -> Void
    ) throws -> (resumedAt: Int, checksum: String?) {
        let url = try url(of: file)
        let clock = ContinuousClock()
        let start = clock.now
        // Bytes whose version is unknown cannot be gone on with, nor more than there should be.
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
                // Cannot happen twice: the next request asks for the whole file.
                try part.restart(version: nil)
                resumedAt = 0
                continue
            case .refused(let status, let isTransient):
                failure = .refused(url: url.absoluteString, status: status)
                if !isTransient { throw failure }
            case .broken(let reason, let wasReached):
                // A server that never answered is not there; one that did will be again.
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

    /// Waits, but not longer than `report` lets it.
    private func wait(_ duration: Duration, _ report: () throws -> Void) throws {
        let clock = ContinuousClock()
        let end = clock.now + duration
        while clock.now < end {
            try report()
            Thread.sleep(forTimeInterval: min(0.05, (end - clock.now) / .seconds(1)))
        }
    }
}
