// The number types that files of tensors have. A model computes with few of them; a file may hold
// others beside its weights, which must be stepped over by the right number of bytes.

import Tensors

/// The type of a stored tensor's elements; the raw value is its name in safetensors' headers.
public enum StoredType: String, Sendable, CaseIterable {
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

    /// Bytes an element takes.
    public var byteWidth: Int {
        switch self {
        case .boolean, .uint8, .int8, .float8e5m2, .float8e4m3: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    /// The type that a tensor has when its elements stay as the file stores them; nil where the
    /// kernels have none.
    public var elementType: ElementType? {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        case .int32: .int32
        default: nil
        }
    }

    /// How a file stores the elements of a tensor of this type; nil for the block formats, whose
    /// values and scales lie apart.
    public init?(_ elementType: ElementType) {
        guard let type = Self.allCases.first(where: { $0.elementType == elementType }) else {
            return nil
        }
        self = type
    }

    /// Bytes of a tensor of this shape, or nil when an extent is negative or the product too large.
    func byteCount(of shape: [Int]) -> Int? {
        shape.reduce(byteWidth) { product, extent in
            guard let product, extent >= 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            return overflow ? nil : next
        }
    }
}
