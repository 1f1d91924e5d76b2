// GGUF, the files of llama.cpp: keys with values, then a description of each tensor, then their
// elements. Nothing in the head is trusted until the file confirms it.

import FileIO

/// A GGUF file, open for reading; its tensors stay in the file.
package struct GGUFFile: Sendable {
    /// How a file begins.
    package static let magic = Array("GGUF".utf8)
    /// Where tensors begin unless a file says otherwise: at multiples of this many bytes.
    static let defaultAlignment = 32
    static let alignmentKey = "general.alignment"

    /// What the file says of its model.
    package let metadata: GGUFMetadata
    /// The tensors, by name.
    package let archive: TensorArchive

    // Real files have about fifty keys and, with many experts in many layers, some thousand
    // tensors.
    private static let mostKeys = 1 << 16
    private static let mostTensors = 1 << 17
    private static let mostAxes = 4

    /// Opens a file of version 2 or 3.
    /// - Throws: ``TensorFileError`` when the content is something else, damaged, or has tensors of
    ///   a type that is not known; `FileIOError` when it is missing or ends early.
    package init(contentsOf path: FilePath) throws {
        try self.init(MappedFile(path))
    }

    /// Reads the head of a file.
    package init(_ file: MappedFile) throws {
        var metadata = GGUFMetadata(path: file.path)
        let tensors = try file.withIntactBytes { bytes in
            var cursor = GGUFCursor(bytes, of: file)
            try Self.checkVersion(&cursor, file.path)
            // A tensor has lengths and numbers of 24 bytes and an axis; a key has its length, a
            // byte, a type and a value.
            let tensorCount = try cursor.count(
                of: "tensors",
                ofBytes: 32,
                limit: Self.mostTensors
            )
            let keyCount = try cursor.count(of: "keys", ofBytes: 14, limit: Self.mostKeys)
            for _ in 0..<keyCount { try cursor.keyAndValue(to: &metadata) }
            try Self.requireWhole(metadata, file.path)
            let described = try (0..<tensorCount).map { _ in try Self.description(&cursor, file) }
            return try Self.tensors(described, in: file, cursor, alignment: metadata)
        }
        self.metadata = metadata
        archive = try TensorArchive(tensors, path: file.path, container: .gguf)
    }

    private static func checkVersion(_ cursor: inout GGUFCursor, _ path: FilePath) throws {
        let magic = UInt32(
            littleEndian: magic.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        )
        let found = try cursor.read(UInt32.self)
        guard found == magic else {
            throw TensorFileError.wrongMagic(
                path: path,
                format: "a GGUF file",
                expected: Int32(bitPattern: magic),
                found: Int32(bitPattern: found)
            )
        }
        let version = try cursor.read(UInt32.self)
        guard version == 2 || version == 3 else {
            // A small number with its bytes reversed.
            let isSwapped = version.byteSwapped < 1 << 16
            throw TensorFileError.unsupportedVersion(
                path: path,
                format: isSwapped ? "a GGUF file for big-endian machines" : "a GGUF file",
                supported: "versions 2 and 3 for little-endian ones",
                found: Int32(truncatingIfNeeded: isSwapped ? version.byteSwapped : version),
                hint: "convert it with llama.cpp's tools"
            )
        }
    }

    /// Refuses one file of a model that is split into several.
    private static func requireWhole(_ metadata: GGUFMetadata, _ path: FilePath) throws {
        guard let count = try metadata.integer("split.count"), count > 1 else { return }
        throw TensorFileError.unsupported(
            path: path,
            reason: "it is one of \(count) files that a model is split into",
            hint: "join them with llama.cpp's llama-gguf-split --merge"
        )
    }

    // MARK: Tensors

    /// What the head says of a tensor.
    private struct Description {
        let name: String
        let type: StoredType
        let shape: [Int]
        let byteCount: Int
        /// From the start of all elements.
        let offset: UInt64
    }

    private static func description(
        _ cursor: inout GGUFCursor,
        _ file: MappedFile
    ) throws -> Description {
        let name = try cursor.name("the name of a tensor")
        let axes = try cursor.read(UInt32.self)
        guard axes <= mostAxes else {
            throw cursor.malformed("the number of axes of '\(name)'", "at most 4", "\(axes)")
        }
        let extents = try (0..<axes).map { _ in try cursor.read(UInt64.self) }
        let number = try cursor.read(UInt32.self)
        guard let type = StoredType(ggmlNumber: number) else {
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "tensor '\(name)' is of type \(StoredType.ggmlName(number))",
                hint: "convert the model to F32, F16, BF16, Q8_0, Q4_0 or Q4_1; Q6_K works too"
            )
        }
        // Innermost first.
        let shape = extents.reversed().map { Int(clamping: $0) }
        guard let byteCount = type.byteCount(of: shape) else {
            throw cursor.malformed("the shape of '\(name)'", "that of \(type)", "\(shape)")
        }
        return Description(
            name: name,
            type: type,
            shape: shape,
            byteCount: byteCount,
            offset: try cursor.read(UInt64.self)
        )
    }

    /// The tensors that the descriptions name: each inside the file, at a multiple of the
    /// alignment, and none overlapping another.
    private static func tensors(
        _ descriptions: [Description],
        in file: MappedFile,
        _ head: GGUFCursor,
        alignment metadata: GGUFMetadata
    ) throws -> [StoredTensor] {
        let alignment = try metadata.integer(alignmentKey) ?? defaultAlignment
        guard alignment > 0, alignment & (alignment - 1) == 0, alignment <= 1 << 30 else {
            throw head.malformed("'\(alignmentKey)'", "a power of two", "\(alignment)")
        }
        let dataOffset = (head.offset + alignment - 1) / alignment * alignment
        let available = max(0, file.count - dataOffset)
        let tensors = try descriptions.map { tensor in
            guard tensor.offset % UInt64(alignment) == 0 else {
                throw head.malformed(
                    "the start of '\(tensor.name)'",
                    "a multiple of \(alignment)",
                    "\(tensor.offset)"
                )
            }
            guard tensor.offset <= available, tensor.byteCount <= available - Int(tensor.offset)
            else {
                throw head.malformed(
                    "the end of '\(tensor.name)'",
                    "within the \(available) bytes of data",
                    "\(tensor.byteCount) bytes after byte \(tensor.offset)"
                )
            }
            let start = dataOffset + Int(tensor.offset)
            return StoredTensor(
                name: tensor.name,
                storedType: tensor.type,
                shape: tensor.shape,
                file: file,
                byteRange: start..<start + tensor.byteCount
            )
        }
        var end = 0
        let inOrder = tensors.sorted { $0.byteRange.lowerBound < $1.byteRange.lowerBound }
        for tensor in inOrder where !tensor.byteRange.isEmpty {
            guard tensor.byteRange.lowerBound >= end else {
                throw head.malformed(
                    "the start of '\(tensor.name)'",
                    "after the tensor before it",
                    "within it"
                )
            }
            end = tensor.byteRange.upperBound
        }
        return tensors
    }
}
