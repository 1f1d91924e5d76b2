// A small published file, a server for it, and a downloader that does not wait.

import Downloads
import FileIO
import TestSupport

/// 100,000 bytes after a header of 20240520, 1.
let publishedBytes: [UInt8] =
    [0x88, 0xD8, 0x34, 0x01, 1, 0, 0, 0] + (8..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

/// The file's known properties.
let published = PublishedFile(
    "file.bin",
    header: [20_240_520, 1],
    size: .bytes(publishedBytes.count),
    sha256: {
        var checksum = SHA256()
        publishedBytes.withUnsafeBytes { checksum.update($0) }
        return checksum.hexadecimal()
    }()
)

/// A server that has the file, a downloader for it, and an empty directory.
func withServer(
    _ change: (inout LoopbackServer.Behavior) -> Void = { _ in },
    _ body: (LoopbackServer, Downloader, FilePath) throws -> Void
) throws {
    var behavior = LoopbackServer.Behavior()
    behavior.files["/pack/file.bin"] = publishedBytes
    change(&behavior)
    let server = try LoopbackServer(behavior)
    var downloader = try Downloader(baseURL: server.url + "/pack")
    downloader.retryDelays = [.zero, .zero]
    downloader.idleTimeout = .seconds(20)
    try withTemporaryDirectory { try body(server, downloader, $0) }
}

/// Leaves the first `count` bytes in the directory, like a run that was stopped.
func leavePart(_ count: Int, version: String?, in directory: FilePath) throws {
    let part = try ResumableFile(for: directory.appending("file.bin"))
    try part.restart(version: version)
    try publishedBytes.prefix(count).withUnsafeBytes { try part.append($0) }
}

/// The file at a path.
func contents(_ path: FilePath) throws -> [UInt8] {
    try MappedFile(path).contents()
}
