// A cursor over a mapped file that never reads past its end. All formats of this project are
// little-endian, and so is every machine it supports; integers are converted all the same.

import SystemPackage

/// Reads integers, floats and byte ranges from a file, front to back, checking every length.
package struct BinaryReader {
    /// The file under the cursor.
    package let file: MappedFile
    /// The next byte to be read, counted from the start of the file.
    package private(set) var offset: Int

    /// The bytes between the cursor and the end of the file.
    package var remaining: Int { file.count - offset }

    private static let largeByteCount = 1 << 16

    /// Starts at the first byte of `file`.
    package init(_ file: MappedFile) {
        self.file = file
        offset = 0
    }

    /// Starts at byte `offset` of `file`, which may come from a file.
    /// - Throws: ``FileIOError/truncated(path:offset:needed:available:)`` when it is outside the
    ///   file.
    package init(_ file: MappedFile, offset: Int) throws {
        guard (0...file.count).contains(offset) else {
            throw FileIOError.truncated(path: file.path, offset: offset, needed: 1, available: 0)
        }
        self.file = file
        self.offset = offset
    }

    /// Opens `path` and starts at its first byte.
    /// - Throws: ``FileIOError`` as ``MappedFile`` does.
    package init(path: FilePath) throws {
        self.init(try MappedFile(path))
    }

    /// Steps over `count` bytes and calls `body` with them, without copying.
    /// - Throws: ``FileIOError/truncated(path:offset:needed:available:)`` when fewer remain,
    ///   ``FileIOError/shrunk(path:)``.
    package mutating func readBytes<Result>(
        _ count: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        precondition(count >= 0, "a length must not be negative, got \(count)")
        guard count <= remaining else {
            throw FileIOError.truncated(
                path: file.path,
                offset: offset,
                needed: count,
                available: remaining
            )
        }
        let range = offset..<offset + count
        offset += count
        let result = try file.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[range]))
        }
        // Asking the system at every number would take longer than reading them.
        if count >= Self.largeByteCount || remaining == 0 {
            try file.requireIntact()
        } else {
            try file.requireNoLostPages()
        }
        return result
    }

    /// Reads one little-endian integer.
    package mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self
    ) throws -> T {
        T(littleEndian: try readBytes(MemoryLayout<T>.size) { $0.loadUnaligned(as: T.self) })
    }

    /// Reads one little-endian float32.
    package mutating func readFloat() throws -> Float {
        Float(bitPattern: try read(UInt32.self))
    }

    /// Reads `count` little-endian integers into an array; nothing is allocated unless all of them
    /// exist.
    package mutating func readArray<T: FixedWidthInteger & BitwiseCopyable>(
        of type: T.Type = T.self,
        count: Int
    ) throws -> [T] {
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<T>.size)
        guard count >= 0, !overflow else {
            throw FileIOError.truncated(
                path: file.path,
                offset: offset,
                needed: .max,
                available: remaining
            )
        }
        return try readBytes(byteCount) { bytes in
            [T](unsafeUninitializedCapacity: count) { buffer, initialized in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
                for i in buffer.indices { buffer[i] = T(littleEndian: buffer[i]) }
                initialized = count
            }
        }
    }
}
