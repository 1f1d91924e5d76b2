// Zip files, as far as PyTorch uses the format: entries that are stored, not compressed, in one
// file of any size. The contents of entries are not interpreted.

import FileIO

/// Where the entries of a zip file are.
struct ZipArchive {
    /// How the first entry of a zip file begins.
    static let magic: [UInt8] = Array("PK".utf8) + [3, 4]

    /// The file.
    let file: MappedFile
    /// The bytes of each entry, by its name.
    private(set) var entries: [String: Range<Int>] = [:]

    // The signatures of records, as little-endian numbers.
    private static let localHeader: UInt32 = 0x0403_4B50
    private static let directoryEntry: UInt32 = 0x0201_4B50
    private static let end: UInt32 = 0x0605_4B50
    private static let end64: UInt32 = 0x0606_4B50
    private static let end64Locator: UInt32 = 0x0706_4B50
    private static let endByteCount = 22
    private static let end64LocatorByteCount = 20

    /// Reads the directory, at the end of the file, and checks that each entry is where it says.
    /// - Throws: ``TensorFileError`` or `FileIOError` when anything is wrong, or compressed.
    init(_ file: MappedFile) throws {
        self.file = file
        let directory = try directory()
        var reader = try BinaryReader(file, offset: directory.range.lowerBound)
        for _ in 0..<directory.entryCount {
            let (name, range) = try entry(&reader)
            guard range.upperBound <= directory.range.lowerBound else {
                throw malformed("the end of entry '\(name)'", "before the directory", "after it")
            }
            guard entries.updateValue(range, forKey: name) == nil else {
                throw malformed("the number of entries called '\(name)'", "1", "more")
            }
        }
        guard reader.offset == directory.range.upperBound else {
            throw malformed(
                "the end of the directory",
                "byte \(directory.range.upperBound)",
                "\(reader.offset)"
            )
        }
    }

    private func malformed(
        _ what: String,
        _ expected: String,
        _ found: String
    ) -> TensorFileError {
        .malformed(path: file.path, what: what, expected: expected, found: found)
    }

    private func expect(
        _ signature: UInt32,
        _ what: String,
        _ reader: inout BinaryReader
    ) throws {
        let offset = reader.offset
        guard try reader.read(UInt32.self) == signature else {
            throw malformed("the zip file's record at byte \(offset)", what, "something else")
        }
    }

    // MARK: The directory

    private struct Directory {
        let entryCount: UInt64
        let range: Range<Int>
    }

    private func directory() throws -> Directory {
        let endOffset = try endOffset()
        var reader = try BinaryReader(file, offset: endOffset + 4)
        // This disk, the directory's disk, entries on this disk.
        let disks = try reader.readArray(of: UInt16.self, count: 3)
        var count = UInt64(try reader.read(UInt16.self))
        var size = UInt64(try reader.read(UInt32.self))
        var offset = UInt64(try reader.read(UInt32.self))
        if count == UInt16.max || size == UInt32.max || offset == UInt32.max {
            (count, size, offset) = try largeDirectory(endOffset: endOffset)
        } else if disks[0] != 0 || disks[1] != 0 || disks[2] != count {
            throw malformed("the number of disks of the zip file", "1", "more")
        }
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow, end <= endOffset else {
            throw malformed("the zip file's directory", "before byte \(endOffset)", "after it")
        }
        return Directory(entryCount: count, range: Int(offset)..<Int(end))
    }

    /// The last record, which only a comment may follow.
    private func endOffset() throws -> Int {
        let last = file.count - Self.endByteCount
        let candidates = stride(from: last, through: max(0, last - Int(UInt16.max)), by: -1)
        let offset = file.withUnsafeBytes { bytes in
            candidates.first { offset in
                let signature = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let comment = bytes.loadUnaligned(fromByteOffset: offset + 20, as: UInt16.self)
                return UInt32(littleEndian: signature) == Self.end
                    && Int(UInt16(littleEndian: comment)) == last - offset
            }
        }
        guard let offset else {
            throw malformed("the end of the zip file", "its directory", "missing")
        }
        return offset
    }

