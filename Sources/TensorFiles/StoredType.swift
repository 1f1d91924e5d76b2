// The number types that files of tensors have. A model computes with few of them; a file may hold
// others besides its weights, which must be skipped by the right number of bytes.

import Tensors

/// The type of a stored tensor's elements; the raw value is its name in safetensors' headers, or in
/// llama.cpp's tools where safetensors has none.
package enum StoredType: String, Sendable, CaseIterable {
    case boolean = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    /// Five bits of exponent, two of fraction.
    case float8e5m2 = "F8_E5M2"
    /// Four bits of exponent, three of fraction.
    case float8e4m3 = "F8_E4M3"
    case int16 = "I16"
    case uint16 = "U16"
    /// IEEE 754's half: five bits of exponent, ten of fraction.
    case float16 = "F16"
    /// The upper half of a float32.
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"
    /// GGUF's blocks of 32: a float16 scale, then an int8 each.
    case q8_0 = "Q8_0"
    /// GGUF's blocks of 32: a float16 scale, then a nibble each, minus 8.
    case q4_0 = "Q4_0"
    /// GGUF's blocks of 32: a float16 scale and a minimum, then a nibble each.
    case q4_1 = "Q4_1"
    /// GGUF's blocks of 256: six bits each, with a scale for every 16 and one for the block.
    case q6_K = "Q6_K"

    /// Elements of a row that are stored together: 1 except in GGUF's blocks.
    package var blockSize: Int {
        switch self {
        case .q8_0, .q4_0, .q4_1: ElementType.blockSize
        case .q6_K: FileBlocks.q6K.count
        default: 1
        }
    }

    /// Bytes of this many elements.
    package var blockBytes: Int {
        switch self {
        case .boolean, .uint8, .int8, .float8e5m2, .float8e4m3: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .float64, .int64, .uint64: 8
        case .q8_0: ElementType.q8_0.fileBlockBytes
        case .q4_0: ElementType.q4_0.fileBlockBytes
        case .q4_1: ElementType.q4_1.fileBlockBytes
        case .q6_K: FileBlocks.q6K.byteCount
        }
    }

    /// Whether elements are stored in blocks that share a scale.
    package var isBlocked: Bool { blockSize > 1 }

    /// Bytes an element takes.
    /// - Precondition: The type is not one of GGUF's blocks, which are stored whole.
    package var byteWidth: Int {
        precondition(!isBlocked, "an element of \(self) has no width of its own")
        return blockBytes
    }

    /// The type of a tensor whose elements stay as the file stores them; nil if the kernels have
    /// none.
    package var elementType: ElementType? {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        case .int32: .int32
        default: nil
        }
    }

    /// The type of weights in memory when they are converted as little as possible: blocks keep
    /// their values and scales, in planes, and q6_K becomes q8_0; nil if they are not floats, or
    /// eight-bit floats.
    package var weightType: ElementType? {
        switch self {
        case .float32, .float64: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        case .q8_0, .q6_K: .q8_0
        case .q4_0: .q4_0
        case .q4_1: .q4_1
        default: nil
        }
    }

    /// How a file stores the elements of a tensor of this type; nil for the block formats, whose
    /// values and scales are kept apart.
    package init?(_ elementType: ElementType) {
        guard let type = Self.allCases.first(where: { $0.elementType == elementType }) else {
            return nil
        }
        self = type
    }

    /// Bytes of a tensor of this shape, or nil when an extent is negative, the product too large,
    /// or a row is not a whole number of blocks.
    func byteCount(of shape: [Int]) -> Int? {
        guard (shape.last ?? 1) % blockSize == 0 else { return nil }
        let count = shape.reduce(1) { product, extent -> Int? in
            guard let product, extent >= 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            return overflow ? nil : next
        }
        guard let count else { return nil }
        let (bytes, overflow) = (count / blockSize).multipliedReportingOverflow(by: blockBytes)
        return overflow ? nil : bytes
    }
}
