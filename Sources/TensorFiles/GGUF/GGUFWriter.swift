// Writing GGUF files of version 3: the head, then one tensor after the other; and how these files
// number the types of tensors.

import FileIO
import Tensors

/// A GGUF file being written, which appears under its name, complete, on ``commit()``, or never.
package struct GGUFWriter {
    private let file: AtomicFile
    private let alignment: Int
    private let ops: Ops
    private var announced: AnnouncedTensors

    /// Writes the head.
    /// - Parameters:
    ///   - file: A new file, nothing in it yet.
    ///   - metadata: What the file says of its model; `general.alignment` counts.
    ///   - tensors: The tensors, in the order in which they will come: float32, float16, bfloat16,
    ///     or any blocks except q6_K.
    ///   - ops: What converts tensors of other types.
    /// - Throws: `FileIOError` when the disk is full or fails; ``TensorFileError`` when the
    ///   alignment is not a power of two.
    package init(
        _ file: AtomicFile,
        metadata: GGUFMetadata,
        tensors: [TensorDescription],
        ops: Ops
    ) throws {
        let alignment = try metadata.integer(GGUFFile.alignmentKey) ?? GGUFFile.defaultAlignment
        guard alignment > 0, alignment & (alignment - 1) == 0 else {
            throw TensorFileError.malformed(
                path: file.path,
                what: "'\(GGUFFile.alignmentKey)'",
                expected: "a power of two",
                found: "\(alignment)"
            )
        }
        self.file = file
        self.alignment = alignment
        self.ops = ops
        announced = AnnouncedTensors(tensors)
        try file.write(GGUFFile.magic)
        try file.write(integers: [UInt32(3)])
        try file.write(integers: [UInt64(tensors.count), UInt64(metadata.keys.count)])
        for key in metadata.keys {
            guard let value = metadata[key] else { continue }
            try file.write(GGUFValue.string(key).bytes)
            try file.write(integers: [value.type.rawValue])
            try file.write(value.bytes)
        }
        var offset = 0
        for tensor in tensors {
            guard let number = tensor.storedType.ggmlNumber else {
                preconditionFailure("GGUF has no \(tensor.storedType)")
            }
            try file.write(GGUFValue.string(tensor.name).bytes)
            try file.write(integers: [UInt32(tensor.shape.count)])
            try file.write(integers: tensor.shape.reversed().map { UInt64($0) })
            try file.write(integers: [number])
            try file.write(integers: [UInt64(offset)])
            offset += (tensor.byteCount + alignment - 1) / alignment * alignment
        }
        try pad()
    }

    /// Appends the next tensor.
    /// - Parameter tensor: Has the described shape, and any of `ElementType.weightTypes`; it is
    ///   converted to the described type.
    /// - Throws: `FileIOError` when the disk is full or fails, or when the file of the tensor has
    ///   lost some of it; `TensorError` when memory is short.
    package mutating func write(_ tensor: Tensor) throws {
        try file.write(tensor, storedAs: announced.storedType(ofNext: tensor), ops: ops)
        try pad()
    }

    /// Flushes everything to the disk and gives the file its name.
    /// - Throws: `FileIOError`; the name then still stands for what it stood for before.
    package func commit() throws {
        announced.requireAll()
        try file.commit()
    }

    private func pad() throws {
        let count = (alignment - file.count % alignment) % alignment
        try file.write([UInt8](repeating: 0, count: count))
    }
}

extension StoredType {
    /// The types that can be read, by their number.
    private static let byGGMLNumber: [UInt32: StoredType] = [
        0: .float32, 1: .float16, 2: .q4_0, 3: .q4_1, 8: .q8_0, 14: .q6_K,
        24: .int8, 25: .int16, 26: .int32, 27: .int64, 28: .float64, 30: .bfloat16,
    ]

    /// The names of types that cannot be read, for messages.
    private static let otherGGMLNames: [UInt32: String] = [
        6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K",
        15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL",
        21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]

    /// The type of a number; nil for those that cannot be read.
    init?(ggmlNumber number: UInt32) {
        guard let type = Self.byGGMLNumber[number] else { return nil }
        self = type
    }

    /// The number of a type; nil where GGUF has none.
    var ggmlNumber: UInt32? { Self.byGGMLNumber.first { $0.value == self }?.key }

    /// What a type that cannot be read is called.
    static func ggmlName(_ number: UInt32) -> String { otherGGMLNames[number] ?? "\(number)" }
}
