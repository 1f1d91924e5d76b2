// What is known beforehand about a file that others have published, and checking a file against it.
// Sizes and headers follow from the formats; checksums stand here only where the file was at hand.

import FileIO

/// A file of llm.c's starter pack.
public struct PublishedFile: Sendable, Equatable {
    /// How its size is known.
    package enum Size: Sendable, Equatable {
        case bytes(Int)
        /// From the batch in the header: the debug state of a GPT-2 of this many parameters,
        /// padding included, and this vocabulary.
        case debugState(parameterCount: Int, vocabularySize: Int)
        /// From walking over all examples, whose number is in the header.
        case examples
    }

    /// Its name in the pack, and on this disk.
    public let name: String
    /// SHA-256 in hexadecimal; nil where only size and header are known.
    public let sha256: String?
    /// The integers that its header begins with.
    let header: [Int32]
    let size: Size

    /// Its size, when that does not depend on what is in it.
    public var byteCount: Int? {
        if case .bytes(let count) = size { count } else { nil }
    }

    /// Describes a file.
    package init(_ name: String, header: [Int32], size: Size, sha256: String? = nil) {
        self.name = name
        self.sha256 = sha256
        self.header = header
        self.size = size
    }

    /// Checks that what lies at `path` is this file: size, header, and the checksum where one is
    /// known.
    /// - Returns: nil when it is; else what was expected and what was found.
    /// - Throws: `FileIOError` when the file cannot be read.
    public func mismatch(at path: FilePath) throws -> Mismatch? {
        if let byteCount, let found = FileSystem.byteCount(of: path), found != byteCount {
            return Mismatch(expected: "\(byteCount) bytes", found: "\(found)")
        }
        var reader = try BinaryReader(path: path)
        guard reader.file.count >= Self.headerByteCount else {
            return Mismatch(
                expected: "a header of \(Self.headerByteCount) bytes",
                found: "\(reader.file.count) bytes in all"
            )
        }
        let fields = try reader.readArray(of: Int32.self, count: Self.headerByteCount / 4)
        if Array(fields.prefix(header.count)) != header {
            return Mismatch(
                expected: "a header of \(header)",
                found: "\(Array(fields.prefix(header.count)))"
            )
        }
        if let mismatch = try sizeMismatch(fields, &reader) { return mismatch }
        guard let sha256 else { return nil }
        let found = try SHA256.hexadecimal(of: path)
        return found == sha256
            ? nil : Mismatch(expected: "the SHA-256 \(sha256)", found: found)
    }

    /// llm.c's files begin with 256 integers.
    private static let headerByteCount = 1024

    private func sizeMismatch(
        _ fields: [Int32],
        _ reader: inout BinaryReader
    ) throws -> Mismatch? {
        switch size {
        case .bytes:
            return nil
        case .debugState(let parameterCount, let vocabularySize):
            let (B, T) = (Int(fields[2]), Int(fields[3]))
            guard (1...Self.largestBatch).contains(B), (1...Self.largestBatch).contains(T) else {
                return Mismatch(expected: "a batch", found: "\(B) x \(T) tokens")
            }
            // Inputs, targets, logits, the loss, gradients: four bytes each.
            let count = 2 * B * T + B * T * vocabularySize + 1 + parameterCount
            let expected = Self.headerByteCount + 4 * count
            return reader.file.count == expected
                ? nil : Mismatch(expected: "\(expected) bytes", found: "\(reader.file.count)")
        case .examples:
            return try examplesMismatch(count: Int(header[2]), &reader)
        }
    }

    /// A bound that keeps the arithmetic on a header from overflowing.
    private static let largestBatch = 1 << 16

    /// Walks over the examples: a marker, the example's size in bytes, its index, and the rest.
    private func examplesMismatch(
        count: Int,
        _ reader: inout BinaryReader
    ) throws -> Mismatch? {
        for index in 0..<count {
            let expected = "example \(index) of \(count) at byte \(reader.offset)"
            guard reader.remaining >= 6 else {
                return Mismatch(expected: expected, found: "the file's end")
            }
            let fields = try reader.readArray(of: UInt16.self, count: 3)
            let rest = Int(fields[1]) - 6
            guard fields[0] == .max, rest >= 0, Int(fields[2]) == index, rest <= reader.remaining
            else { return Mismatch(expected: expected, found: "other bytes") }
            try reader.readBytes(rest) { _ in }
        }
        return reader.remaining == 0
            ? nil
            : Mismatch(expected: "\(count) examples", found: "\(reader.remaining) bytes more")
    }
}

/// How a file differs from the one that was published; `description` is part of a sentence.
public struct Mismatch: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the published file has.
    public let expected: String
    /// What this one has.
    public let found: String

    /// Describes a difference.
    public init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }

    public var description: String { "expected \(expected), found \(found)" }
}
