// An array of a GGUF file's metadata: its elements as the file stores them, converted to Swift's
// types on request. Arrays of arrays are checked and kept, but nobody needs their contents.

import FileIO

/// Values of one type, one after the other.
package struct GGUFArray: Sendable {
    /// The type of the elements.
    package let elementType: GGUFValueType
    /// The number of elements.
    package let count: Int
    private let content: Content

    /// Where the elements' bytes are; those of a file have been checked.
    private enum Content: Sendable {
        case memory([UInt8])
        case file(MappedFile, Range<Int>)
    }

    /// Elements in a file, whose bytes have been checked.
    init(_ elementType: GGUFValueType, count: Int, in file: MappedFile, at range: Range<Int>) {
        self.elementType = elementType
        self.count = count
        content = .file(file, range)
    }

    private init(_ elementType: GGUFValueType, count: Int, bytes: [UInt8]) {
        self.elementType = elementType
        self.count = count
        content = .memory(bytes)
    }

    /// Strings, as UTF-8 or any other bytes.
    package init(strings: some Collection<some Collection<UInt8>>) {
        var bytes: [UInt8] = []
        for string in strings {
            bytes.append(littleEndian: UInt64(string.count))
            bytes += string
        }
        self.init(.string, count: strings.count, bytes: bytes)
    }

    /// Strings.
    package init(_ strings: some Collection<String>) {
        self.init(strings: strings.map { Array($0.utf8) })
    }

    /// Whole numbers.
    package init(_ integers: some Collection<Int32>) {
        var bytes: [UInt8] = []
        for value in integers { bytes.append(littleEndian: value) }
        self.init(.int32, count: integers.count, bytes: bytes)
    }

    /// Numbers.
    package init(_ floats: some Collection<Float>) {
        var bytes: [UInt8] = []
        for value in floats { bytes.append(littleEndian: value.bitPattern) }
        self.init(.float32, count: floats.count, bytes: bytes)
    }

    /// Calls `body` with the elements as a file stores them, which it must not keep.
    func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        switch content {
        case .memory(let bytes): try bytes.withUnsafeBytes { try body($0) }
        case .file(let file, let range):
            try file.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
    }

    /// Checks that what was read was in the file.
    private func requireIntact() throws {
        if case .file(let file, _) = content { try file.requireIntact() }
    }

    /// Calls `body` with each string's bytes, in order.
    /// - Returns: False, and nothing was called, when the elements are not strings.
    /// - Throws: What `body` throws; `FileIOError` when the file has lost some of them.
    package func forEachString(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        guard elementType == .string else { return false }
        try withUnsafeBytes { bytes in
            var offset = 0
            for _ in 0..<count {
                // What a file loses reads as zeros, which may no longer match what was checked.
                guard bytes.count - offset >= 8 else { break }
                let length = UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                )
                offset += 8
                guard length <= UInt64(bytes.count - offset) else { break }
                let end = offset + Int(length)
                try body(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
                offset = end
            }
        }
        try requireIntact()
        return true
    }

    /// The bytes of each string; nil when the elements are not strings.
    /// - Throws: `FileIOError` when the file has lost some of them.
    package func byteStrings() throws -> [[UInt8]]? {
        var strings: [[UInt8]] = []
        strings.reserveCapacity(elementType == .string ? count : 0)
        return try forEachString { strings.append(Array($0)) } ? strings : nil
    }

    /// The elements, when they are numbers or truth values; nil when they are not.
    /// - Throws: `FileIOError` when the file has lost some of them.
    package func scalars() throws -> [GGUFValue]? {
        guard let width = elementType.byteWidth else { return nil }
        let values = withUnsafeBytes { bytes in
            (0..<count).compactMap { i in
                GGUFValue(
                    scalar: elementType,
                    UnsafeRawBufferPointer(rebasing: bytes[i * width..<(i + 1) * width])
                )
            }
        }
        try requireIntact()
        return values
    }
}

extension [UInt8] {
    /// Appends the bytes of an integer, the lowest first.
    mutating func append(littleEndian value: some FixedWidthInteger & BitwiseCopyable) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

extension GGUFArray: Equatable {
    /// Whether both have the same elements.
    package static func == (a: GGUFArray, b: GGUFArray) -> Bool {
        a.elementType == b.elementType && a.count == b.count
            && a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.elementsEqual(b) } }
    }
}
