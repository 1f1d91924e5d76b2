// Writing a file so that its name never stands for half of it: the bytes go to a temporary file in
// the same directory, are flushed to the disk, and only then take the final name.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file being written, which appears under its name, complete, on ``commit()``; or never.
///
/// Letting go of the object without a commit removes the temporary file.
public final class AtomicFile {
    /// The name the file takes when it is committed.
    public let path: FilePath
    /// Bytes written so far, those still buffered included.
    public private(set) var count = 0

    private let temporaryPath: FilePath
    private let descriptor: CInt
    private let replacesExisting: Bool
    private var buffer: [UInt8] = []

    /// Small writes are gathered into one system call of about this many bytes.
    private static let bufferCapacity = 1 << 20
    /// Large writes are given to the disk in pieces of this many bytes.
    private static let pieceByteCount = 1 << 24
    /// So many bytes before a piece may still be on their way.
    private static let adviceByteCount = 1 << 26

    /// Starts a file that will be named `path`.
    /// - Throws: ``FileIOError`` when the directory cannot be written or, unless `overwrite` is
    ///   set, when `path` exists.
    public init(_ path: FilePath, overwrite: Bool = true) throws {
        // The process id and a random suffix keep two writers of one name apart.
        let suffix = "\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let temporaryPath = path.removingLastComponent().appending(
            ".\(path.lastComponent?.string ?? "file").\(suffix)"
        )
        descriptor = try Self.create(temporaryPath, for: path, overwrite: overwrite)
        self.path = path
        self.temporaryPath = temporaryPath
        replacesExisting = overwrite
    }

    private static func create(
        _ temporaryPath: FilePath,
        for path: FilePath,
        overwrite: Bool
    ) throws -> CInt {
        if !overwrite && FileSystem.exists(path) { throw FileIOError.alreadyExists(path: path) }
        if FileSystem.isDirectory(path) { throw FileIOError.isDirectory(path: path) }
        let directory = path.removingLastComponent()
        if !directory.isEmpty && !FileSystem.isDirectory(directory) {
            throw FileIOError.system(
                path: path,
                action: "create",
                reason: "there is no directory '\(directory)'"
            )
        }
        return try systemCall("create", path) {
            temporaryPath.withPlatformString {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            }
        }
    }

    /// Appends raw bytes.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        count += bytes.count
        if buffer.count + bytes.count <= Self.bufferCapacity {
            buffer.append(contentsOf: bytes)
            return
        }
        try flush()
        if bytes.count < Self.bufferCapacity {
            buffer.append(contentsOf: bytes)
        } else {
            try writePieces(of: bytes)
        }
    }

    /// Writes past the buffer, which is empty.
    ///
    /// The system would keep gigabytes and begin to write them when ``commit()`` asks for all of
    /// them. So each piece is sent to the disk while the next one is copied.
    private func writePieces(of bytes: UnsafeRawBufferPointer) throws {
        let start = count - bytes.count
        for offset in stride(from: 0, to: bytes.count, by: Self.pieceByteCount) {
            let end = min(offset + Self.pieceByteCount, bytes.count)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
            try writeAll(piece, to: descriptor, path: path)
            #if !canImport(Darwin)
                // Advice that pages are not needed any more starts writing them; given again, it
                // frees those that were written, and the next piece can take their place. It does
                // no harm when it is not taken, so the result is ignored.
                let first = max(offset - Self.adviceByteCount, 0)
                _ = posix_fadvise(
                    descriptor,
                    off_t(start + first),
                    off_t(end - first),
                    POSIX_FADV_DONTNEED
                )
            #endif
        }
    }

    /// Appends raw bytes.
    public func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in try write(bytes) }
    }

    /// Appends integers in little-endian order.
    // Inlinable, and without a key path, so that callers with millions of integers get a loop of
    // their own type; as a generic function this was slower than tokenising the text.
    @inlinable
    public func write<T: FixedWidthInteger & BitwiseCopyable>(
        integers values: [T]
    ) throws {
        try values.map { $0.littleEndian }.withUnsafeBytes { bytes in
            try write(bytes)
        }
    }

    /// Replaces bytes already written, which a header does that counts what follows it.
    public func overwrite(
        _ bytes: [UInt8],
        at offset: Int
    ) throws {
        precondition(
            offset >= 0 && offset + bytes.count <= count,
            "overwriting \(bytes.count) bytes at \(offset) in a file of \(count)"
        )
        try flush()
        var done = 0
        while done < bytes.count {
            done += try systemCall("write", path) {
                bytes.withUnsafeBytes {
                    pwrite(
                        descriptor,
                        $0.baseAddress.map { $0 + done },
                        bytes.count - done,
                        off_t(offset + done)
                    )
                }
            }
        }
    }

    /// Flushes everything to the disk and gives the file its name.
    /// - Throws: ``FileIOError``; the name then still stands for what it stood for before.
    public func commit() throws {
        try flush()
        _ = try systemCall("flush", path) { fsync(descriptor) }
        if !replacesExisting && FileSystem.exists(path) {
            throw FileIOError.alreadyExists(path: path)
        }
        _ = try systemCall("rename", path) {
            temporaryPath.withPlatformString { old in
                path.withPlatformString { new in rename(old, new) }
            }
        }
        try FileSystem.flushDirectory(of: path)
    }

    private func flush() throws {
        guard !buffer.isEmpty else { return }
        let pending = buffer
        buffer.removeAll(keepingCapacity: true)
        try pending.withUnsafeBytes { bytes in try writeAll(bytes, to: descriptor, path: path) }
    }

    deinit {
        close(descriptor)
        // After a commit the temporary name is gone and this does nothing.
        _ = temporaryPath.withPlatformString { unlink($0) }
    }
}
