// Hugging Face's safetensors: eight bytes with the length of a header, the header in JSON, and the
// tensors' bytes. The header is only trusted if its tensors fill the rest of the file, each byte
// belonging to exactly one of them. Files are written one tensor after the other.

import FileIO
import Tensors

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
        let available = reader.remaining - min(Int(length), reader.remaining)
        let header = try reader.readBytes(Int(length)) {
            try SafetensorsHeader($0, of: file.path, available: available)
        }
        var tensors: [StoredTensor] = []
        tensors.reserveCapacity(header.entries.count)
        var end = 0
        // An empty tensor comes before the one that follows it.
        for entry in header.entries.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) {
            let tensor = try entry.tensor(in: file, dataOffset: reader.offset, start: end)
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

extension SafetensorsHeader.Entry {
    /// The tensor, if it starts where the one before it ended and has as many bytes as it needs.
    fileprivate func tensor(
        in file: MappedFile,
        dataOffset: Int,
        start expectedStart: Int
    ) throws -> StoredTensor {
        func malformed(_ what: String, _ expected: String, _ found: String) -> TensorFileError {
            .malformed(path: file.path, what: what, expected: expected, found: found)
        }
        guard let byteCount = storedType.byteCount(of: shape) else {
            throw malformed("the shape of '\(name)'", "that of a tensor", "\(shape)")
        }
        guard start == expectedStart else {
            throw malformed(
                "the start of '\(name)'",
                "byte \(expectedStart) of the data, where the tensor before it ends",
                "\(start)"
            )
        }
        // The end is within the file.
        guard end - start == byteCount else {
            throw malformed(
                "the end of '\(name)'",
                "\(byteCount) bytes after its start, by its shape",
                "\(end - start)"
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

/// A safetensors file being written, which appears under its name, complete, on ``commit()``, or
/// never.
package struct SafetensorsWriter {
    private let file: AtomicFile
    private let ops: Ops
    private var announced: AnnouncedTensors

    /// Writes the header.
    /// - Parameters:
    ///   - file: A new file, nothing in it yet.
    ///   - tensors: The tensors, in the order in which they will come: float32, float16 or
    ///     bfloat16. Where types are mixed, wide ones come first, so that all are aligned.
    ///   - ops: What converts tensors of other types.
    /// - Throws: `FileIOError` when the disk is full or fails.
    package init(_ file: AtomicFile, tensors: [TensorDescription], ops: Ops) throws {
        self.file = file
        announced = AnnouncedTensors(tensors)
        self.ops = ops
        var header = #"{"__metadata__":{"format":"pt"}"#
        var end = 0
        for tensor in tensors {
            precondition(
                !tensor.storedType.isBlocked,
                "safetensors has no \(tensor.storedType)"
            )
            let start = end
            end += tensor.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            header += #",\#(JSONText.quoted(tensor.name)):{"dtype":"#
            header += #""\#(tensor.storedType.rawValue)","shape":[\#(shape)],"#
            header += #""data_offsets":[\#(start),\#(end)]}"#
        }
        header += "}"
        // Tensors begin where every type is aligned.
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        try file.write(integers: [UInt64(header.utf8.count)])
        try file.write(Array(header.utf8))
    }

    /// Appends the next tensor.
    /// - Parameter tensor: Has the described shape, and any of `ElementType.weightTypes`; it is
    ///   converted to the described type.
    /// - Throws: `FileIOError` when the disk is full or fails, or when the file of the tensor has
    ///   lost some of it; `TensorError` when memory is short.
    package mutating func write(_ tensor: Tensor) throws {
        try file.write(tensor, storedAs: announced.storedType(ofNext: tensor), ops: ops)
    }

    /// Gives the file its name.
    /// - Throws: `FileIOError`.
    package func commit() throws {
        announced.requireAll()
        try file.commit()
    }
}
