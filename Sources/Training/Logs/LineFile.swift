// Taking lines out of a log before it is appended to again. The log is replaced as a whole, so that
// a kill in between leaves the old one or the new one.

import FileIO

/// Repairs of logs.
enum LineFile {
    /// Keeps the lines that satisfy a condition, and never a last line without its end.
    ///
    /// A full disk leaves such a line. A file that does not exist, or loses nothing, is not
    /// touched, nor is a pipe or a device, of which nothing can be taken back.
    /// - Parameters:
    ///   - path: The log.
    ///   - isKept: Called with each line, without its end.
    /// - Throws: ``FileIOError``, or what `isKept` throws.
    static func filter(_ path: FilePath, _ isKept: (ArraySlice<UInt8>) throws -> Bool) throws {
        guard FileSystem.byteCount(of: path) != nil else { return }
        let bytes = try MappedFile(path).contents()
        let newline = UInt8(ascii: "\n")
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var start = 0
        while let end = bytes[start...].firstIndex(of: newline) {
            if try isKept(bytes[start..<end]) { kept += bytes[start...end] }
            start = end + 1
        }
        guard kept.count < bytes.count else { return }
        let file = try AtomicFile(path)
        try file.write(kept)
        try file.commit()
    }
}
