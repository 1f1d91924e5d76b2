// How a weight matrix is stored for inference. What a format means is in CKernels.h; this is its
// name and its sizes.

import CKernels

/// The storage of the weights of a linear layer.
///
/// The integer formats are GGUF's, with the values of all blocks in one plane and their scales in
/// another: a block is 32 columns of a row that share a scale, and the last block of a row is
/// completed with zeros.
public enum WeightFormat: String, Sendable, CaseIterable, Codable {
    /// 4 bytes a weight.
    case float32
    /// The upper half of a float32, 2 bytes a weight.
    case bfloat16
    /// int8 times a float16 scale, 34 bytes a block.
    case q8_0
    /// int8 times a float32 scale, 36 bytes a block.
    case q8_f32
    /// A nibble less 8, times a float16 scale, 18 bytes a block.
    case q4_0

    /// Columns of a row that share a scale in the integer formats.
    public static let blockSize = Int(CK_BLOCK)

    var identifier: ck_element_type {
        switch self {
        case .float32: CK_FLOAT32
        case .bfloat16: CK_BFLOAT16
        case .q8_0: CK_Q8_0
        case .q8_f32: CK_Q8_F32
        case .q4_0: CK_Q4_0
        }
    }

    /// Bytes of a row in the plane of values.
    public func valueBytes(columns: Int) -> Int { ck_row_bytes(identifier, columns) }

    /// Bytes of a row in the plane of scales: 0 where there are none.
    public func scaleBytes(columns: Int) -> Int { ck_row_scale_bytes(identifier, columns) }

    /// The width that the start of a plane of values is a multiple of, in bytes.
    var valueAlignment: Int {
        switch self {
        case .float32: 4
        case .bfloat16: 2
        case .q8_0, .q8_f32, .q4_0: 1
        }
    }

    /// The same for the plane of scales.
    var scaleAlignment: Int {
        switch self {
        case .q8_f32: 4
        case .q8_0, .q4_0: 2
        case .float32, .bfloat16: 1
        }
    }
}
