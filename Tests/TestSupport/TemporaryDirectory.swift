// A directory of its own for each test that writes files, and files to put there.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs `body` with a new empty directory and removes it afterwards, whatever `body` does.
public func withTemporaryDirectory<Result>(
    _ body: (FilePath) throws -> Result
) throws -> Result {
    let url = try makeTemporaryDirectory()
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(FilePath(url.path))
}

/// The same for a body that awaits.
public func withTemporaryDirectory<Result>(
    _ body: (FilePath) async throws -> Result
) async throws -> Result {
    let url = try makeTemporaryDirectory()
    defer { try? FileManager.default.removeItem(at: url) }
    return try await body(FilePath(url.path))
}

private func makeTemporaryDirectory() throws -> URL {
    let url = FileManager.default.temporaryDirectory
        .appendingPathComponent("swiftlet-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
}

/// Creates an empty file, or one of these bytes.
public func touch(_ path: FilePath, _ bytes: [UInt8] = []) throws {
    let file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit()
}
