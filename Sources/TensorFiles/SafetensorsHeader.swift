// The header of a safetensors file, entry by entry. Anything that does not fit the file is refused
// at once, so a long header of nonsense takes no more time or memory than reading up to that point.

import FileIO

/// The entries of a header, in the order of the file.
struct SafetensorsHeader {
    /// What the header says of one tensor, in its own words.
    struct Entry {
        let name: String
        let storedType: StoredType
        let shape: [Int]
        /// Its first byte, and the one after its last, counted from the end of the header.
        let start: Int
        let end: Int
    }

    /// More than any model has, with a hundred experts in a hundred layers.
    static let mostTensors = 1 << 17
    private static let mostAxes = 64
    private static let metadata = "__metadata__"

    private(set) var entries: [Entry] = []

    private let path: FilePath
    /// Bytes that follow the header.
    private let available: Int

    /// Reads a header.
    /// - Parameters:
    ///   - bytes: The JSON.
    ///   - path: The file, for errors.
    ///   - available: The bytes that follow the header.
    /// - Throws: ``TensorFileError``.
    init(_ bytes: UnsafeRawBufferPointer, of path: FilePath, available: Int) throws {
        self.path = path
        self.available = available
        var read: [Entry] = []
        do {
            try bytes.withMemoryRebound(to: UInt8.self) { bytes in
                var cursor = try JSONCursor(bytes)
                try cursor.members { cursor, name in
                    // Free text about the file, which does not concern its tensors.
                    if name == Self.metadata { return try cursor.skip() }
                    guard read.count < Self.mostTensors else {
                        throw malformed(
                            "the number of tensors",
                            "at most \(Self.mostTensors)",
                            "more"
                        )
                    }
                    read.append(try entry(name, &cursor))
                }
                try cursor.end()
            }
        } catch let error as JSONCursor.Malformed {
            throw malformed(
                "its JSON at byte \(error.offset) of the header",
                error.expected,
                "something else"
            )
        }
        entries = read
    }

    private func malformed(
        _ what: String,
        _ expected: String,
        _ found: String
    ) -> TensorFileError {
        .malformed(path: path, what: what, expected: expected, found: found)
    }

    /// Reads the object that follows a tensor's name.
    private func entry(_ name: String, _ cursor: inout JSONCursor) throws -> Entry {
        var (type, shape, offsets): (StoredType?, [Int]?, [Int]?)
        try cursor.members { cursor, key in
            switch key {
            case "dtype": type = try storedType(of: name, &cursor)
            case "shape": shape = try counts("the shape of '\(name)'", Self.mostAxes, &cursor)
            case "data_offsets": offsets = try counts("the offsets of '\(name)'", 2, &cursor)
            default: try cursor.skip()
            }
        }
        func missing(_ key: String) -> TensorFileError {
            malformed("what the header says of '\(name)'", "complete", "without '\(key)'")
        }
        guard let type else { throw missing("dtype") }
        guard let shape else { throw missing("shape") }
        guard let offsets else { throw missing("data_offsets") }
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= available else {
            throw malformed(
                "the offsets of '\(name)'",
                "a start and an end within the \(available) bytes of data",
                "\(offsets)"
            )
        }
        return Entry(
            name: name,
            storedType: type,
            shape: shape,
            start: offsets[0],
            end: offsets[1]
        )
    }

    private func storedType(of name: String, _ cursor: inout JSONCursor) throws -> StoredType {
        var bytes: [UInt8] = []
        try cursor.string(into: &bytes)
        let text = String(decoding: bytes.prefix(32), as: UTF8.self)
        guard let type = StoredType(rawValue: text), !type.isBlocked else {
            throw TensorFileError.unsupported(
                path: path,
                reason: "tensor '\(name)' has elements of the unknown type '\(text)'",
                hint: "convert the file to float32, float16 or bfloat16"
            )
        }
        return type
    }

    /// Reads a list of whole numbers, at most `limit` of them.
    private func counts(
        _ what: String,
        _ limit: Int,
        _ cursor: inout JSONCursor
    ) throws -> [Int] {
        var counts: [Int] = []
        do {
            try cursor.elements { cursor in
                guard counts.count < limit else {
                    throw malformed(what, "at most \(limit) numbers", "more")
                }
                counts.append(try cursor.count())
            }
        } catch let error as JSONCursor.Malformed {
            throw malformed(
                what,
                "a list of whole numbers",
                "something else at byte \(error.offset) of the header"
            )
        }
        return counts
    }
}