    /// The same three numbers with 64 bits, in a record that another record before the last one
    /// points to.
    private func largeDirectory(
        endOffset: Int
    ) throws -> (count: UInt64, size: UInt64, offset: UInt64) {
        let locator = endOffset - Self.end64LocatorByteCount
        var reader = try BinaryReader(file, offset: locator)
        try expect(Self.end64Locator, "where its large directory is", &reader)
        _ = try reader.read(UInt32.self)
        let offset = try reader.read(UInt64.self)
        reader = try BinaryReader(file, offset: Int(clamping: offset))
        try expect(Self.end64, "the end of its large directory", &reader)
        // The record's size, versions, disks, and entries on this disk do not matter.
        _ = try reader.readBytes(28) { _ in }
        let fields = try reader.readArray(of: UInt64.self, count: 3)
        return (fields[0], fields[1], fields[2])
    }

    // MARK: Entries

    /// Reads the directory's next entry.
    private func entry(_ reader: inout BinaryReader) throws -> (name: String, range: Range<Int>) {
        try expect(Self.directoryEntry, "an entry of its directory", &reader)
        // Versions, flags, method, time and date.
        let heads = try reader.readArray(of: UInt16.self, count: 6)
        // A checksum, which would require reading the whole file, and the sizes.
        let sizes = try reader.readArray(of: UInt32.self, count: 3)
        let lengths = try reader.readArray(of: UInt16.self, count: 3)
        _ = try reader.readBytes(8) { _ in }
        let offset32 = try reader.read(UInt32.self)
        let nameBytes = try reader.readBytes(Int(lengths[0])) { Array($0) }
        let name = String(decoding: nameBytes, as: UTF8.self)
        let large = try largeFields(
            reader.readBytes(Int(lengths[1])) { Array($0) },
            for: [sizes[2], sizes[1], offset32],
            of: name
        )
        _ = try reader.readBytes(Int(lengths[2])) { _ in }
        let (isEncrypted, method) = (heads[2] & 1 != 0, heads[3])
        guard method == 0, !isEncrypted, large[0] == large[1] else {
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "entry '\(name)' of the zip file is compressed or encrypted",
                hint: "PyTorch's own files are neither: save the model with PyTorch again"
            )
        }
        let start = try dataOffset(ofEntryAt: Int(clamping: large[2]), name: nameBytes)
        let (end, overflow) = start.addingReportingOverflow(Int(clamping: large[0]))
        guard !overflow else {
            throw malformed("the size of entry '\(name)'", "at most that of the file", "more")
        }
        return (name, start..<end)
    }

    /// The sizes as 32-bit numbers, or from the entry's extra fields where they were too large.
    private func largeFields(
        _ extra: [UInt8],
        for fields: [UInt32],
        of name: String
    ) throws -> [UInt64] {
        var large = extra[...]
        if fields.contains(.max) {
            // Each extra field has an identifier and a size, both of two bytes.
            while large.count >= 4, large.prefix(2) != [1, 0] {
                let size = Int(large[large.startIndex + 2]) | Int(large[large.startIndex + 3]) << 8
                large = large.dropFirst(4 + size)
            }
            large = large.dropFirst(4)
        }
        return try fields.map { field in
            guard field == .max else { return UInt64(field) }
            guard large.count >= 8 else {
                throw malformed("the size of entry '\(name)'", "in its extra fields", "missing")
            }
            defer { large = large.dropFirst(8) }
            return large.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// Where an entry's bytes begin: after its own header, which must give the same name.
    private func dataOffset(ofEntryAt offset: Int, name: [UInt8]) throws -> Int {
        var reader = try BinaryReader(file, offset: offset)
        try expect(Self.localHeader, "an entry", &reader)
        _ = try reader.readBytes(22) { _ in }
        let lengths = try reader.readArray(of: UInt16.self, count: 2)
        let found = try reader.readBytes(Int(lengths[0])) { Array($0) }
        guard found == name else {
            throw malformed(
                "the name of the entry at byte \(offset)",
                "'\(String(decoding: name, as: UTF8.self))'",
                "'\(String(decoding: found, as: UTF8.self))'"
            )
        }
        _ = try reader.readBytes(Int(lengths[1])) { _ in }
        return reader.offset
    }
}
