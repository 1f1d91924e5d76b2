// Hugging Face's safetensors: eight bytes with the length of a header, the header in JSON, and the
// tensors' bytes. The header is believed only when its tensors fill the rest of the file, each byte
// belonging to exactly one of them.

import FileIO

extension TensorArchive {
    /// The longest header the format allows, so that nobody has to parse gigabytes of JSON.
    static let longestHeader = 100_000_000

    /// Opens one safetensors file.
    /// - Throws: ``TensorFileError`` when the content is wrong in any way; `FileIOError` when the
    ///   file ends within its header.
    init(safetensors file: MappedFile) throws {
        var reader = BinaryReader(file)
        let length = try reader.read(UInt64.self)
        guard length <= Self.longestHeader else {
            throw TensorFileError.malformed(
                path: file.path,
                what: "the length of the header",
                expected: "at most \(Self.longestHeader) bytes",
                found: "\(length)"
            )
        }
        let entries = try reader.readBytes(Int(length)) {
            try JSONContent.decode(SafetensorsHeader.self, from: $0, of: file.path).entries
        }
        var tensors: [StoredTensor] = []
        var end = 0
        for (name, entry) in entries.sorted(by: { $0.value.data_offsets < $1.value.data_offsets }) {
            let tensor = try entry.tensor(name, file: file, dataOffset: reader.offset, start: end)
            end += tensor.byteRange.count
            tensors.append(tensor)
        }
        guard end == reader.remaining else {
            throw TensorFileError.wrongSize(
                path: file.path,
                expected: reader.offset + end,
                found: file.count
            )
        }
        try self.init(tensors, path: file.path, container: .safetensors)
    }
}

/// The header: a description of each tensor by its name, and perhaps metadata.
private struct SafetensorsHeader: Decodable {
    var entries: [String: Entry] = [:]

    /// A name, which may be any.
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        // Free text about the file, which says nothing about its tensors.
        for name in container.allKeys where name.stringValue != "__metadata__" {
            entries[name.stringValue] = try container.decode(Entry.self, forKey: name)
        }
    }

    /// What the header says of one tensor, in its own words.
    struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let data_offsets: Offsets

        /// The tensor, when it starts where the one before it has ended and has the bytes it needs.
        func tensor(
            _ name: String,
            file: MappedFile,
            dataOffset: Int,
            start: Int
        ) throws -> StoredTensor {
            func malformed(_ what: String, _ expected: String, _ found: String) -> TensorFileError {
                .malformed(path: file.path, what: what, expected: expected, found: found)
            }
            guard let storedType = StoredType(rawValue: dtype), !storedType.isBlocked else {
                throw TensorFileError.unsupported(
                    path: file.path,
                    reason: "tensor '\(name)' has elements of the unknown type '\(dtype)'",
                    hint: "convert the file to float32, float16 or bfloat16"
                )
            }
            guard let byteCount = storedType.byteCount(of: shape) else {
                throw malformed("the shape of '\(name)'", "that of a tensor", "\(shape)")
            }
            let offsets = data_offsets
            guard offsets.start == start else {
                throw malformed(
                    "the start of '\(name)'",
                    "byte \(start) of the data, where the tensor before it ends",
                    "\(offsets.start)"
                )
            }
            let available = file.count - dataOffset - start
            guard byteCount <= available else {
                throw malformed(
                    "the size of '\(name)'",
                    "at most \(available), the bytes that are left",
                    "\(byteCount)"
                )
            }
            guard offsets.end - start == byteCount else {
                throw malformed(
                    "the end of '\(name)'",
                    "byte \(start + byteCount) of the data, by its shape",
                    "\(offsets.end)"
                )
            }
            return StoredTensor(
                name: name,
                storedType: storedType,
                shape: shape,
                file: file,
                byteRange: dataOffset + start..<dataOffset + start + byteCount
            )
        }
    }

    /// `[start, end]`, in the order in which tensors lie; an empty one before what follows it.
    struct Offsets: Decodable, Comparable {
        let start: Int
        let end: Int

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            start = try values.decode(Int.self)
            end = try values.decode(Int.self)
            guard values.isAtEnd, start >= 0, end >= start else {
                throw DecodingError.dataCorruptedError(in: values, debugDescription: "offsets")
            }
        }

        static func < (a: Self, b: Self) -> Bool { (a.start, a.end) < (b.start, b.end) }
    }
}
