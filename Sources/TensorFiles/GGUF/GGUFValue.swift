// What a GGUF file says of its model: values of a few types. Strings and arrays stay in the file
// until somebody asks: a vocabulary is a hundred thousand strings.

/// The types of values, as files number them.
package enum GGUFValueType: UInt32, Sendable {
    case uint8 = 0
    case int8 = 1
    case uint16 = 2
    case int16 = 3
    case uint32 = 4
    case int32 = 5
    case float32 = 6
    case bool = 7
    case string = 8
    case array = 9
    case uint64 = 10
    case int64 = 11
    case float64 = 12

    /// Bytes of a value; nil for strings and arrays, which say how long they are.
    var byteWidth: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// A value of a GGUF file's metadata.
package enum GGUFValue: Sendable, Equatable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    case string(String)
    case array(GGUFArray)
    case uint64(UInt64)
    case int64(Int64)
    case float64(Double)

    /// Its type.
    package var type: GGUFValueType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    /// A value without strings or arrays in it, from its bytes.
    init?(scalar type: GGUFValueType, _ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == type.byteWidth else { return nil }
        func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type = T.self) -> T {
            T(littleEndian: bytes.loadUnaligned(as: T.self))
        }
        switch type {
        case .uint8: self = .uint8(load())
        case .int8: self = .int8(load())
        case .uint16: self = .uint16(load())
        case .int16: self = .int16(load())
        case .uint32: self = .uint32(load())
        case .int32: self = .int32(load())
        case .float32: self = .float32(Float(bitPattern: load()))
        case .bool: self = .bool(load(UInt8.self) != 0)
        case .uint64: self = .uint64(load())
        case .int64: self = .int64(load())
        case .float64: self = .float64(Double(bitPattern: load()))
        case .string, .array: return nil
        }
    }

    /// Its whole number, if it is one that `Int` can hold.
    package var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(value)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// Its number, if it is one.
    package var number: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        default: integer.map(Double.init)
        }
    }

    /// Its bytes in a file, without those of its type.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .uint8(let value): bytes.append(value)
        case .int8(let value): bytes.append(littleEndian: value)
        case .uint16(let value): bytes.append(littleEndian: value)
        case .int16(let value): bytes.append(littleEndian: value)
        case .uint32(let value): bytes.append(littleEndian: value)
        case .int32(let value): bytes.append(littleEndian: value)
        case .float32(let value): bytes.append(littleEndian: value.bitPattern)
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .string(let value):
            bytes.append(littleEndian: UInt64(value.utf8.count))
            bytes += value.utf8
        case .array(let array):
            bytes.append(littleEndian: array.elementType.rawValue)
            bytes.append(littleEndian: UInt64(array.count))
            array.withUnsafeBytes { bytes += $0 }
        case .uint64(let value): bytes.append(littleEndian: value)
        case .int64(let value): bytes.append(littleEndian: value)
        case .float64(let value): bytes.append(littleEndian: value.bitPattern)
        }
        return bytes
    }
}
