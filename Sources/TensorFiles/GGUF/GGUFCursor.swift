// A cursor over the head of a GGUF file that never leaves the file: every count and length is
// compared with the remaining bytes before it is used.

import FileIO

/// Reads the parts that a head is made of, front to back.
struct GGUFCursor {
    /// How deep arrays may be nested.
    private static let deepestArray = 8
    /// The longest key or name that the format allows.
    private static let longestName = 65_535

    private let bytes: UnsafeRawBufferPointer
    private let file: MappedFile
    /// The next byte to be read.
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer, of file: MappedFile) {
        self.bytes = bytes
        self.file = file
    }

    /// The error for a violation of the format.
    func malformed(_ what: String, _ expected: String, _ found: String) -> TensorFileError {
        .malformed(path: file.path, what: what, expected: expected, found: found)
    }

    /// Steps over some bytes.
    /// - Throws: `FileIOError` when fewer are left.
    mutating func skip(_ count: Int) throws -> Range<Int> {
        guard count <= bytes.count - offset else {
            throw FileIOError.truncated(
                path: file.path,
                offset: offset,
                needed: count,
                available: bytes.count - offset
            )
        }
        defer { offset += count }
        return offset..<offset + count
    }

    mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type = T.self) throws -> T {
        let range = try skip(MemoryLayout<T>.size)
        return T(
            littleEndian: bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: T.self)
        )
    }

    /// A count of things that take at least so many bytes each, and at most `limit`.
    mutating func count(
        of what: String,
        ofBytes width: Int,
        limit: Int = .max
    ) throws -> Int {
        let count = try read(UInt64.self)
        let most = min((bytes.count - offset) / width, limit)
        guard count <= UInt64(most) else {
            throw malformed("the number of \(what)", "at most \(most)", "\(count)")
        }
        return Int(count)
    }

    /// The bytes of a string.
    mutating func string() throws -> Range<Int> {
        let count = try count(of: "bytes of a string at byte \(offset)", ofBytes: 1)
        return try skip(count)
    }

    /// A key, or the name of a tensor.
    mutating func name(_ what: String) throws -> String {
        let start = offset
        let range = try string()
        guard range.count <= Self.longestName, !range.isEmpty,
            let name = String(validating: bytes[range], as: UTF8.self)
        else {
            throw malformed(
                "\(what) at byte \(start)",
                "UTF-8 of 1 to \(Self.longestName) bytes",
                range.isEmpty ? "empty" : "something else"
            )
        }
        return name
    }

    mutating func valueType() throws -> GGUFValueType {
        let start = offset
        let number = try read(UInt32.self)
        guard let type = GGUFValueType(rawValue: number) else {
            throw malformed("the type of the value at byte \(start)", "0 to 12", "\(number)")
        }
        return type
    }

    /// Adds a key with its value.
    mutating func keyAndValue(to metadata: inout GGUFMetadata) throws {
        let key = try name("a key")
        let type = try valueType()
        let isNew: Bool
        if type == .string {
            isNew = metadata.add(key, stringAt: try string(), in: file)
        } else {
            isNew = metadata.add(key, try value(of: type))
        }
        guard isNew else { throw malformed("the number of keys called '\(key)'", "1", "more") }
    }

    private mutating func value(of type: GGUFValueType) throws -> GGUFValue {
        guard type != .array else { return .array(try array(depth: 1)) }
        let range = try skip(type.byteWidth ?? 0)
        guard let value = GGUFValue(scalar: type, UnsafeRawBufferPointer(rebasing: bytes[range]))
        else {
            throw malformed("the value at byte \(range.lowerBound)", "\(type)", "something else")
        }
        return value
    }

    private mutating func array(depth: Int) throws -> GGUFArray {
        guard depth <= Self.deepestArray else {
            throw malformed(
                "the array at byte \(offset)",
                "in at most \(Self.deepestArray) others",
                "in more"
            )
        }
        let type = try valueType()
        // A string has at least its length, an array its type and its count.
        let width = type.byteWidth ?? (type == .string ? 8 : 12)
        let count = try count(of: "elements of the array at byte \(offset)", ofBytes: width)
        let start = offset
        switch type {
        case .string: try skipStrings(count)
        case .array: for _ in 0..<count { _ = try array(depth: depth + 1) }
        default: _ = try skip(count * width)
        }
        return GGUFArray(type, count: count, in: file, at: start..<offset)
    }

    /// Steps over strings, of which a vocabulary has many.
    private mutating func skipStrings(_ count: Int) throws {
        for _ in 0..<count {
            let left = bytes.count - offset
            guard left >= 8 else {
                throw malformed("a string at byte \(offset)", "there", "cut off")
            }
            let length = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            )
            guard length <= UInt64(left - 8) else {
                throw malformed(
                    "the length of the string at byte \(offset)",
                    "at most \(left - 8)",
                    "\(length)"
                )
            }
            offset += 8 + Int(length)
        }
    }
}
