// Float tensors in files: float32 as it is, bfloat16 converted element by element.

import FileIO
import Tensors

extension BinaryReader {
    /// Reads `tensor.count` elements stored as `dtype` into a float32 tensor.
    /// - Throws: ``FileIOError`` when the file is too short.
    public mutating func read(into tensor: Tensor, storedAs dtype: DType) throws {
        precondition(tensor.dtype == .float32, "reading into a tensor of \(tensor.dtype)")
        try readBytes(tensor.count * dtype.byteWidth) { bytes in
            tensor.withUnsafeMutableElements(as: Float.self) { elements in
                switch dtype {
                case .float32:
                    UnsafeMutableRawBufferPointer(elements).copyMemory(from: bytes)
                case .bfloat16:
                    for i in elements.indices {
                        let bits = bytes.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)
                        elements[i] = Float(bfloat16Bits: UInt16(littleEndian: bits))
                    }
                case .int32:
                    preconditionFailure("float tensors are not stored as int32")
                }
            }
        }
    }
}

extension AtomicFile {
    /// Appends the elements of a float32 tensor, stored as `dtype`.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func write(_ tensor: Tensor, as dtype: DType) throws {
        precondition(tensor.dtype == .float32, "writing a tensor of \(tensor.dtype)")
        try tensor.withUnsafeMutableElements(as: Float.self) { elements in
            switch dtype {
            case .float32:
                try write(UnsafeRawBufferPointer(elements))
            case .bfloat16:
                // In pieces, so that a large tensor needs no second copy of itself.
                for start in stride(from: 0, to: elements.count, by: 1 << 16) {
                    let end = min(start + 1 << 16, elements.count)
                    try write(integers: elements[start..<end].map(\.bfloat16Bits))
                }
            case .int32:
                preconditionFailure("float tensors are not stored as int32")
            }
        }
    }
}

extension Float {
    /// The float whose upper half these bits are.
    public init(bfloat16Bits bits: UInt16) {
        self.init(bitPattern: UInt32(bits) << 16)
    }

    /// The nearest bfloat16, ties to even; NaN stays NaN.
    public var bfloat16Bits: UInt16 {
        let bits = bitPattern
        // Rounding could carry a NaN's few low bits away and leave infinity.
        if isNaN { return UInt16(bits >> 16) | 0x0040 }
        let roundUp = (bits >> 16) & 1 + 0x7fff
        return UInt16((bits + roundUp) >> 16)
    }
}
