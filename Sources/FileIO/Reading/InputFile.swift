// Reading front to back, a chunk at a time: files of any size, pipes and standard input. Files that
// are looked at in more than one place are mapped instead, in MappedFile.swift.

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
/// Unlike a mapping, it does not mind a file that shrinks meanwhile, and it takes no memory.
public final class InputFile {
    /// Where the bytes come from, for messages.
    public let path: FilePath
    private let descriptor: CInt
    private let isOwned: Bool

    /// The process's standard input, from where it is now.
    public static var standardInput: InputFile {
        InputFile(path: "standard input", descriptor: STDIN_FILENO, isOwned: false)
    }

    /// Opens `path`, which may be anything that can be read.
    /// - Throws: ``FileIOError`` when it is missing, a directory or may not be read.
    public convenience init(_ path: FilePath) throws {
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

    /// Reads what there is, `buffer.count` bytes at most, and waits when there is nothing yet.
    /// - Returns: how many bytes were read; 0 at the end.
    /// - Throws: ``FileIOError`` when the device fails.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try systemCall("read", path) { systemRead(descriptor, buffer.baseAddress, buffer.count) }
    }

    /// Reads to the end, calling `body` with one chunk after another, none of them empty.
    /// - Throws: ``FileIOError`` when the device fails; what `body` throws.
    public func forEachChunk(
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

/// The C function, whose name the method above would hide.
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int
{
    read(descriptor, bytes, count)
}
