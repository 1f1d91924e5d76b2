// Numbers read from files and written to them: float32 as it is, other types converted element by
// element; whole tensors a piece at a time, since a tensor need not fit into memory twice.

import FileIO
import Tensors

extension BinaryReader {
    /// Reads `tensor.count` elements stored as `type`, a floating-point type, into a float32
    /// tensor.
    /// - Throws: ``FileIOError`` when the file is too short.
    package mutating func read(into tensor: Tensor, storedAs type: StoredType) throws {
        precondition(
            tensor.elementType == .float32,
            "reading into a tensor of \(tensor.elementType)"
        )
        try readBytes(tensor.count / type.blockSize * type.blockBytes) { bytes in
            tensor.withUnsafeMutableElements(as: Float.self) { elements in
                let isRead = elements.convert(bytes, storedAs: type)
                precondition(isRead, "float tensors are not stored as \(type)")
            }
        }
    }
}

extension AtomicFile {
    /// Appends the elements of a float32 tensor, stored as float32 or bfloat16.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func write(_ tensor: Tensor, as type: ElementType) throws {
        precondition(tensor.elementType == .float32, "writing a tensor of \(tensor.elementType)")
        try tensor.withUnsafeElements(as: Float.self) { elements in
            switch type {
            case .float32:
                try write(UnsafeRawBufferPointer(elements))
            case .bfloat16:
                // In pieces, so that a large tensor needs no second copy of itself.
                for start in stride(from: 0, to: elements.count, by: 1 << 16) {
                    let end = min(start + 1 << 16, elements.count)
                    try write(integers: elements[start..<end].map(\.bfloat16Bits))
                }
            case .int32, .float16, .q8_0, .q8_f32, .q4_0, .q4_1:
                preconditionFailure("float tensors are not stored as \(type)")
            }
        }
    }
}

extension UnsafeMutableBufferPointer<Float> {
    /// Fills the buffer with floats stored in another type.
    /// - Parameters:
    ///   - bytes: As many elements as the buffer has, little-endian, at any alignment.
    ///   - storedType: Their type.
    /// - Returns: Whether the type can be converted; if not, nothing was done.
    func convert(_ bytes: UnsafeRawBufferPointer, storedAs storedType: StoredType) -> Bool {
        precondition(
            bytes.count == count / storedType.blockSize * storedType.blockBytes,
            "\(bytes.count) bytes for \(count) elements of \(storedType)"
        )
        func each<Bits: FixedWidthInteger & BitwiseCopyable>(_ convert: (Bits) -> Float) {
            for i in indices {
                let offset = i * MemoryLayout<Bits>.size
                let bits = bytes.loadUnaligned(fromByteOffset: offset, as: Bits.self)
                self[i] = convert(Bits(littleEndian: bits))
            }
        }
        switch storedType {
        case .float32: UnsafeMutableRawBufferPointer(self).copyMemory(from: bytes)
        case .bfloat16: each { Float(bfloat16Bits: $0) }
        case .float16: each { Float(float16Bits: $0) }
        case .float64: each { Float(Double(bitPattern: $0)) }
        case .q8_0: FileBlocks.read(bytes, of: .q8_0, into: self)
        case .q4_0: FileBlocks.read(bytes, of: .q4_0, into: self)
        case .q4_1: FileBlocks.read(bytes, of: .q4_1, into: self)
        case .q6_K: FileBlocks.readQ6K(bytes, into: self)
        default: return false
        }
        return true
    }
}

extension Float {
    /// The float whose upper half these bits are.
    package init(bfloat16Bits bits: UInt16) {
        self.init(bitPattern: UInt32(bits) << 16)
    }

    /// The nearest bfloat16, ties to even; NaN stays NaN.
    package var bfloat16Bits: UInt16 {
        let bits = bitPattern
        // Rounding could carry a NaN's low bits away and turn it into infinity.
        if isNaN { return UInt16(bits >> 16) | 0x0040 }
        let roundUp = (bits >> 16) & 1 + 0x7fff
        return UInt16((bits + roundUp) >> 16)
    }
}

extension AtomicFile {
    /// Elements of a piece.
    private static let pieceCount = 1 << 20

    /// Appends the elements of a tensor.
    /// - Parameters:
    ///   - tensor: In any of `ElementType.weightTypes`.
    ///   - type: How to store them: float32, float16, bfloat16, or any blocks except q6_K, which
    ///     rows must fill. Other types are converted; see `Ops.store(_:in:firstRow:)`.
    ///   - ops: What converts.
    /// - Throws: `FileIOError` when the disk is full or fails, or when the file of the tensor has
    ///   lost some of it; `TensorError` when memory is short.
    package func write(_ tensor: Tensor, storedAs type: StoredType, ops: Ops) throws {
        guard let weightType = type.weightType, type != .float64, type != .q6_K else {
            preconditionFailure("weights are not written as \(type)")
        }
        guard tensor.count > 0 else { return }
        let (rows, columns) = (tensor.rows, tensor.columns)
        precondition(columns % type.blockSize == 0, "rows of \(columns) as \(type)")
        let matrix = tensor.reshaped([rows, columns])
        let pieceRows = min(max(1, Self.pieceCount / columns), rows)
        for first in stride(from: 0, to: rows, by: pieceRows) {
            let part = matrix[first..<min(first + pieceRows, rows)]
            let converted = try ops.convert(part, to: weightType)
            if type.isBlocked {
                try write(converted.fileBlocks())
            } else {
                try converted.withUnsafeBytes { values, _ in try write(values) }
            }
            // Otherwise the pages of the file being read would take memory alongside the one being
            // written.
            part.releasePages()
        }
        try tensor.requireIntact()
    }
}

extension MappedFile: Storage {
    /// True: the bytes are the file's own.
    package var isMapped: Bool { true }

    /// False.
    package var isWritable: Bool { false }
}
