// Writing a file so that its name never stands for half of it: the bytes go to a temporary file in
// the same directory, are flushed to the disk, and only then take the final name. A device or a
// pipe cannot be replaced this way and is written into.

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
/// Links are followed, and a file that is replaced passes its owner and permissions on to the new
/// one. Releasing the object without a commit removes the temporary file. Bytes for a device, a
/// pipe, or a name such as `/dev/stdout` are written as they come, which needs no permission to
/// overwrite.
package final class AtomicFile {
    /// The name the file takes when it is committed.
    package let path: FilePath
    /// Bytes written so far, those still buffered included.
    package private(set) var count = 0

    private let target: OutputTarget
    /// Nil where there is none, because bytes that were written cannot be taken back.
    private let temporaryPath: FilePath?
    /// Nil until the first byte of a stream is written: readers of a pipe that is opened and closed
    /// again see its end.
    private var descriptor: CInt?
    private let replacesExisting: Bool
    /// What has not been given to the system yet.
    private var buffer: [UInt8] = []

    /// Small writes are gathered and written in parts of this many bytes, each starting at a
    /// multiple of it: the page cache then uses large pages, and does half as much work.
    private static let partByteCount = 1 << 20
    /// Large writes are sent to the disk in pieces of this many bytes.
    private static let pieceByteCount = 1 << 22
    /// How many bytes before a piece may still be on their way.
    private static let adviceByteCount = 1 << 26

    /// Starts a file that will be named `path`.
    /// - Throws: ``FileIOError`` when the directory cannot be written, when `path` is a directory
    ///   or a socket or, unless `overwrite` is set, when it is a file.
    package init(_ path: FilePath, overwrite: Bool = true) throws {
        self.path = path
        replacesExisting = overwrite
        target = try Self.requireWritable(path, overwrite: overwrite)
        guard case .file(let file) = target else {
            temporaryPath = nil
            return
        }
        let temporary = file.beside(prefix: ".", suffix: Self.temporarySuffix())
        temporaryPath = temporary
        let attributes = FileAttributes(of: file)
        // While it is written, the file is no more readable to others than it will be.
        let permissions: mode_t = attributes == nil ? 0o666 : 0o600
        let descriptor = try systemCall("create", path) {
            temporary.withPlatformString {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
            }
        }
        attributes?.apply(to: descriptor)
        self.descriptor = descriptor
    }

    /// Keeps two writers of one name apart, by process id and a random number.
    package static func temporarySuffix() -> String {
        ".\(getpid())-\(UInt32.random(in: 0 ... .max))"
    }

    /// Checks what can be checked without creating anything.
    /// - Returns: Where the bytes will go.
    private static func requireWritable(_ path: FilePath, overwrite: Bool) throws -> OutputTarget {
        let target = try OutputTarget(path)
        switch target {
        case .descriptor: break
        case .stream(let stream):
            _ = try systemCall("create", path) {
                stream.withPlatformString { access($0, W_OK) }
            }
        case .file(let file):
            if !overwrite && FileSystem.exists(file) {
                throw FileIOError.alreadyExists(path: path)
            }
            guard FileSystem.isDirectory(file.directory) else {
                throw FileIOError.system(
                    path: path,
                    action: "create",
                    reason: "there is no directory '\(file.directory)'"
                )
            }
        }
        return target
    }

    /// The open file; a stream is opened when its first byte is written.
    private func openDescriptor() throws -> CInt {
        if let descriptor { return descriptor }
        let opened = try systemCall("open", path) {
            switch target {
            // A copy continues where the original is, and what is written later comes after it.
            case .descriptor(let number): fcntl(number, F_DUPFD_CLOEXEC, 0)
            case .stream(let path), .file(let path):
                path.withPlatformString { open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
            }
        }
        descriptor = opened
        return opened
    }

    /// Appends raw bytes.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        // What is missing to complete the part that was begun.
        let room = Self.partByteCount - count % Self.partByteCount
        guard bytes.count >= room else {
            count += bytes.count
            buffer.append(contentsOf: bytes)
            return
        }
        var rest = bytes[...]
        if count % Self.partByteCount > 0 {
            buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest.prefix(room)))
            count += room
            try flush()
            rest = rest.dropFirst(room)
        }
        let whole = rest.prefix(rest.count / Self.partByteCount * Self.partByteCount)
        try writePieces(of: UnsafeRawBufferPointer(rebasing: whole))
        rest = rest.dropFirst(whole.count)
        count += rest.count
        buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest))
    }

    /// Appends bytes directly; the buffer must be empty.
    ///
    /// The system would keep gigabytes and only begin to write them when ``commit()`` asks for all
    /// of them. So each piece is sent to the disk while the next one is copied.
    private func writePieces(of bytes: UnsafeRawBufferPointer) throws {
        let descriptor = try openDescriptor()
        for offset in stride(from: 0, to: bytes.count, by: Self.pieceByteCount) {
            let end = min(offset + Self.pieceByteCount, bytes.count)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
            try writeAll(piece, to: descriptor, path: path)
            count += piece.count
            #if !canImport(Darwin)
                // Telling the system that pages are not needed any more starts writing them; saying
                // it again frees those that were written, so the next piece can take their place.
                // The system may ignore it, so the result does not matter.
                let first = max(count - piece.count - Self.adviceByteCount, 0)
                _ = posix_fadvise(
                    descriptor,
                    off_t(first),
                    off_t(count - first),
                    POSIX_FADV_DONTNEED
                )
            #endif
        }
    }

    /// Appends raw bytes.
    package func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in try write(bytes) }
    }

    /// Appends integers in little-endian order.
    // A little-endian machine writes the array as it stands: a loop over the elements would not be
    // specialized for callers in other targets, and once took longer than tokenizing the text.
    package func write<T: FixedWidthInteger & BitwiseCopyable>(integers values: [T]) throws {
        let isLittleEndian = 1.littleEndian == 1
        let ordered = isLittleEndian ? values : values.map { $0.littleEndian }
        try ordered.withUnsafeBytes { bytes in try write(bytes) }
    }

    /// Replaces bytes already written, for a header that counts what follows it.
    /// - Throws: ``FileIOError`` when the disk is full or fails, or where written bytes cannot be
    ///   changed.
    package func overwrite(
        _ bytes: [UInt8],
        at offset: Int
    ) throws {
        precondition(
            offset >= 0 && offset + bytes.count <= count,
            "overwriting \(bytes.count) bytes at \(offset) in a file of \(count)"
        )
        guard case .file = target else {
            throw FileIOError.system(
                path: path,
                action: "write",
                reason:
                    "this format writes its beginning last, which a pipe or a device does "
                    + "not allow; write to a file"
            )
        }
        try flush()
        let descriptor = try openDescriptor()
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
    package func commit() throws {
        try flush()
        let descriptor = try openDescriptor()
        guard case .file(let file) = target, let temporaryPath else {
            // A pipe or a terminal has nothing to flush; a disk that fails has.
            if fsync(descriptor) != 0 && errno == EIO {
                throw FileIOError(Errno(rawValue: errno), path: path, action: "flush")
            }
            return
        }
        _ = try systemCall("flush", path) { fsync(descriptor) }
        if !replacesExisting && FileSystem.exists(file) {
            throw FileIOError.alreadyExists(path: path)
        }
        _ = try systemCall("rename", path) {
            temporaryPath.withPlatformString { old in
                file.withPlatformString { new in rename(old, new) }
            }
        }
        try FileSystem.flushDirectory(of: file)
    }

    private func flush() throws {
        guard !buffer.isEmpty else { return }
        let descriptor = try openDescriptor()
        defer { buffer.removeAll(keepingCapacity: true) }
        try buffer.withUnsafeBytes { bytes in try writeAll(bytes, to: descriptor, path: path) }
    }

    deinit {
        if let descriptor { close(descriptor) }
        // After a commit the temporary name is gone and this does nothing.
        _ = temporaryPath?.withPlatformString { unlink($0) }
    }
}
