// How the elements of a tensor are stored. The block formats are defined in ck_elements.h; here are
// their names and sizes, and float16 without Swift's Float16, which not every platform has.

import CKernels

/// The type of a tensor's elements.
///
/// The block formats are GGUF's, with the values of all blocks in one plane and their scales in
/// another: a block is 32 columns of a row that share a scale, and the last block of a row is
/// padded with zeros. They are for the weights of linear layers.
public enum ElementType: String, Sendable, CaseIterable, Codable {
    /// 4 bytes an element.
    case float32
    /// The upper half of a float32, 2 bytes an element: 8 bits of exponent, 7 of fraction.
    case bfloat16
    /// IEEE 754's half, 2 bytes an element: 5 bits of exponent, 10 of fraction. For weights only.
    case float16
    /// 4 bytes an element, for indices such as token ids.
    case int32
    /// int8 times a float16 scale, 34 bytes a block.
    case q8_0
    /// int8 times a float32 scale, 36 bytes a block.
    case q8_f32
    /// A nibble less 8, times a float16 scale, 18 bytes a block.
    case q4_0
    /// A nibble times a scale, plus a minimum, both float16: 20 bytes a block.
    case q4_1

    /// The types whose elements stand for themselves: those of activations, of cached keys and
    /// values, and of the numbers that training computes with.
    package static let floatTypes: [ElementType] = [.float32, .bfloat16]

    /// The types that the weights of a linear layer can have.
    package static let weightTypes: [ElementType] = [
        .float32, .bfloat16, .float16, .q8_0, .q8_f32, .q4_0, .q4_1,
    ]

    /// Columns of a row that share a scale in the block formats.
    package static let blockSize = Int(CK_BLOCK)

    /// Whether elements are stored in blocks that share a scale.
    package var isBlocked: Bool {
        switch self {
        case .float32, .bfloat16, .float16, .int32: false
        case .q8_0, .q8_f32, .q4_0, .q4_1: true
        }
    }

    /// Bytes an element takes.
    /// - Precondition: The type is not a block format, where only rows have a size.
    package var byteWidth: Int {
        switch self {
        case .float32, .int32: return 4
        case .bfloat16, .float16: return 2
        case .q8_0, .q8_f32, .q4_0, .q4_1:
            preconditionFailure("an element of \(self) has no width of its own")
        }
    }

    /// Bytes of a row in the plane of values.
    package func valueBytes(columns: Int) -> Int {
        isBlocked ? ck_row_bytes(kernelType, columns) : columns * byteWidth
    }

    /// Bytes of a row in the plane of scales: 0 where there are none.
    package func scaleBytes(columns: Int) -> Int {
        isBlocked ? ck_row_scale_bytes(kernelType, columns) : 0
    }

    /// Bytes of both planes of a matrix.
    package func byteCount(rows: Int, columns: Int) -> Int {
        rows * (valueBytes(columns: columns) + scaleBytes(columns: columns))
    }

    /// The alignment of a plane of values, in bytes.
    var valueAlignment: Int { isBlocked ? 1 : byteWidth }

    /// The same for the plane of scales.
    var scaleAlignment: Int {
        switch self {
        case .q8_f32, .q4_1: 4
        case .q8_0, .q4_0: 2
        case .float32, .bfloat16, .float16, .int32: 1
        }
    }

    /// Its name in the C functions.
    /// - Precondition: It is not int32, which they pass as a separate type.
    var kernelType: ck_element_type {
        switch self {
        case .float32: return CK_FLOAT32
        case .bfloat16: return CK_BFLOAT16
        case .float16: return CK_FLOAT16
        case .q8_0: return CK_Q8_0
        case .q8_f32: return CK_Q8_F32
        case .q4_0: return CK_Q4_0
        case .q4_1: return CK_Q4_1
        case .int32: preconditionFailure("int32 where numbers with fractions are expected")
        }
    }
}

extension Float {
    /// The float that these bits are in half precision.
    package init(float16Bits bits: UInt16) {
        self = ck_float_from_float16(bits)
    }

    /// The nearest float16, ties to even, infinity above 65519; NaN stays NaN.
    package var float16Bits: UInt16 { ck_float16_from_float(self) }
}
