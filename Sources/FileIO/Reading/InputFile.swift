// Sequential reading, by chunks or by lines: files of any size, pipes and standard input. Lines are
// not interpreted here. Files that need random access are mapped instead, in MappedFile.swift.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Bytes that arrive in order.
///
/// Unlike a mapping, it tolerates a file that shrinks in the meantime, and it takes no memory.
package final class InputFile {
    /// Where the bytes come from, for messages.
    package let path: FilePath
    private let descriptor: CInt
    private let isOwned: Bool

    /// The process's standard input, from where it is now.
    package static var standardInput: InputFile {
        InputFile(path: "standard input", descriptor: STDIN_FILENO, isOwned: false)
    }

    /// Opens `path`, which may be anything that can be read.
    /// - Throws: ``FileIOError`` when it is missing, a directory or may not be read.
    package convenience init(_ path: FilePath) throws {
        let descriptor = try systemCall("open", path) {
            path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
        }
        self.init(path: path, descriptor: descriptor, isOwned: true)
        // Opening a directory succeeds; only reading it would fail.
        if FileSystem.isDirectory(path) { throw FileIOError.isDirectory(path: path) }
    }

    private init(path: FilePath, descriptor: CInt, isOwned: Bool) {
        self.path = path
        self.descriptor = descriptor
        self.isOwned = isOwned
    }

    /// Reads what is available, at most `buffer.count` bytes, and waits when there is nothing yet.
    /// - Returns: how many bytes were read; 0 at the end.
    /// - Throws: ``FileIOError`` when the device fails.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try systemCall("read", path) { systemRead(descriptor, buffer.baseAddress, buffer.count) }
    }

    /// Reads to the end, calling `body` with one chunk after another, none of them empty.
    /// - Throws: ``FileIOError`` when the device fails; what `body` throws.
    package func forEachChunk(
        ofAtMost byteCount: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        precondition(byteCount > 0, "a chunk has one byte or more, got \(byteCount)")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    deinit {
        if isOwned { close(descriptor) }
    }
}

/// The C function, which the method above would hide.
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int
{
    read(descriptor, bytes, count)
}

/// Reads lines, waiting for no more than the next one.
package struct LineReader {
    /// Where the lines come from.
    package let input: InputFile
    /// How many lines have been read.
    package private(set) var lineCount = 0

    private let longestLine: Int
    private var pending: [UInt8] = []
    /// Where in ``pending`` the next line begins.
    private var start = 0
    /// How many bytes of the next line are known to contain no line end.
    private var searchedCount = 0
    private var hasEnded = false

    /// Starts at the current position of `input`.
    /// - Parameters:
    ///   - input: What is read.
    ///   - longestLine: The most bytes in a line: input with longer ones is not text, and would
    ///     fill the memory.
    package init(_ input: InputFile, longestLine: Int = 1 << 28) {
        self.input = input
        self.longestLine = longestLine
    }

    /// The bytes of the next line without its end, which is LF or CR LF; nil after the last.
    /// - Throws: ``FileIOError`` when reading fails or a line is too long.
    package mutating func next() throws -> [UInt8]? {
        while true {
            if let end = pending[(start + searchedCount)...].firstIndex(of: UInt8(ascii: "\n")) {
                return take(upTo: end, next: end + 1)
            }
            searchedCount = pending.count - start
            if hasEnded {
                return searchedCount == 0 ? nil : take(upTo: pending.count, next: pending.count)
            }
            guard searchedCount <= longestLine else {
                throw FileIOError.lineTooLong(
                    path: input.path,
                    line: lineCount + 1,
                    limit: longestLine
                )
            }
            try readMore()
        }
    }

    private mutating func readMore() throws {
        pending.removeFirst(start)
        start = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let count = try buffer.withUnsafeMutableBytes { try input.read(into: $0) }
        hasEnded = count == 0
        pending += buffer[..<count]
    }

    private mutating func take(upTo end: Int, next: Int) -> [UInt8] {
        let line = pending[start..<end]
        (start, searchedCount) = (next, 0)
        lineCount += 1
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
}

/// U+FEFF at the start of a file, where it is no part of the text.
package enum ByteOrderMark {
    private static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// How many bytes of the mark a text begins with: all of them or none.
    package static func count(atStartOf text: some Sequence<UInt8>) -> Int {
        text.starts(with: bytes) ? bytes.count : 0
    }
}
