/// The type of a tensor's elements in memory and in files.
public enum DType: String, Sendable, CaseIterable, Codable {
    case float32
    /// The upper half of a float32: 8 bits of exponent, 7 of fraction.
    case bfloat16
    case int32

    /// Bytes an element takes.
    public var byteWidth: Int {
        switch self {
        case .float32, .int32: 4
        case .bfloat16: 2
        }
    }
}
