// The 256 little-endian int32 values that start llm.c's files of tensors: a magic number, a
// version, and fields whose meaning the version gives.

import FileIO

/// The header of an llm.c file.
package struct LLMCHeader: Sendable, Equatable {
    /// Values in a header.
    package static let fieldCount = 256
    /// Bytes in a header.
    package static let byteCount = fieldCount * 4

    private var fields: [Int32]

    /// A header of zeros but for the magic number and the version.
    package init(magic: Int32, version: Int32) {
        fields = [Int32](repeating: 0, count: Self.fieldCount)
        fields[0] = magic
        fields[1] = version
    }

    /// Reads a header and checks its magic number.
    /// - Parameters:
    ///   - reader: Moved past the header.
    ///   - magic: What the first value must be.
    ///   - format: The format's name with its article, for messages: "an llm.c model".
    /// - Throws: ``TensorFileError/wrongMagic(path:format:expected:found:)``, or ``FileIOError``
    ///   when the file is shorter than a header.
    package init(_ reader: inout BinaryReader, magic: Int32, format: String) throws {
        if reader.remaining >= 4 {
            var peek = reader
            let found = try peek.read(Int32.self)
            guard found == magic else {
                throw TensorFileError.wrongMagic(
                    path: reader.file.path,
                    format: format,
                    expected: magic,
                    found: found
                )
            }
        }
        fields = try reader.readArray(of: Int32.self, count: Self.fieldCount)
    }

    /// The value at `index`.
    package subscript(index: Int) -> Int32 {
        get { fields[index] }
        set { fields[index] = newValue }
    }

    /// The version, at index 1.
    package var version: Int32 { fields[1] }

    /// Appends the header to a file being written.
    package func write(to file: AtomicFile) throws {
        try file.write(integers: fields)
    }
}
