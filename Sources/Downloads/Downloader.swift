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
    }

    /// How long to wait before each further try.
    ///
    /// After the last, the download fails. Whenever more of the file has arrived, they are counted
    /// anew.
    public var retryDelays: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8)]
    /// How long the server may send nothing before the connection counts as broken.
    public var idleTimeout = Duration.seconds(60)

    private let baseURL: URL

    /// Downloads from below `baseURL`: a file's address is that, a slash, and its name.
    /// - Throws: ``DownloadError/invalidBaseURL(_:)`` unless it is of the form http(s)://HOST/PATH.
    public init(baseURL text: String = StarterPack.baseURL) throws {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
            ["http", "https"].contains(scheme), url.host?.isEmpty == false, url.query == nil,
            url.fragment == nil
        else { throw DownloadError.invalidBaseURL(text) }
        baseURL = url
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
            let resumedAt = try complete(part, file, progress)
            if let mismatch = try file.mismatch(at: part.path) {
                try part.remove()
                throw DownloadError.wrongContent(url: url(of: file), mismatch: mismatch)
            }
            let byteCount = part.count
            try part.commit()
            return .downloaded(byteCount: byteCount, resumedAt: resumedAt)
        } catch {
            if part.count == 0 { try? part.remove() }
            throw error
        }
    }

    private func url(of file: PublishedFile) -> String {
        baseURL.appendingPathComponent(file.name).absoluteString
    }

    /// Downloads what is missing of `part`.
    /// - Returns: How many bytes did not have to be downloaded.
    private func complete(
        _ part: ResumableFile,
        _ file: PublishedFile,
        _ progress: (Progress) throws -> Void
    ) throws -> Int {
        let clock = ContinuousClock()
        let start = clock.now
        // Bytes whose version is unknown cannot be gone on with, nor more than there should be.
        if part.version == nil || file.byteCount.map({ part.count > $0 }) ?? false {
            try part.restart(version: nil)
        }
        var resumedAt = part.count
        var furthest = part.count
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
                baseURL.appendingPathComponent(file.name),
                into: part,
                expectedByteCount: file.byteCount
            )
            let ending = try transfer.run(idleTimeout: idleTimeout) { received, total in
                if transfer.hasRestarted { resumedAt = 0 }
                try report(received, total)
            }
            if transfer.hasRestarted { resumedAt = 0 }
            try report(part.count, file.byteCount)
            let failure: DownloadError
            switch ending {
            case .complete:
                return resumedAt
            case .failed(let error):
                if case DownloadError.wrongContent = error { try part.remove() }
                throw error
            case .stale:
                // Cannot happen twice: the next request asks for the whole file.
                try part.restart(version: nil)
                resumedAt = 0
                continue
            case .refused(let status, let isTransient):
                failure = .refused(url: url(of: file), status: status)
                if !isTransient { throw failure }
            case .broken(let reason, let wasReached):
                // A server that never answered is not there; one that did will be again.
                guard wasReached || part.count > resumedAt else {
                    throw DownloadError.unreachable(url: url(of: file), reason: reason)
                }
                failure = .interrupted(
                    url: url(of: file),
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
        return resumedAt
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
